{#- Comments that changed, and all comments about a title whose details or seasons were answered. -#}
{% macro touched_by_fct_comment() -%}
    select comment_id
    from {{ changes('comments') }} as changes
    union
    select comment_id
    from {{ changes('comment_versions') }} as changes
    union
    select comments.comment_id
    from {{ ref('base_trakt__comments') }} as comments
    where comments.title_key in (
        select {{ title_key('level', 'title_id') }}
        from {{ changes('titles') }} as changes
        union
        select 'show-' || title_id
        from {{ changes('seasons') }} as changes
    )
{%- endmacro %}
