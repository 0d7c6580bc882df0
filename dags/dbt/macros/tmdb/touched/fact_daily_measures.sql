{#- A day that changed, and the thing's next day, whose row says what moved since. -#}
{% macro touched_by_fact_daily_measures() -%}
    with changed as (
        select distinct
            media_type,
            id,
            observed_on as day
        from {{ changes('measures') }} as changes
    )

    select
        media_type,
        id,
        day
    from changed
    union
    select
        changed.media_type,
        changed.id,
        next_days.day
    from changed
    cross join lateral (
        select later.day
        from {{ ref('stg_tmdb__measures') }} as later
        where
            later.media_type = changed.media_type
            and later.id = changed.id
            and later.day > changed.day
        order by later.day
        limit 1
    ) as next_days
{%- endmacro %}
