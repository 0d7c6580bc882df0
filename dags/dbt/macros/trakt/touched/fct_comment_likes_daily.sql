{#- All days of comments whose numbers moved, and of those that went. -#}
{% macro touched_by_fct_comment_likes_daily() -%}
    select comment_id
    from {{ changes('comment_measures') }} as changes
    union
    select comment_id
    from {{ changes('comments') }} as changes
{%- endmacro %}
