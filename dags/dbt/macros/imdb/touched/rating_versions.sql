{#-
    Tests of the history look at the titles whose rating changed since the publish before the last:
    what was published then is what this copy of the marts held before it caught up. Everywhere where
    tests of staging look at all rows, at all titles. After a rollback
    the lower of the last two loads counts.
-#}
{% macro titles_with_new_versions(history) -%}
    {%- if execute and tests_only_changes(raw_table('imdb', 'title.ratings')) -%}
    (
        select tconst
        from {{ source('imdb', 'title_ratings_changes') }}
        where load_id > coalesce((
            select case when count(*) = 2 then min(load_id) end
            from (
                select load_id
                from meta.publish_log
                where source = 'imdb'
                order by publish_id desc
                limit 2
            ) as last_two
        ), 0)
    )
    {%- else -%}
    (select tconst from {{ history }})
    {%- endif -%}
{%- endmacro %}

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
