{#- Whether the change table ends with the file of the newest load, as the loader sees it. -#}
{% macro rating_changes_are_complete() -%}
    not exists (
        select from (
            select
                load_id,
                changes_kept
            from {{ source('warehouse', 'load_log') }}
            where source = 'imdb' and dataset = 'title.ratings' and {{ is_in_build('load_id') }}
            order by load_id desc
            limit 1
        ) as newest_load
        where
            not newest_load.changes_kept
            and not exists (
                select from {{ source('imdb', 'title_ratings_changes') }} as changes
                where changes.load_id = newest_load.load_id
            )
    )
{%- endmacro %}
