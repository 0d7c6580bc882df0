{{
    config(
        materialized='incremental',
        incremental_strategy='changed_keys',
        unique_key='title_key',
        meta={
            'datasets': [
                'comments', 'comment_versions', 'comment_measures', 'titles', 'seasons',
                'ratings', 'stats'
            ],
        },
    )
}}

with mart_title_engagement as (
    select
        title_key,
        kind,
        title_id,
        title,
        breadth,
        effective_breadth,
        intensity,
        durability_d30
    from {{ ref('mart_title_engagement') }}
    where breadth > 0
),

engagement_quadrants as (
    select * from {{ ref('engagement_quadrants') }}
),

-- Among the titles of its kind that have enough users.
ranked as (
    select
        title_key,
        rank() over (partition by kind order by breadth) - 1 as less_broad,
        rank() over (partition by kind order by intensity) - 1 as less_intense,
        count(*) over (partition by kind) - 1 as others
    from mart_title_engagement
    where breadth >= {{ engagement_threshold('quadrant_least_users') }}
),

percentiles as (
    select
        title_key,
        (100.0 * less_broad / nullif(others, 0))::numeric(5, 2) as breadth_percentile,
        (100.0 * less_intense / nullif(others, 0))::numeric(5, 2) as intensity_percentile
    from ranked
),

titles as (
    select
        titles.*,
        percentiles.breadth_percentile,
        percentiles.intensity_percentile
    from mart_title_engagement as titles
    left join percentiles on titles.title_key = percentiles.title_key
),

compared as (
    select
        titles.title_key,
        quadrants.priority,
        quadrants.quadrant,
        quadrants.lower_bound,
        quadrants.upper_bound,
        case quadrants.measure
            when 'breadth_percentile' then titles.breadth_percentile
            when 'intensity_percentile' then titles.intensity_percentile
        end as value
    from titles
    cross join engagement_quadrants as quadrants
),

-- A NULL measure reaches no bound.
bounded as (
    select
        title_key,
        priority,
        quadrant,
        (lower_bound is null or coalesce(value >= lower_bound, false))
        and (upper_bound is null or coalesce(value < upper_bound, false)) as is_within
    from compared
),

fitting as (
    select
        title_key,
        priority,
        quadrant
    from bounded
    group by title_key, priority, quadrant
    having bool_and(is_within)
),

first_fitting as (
    select distinct on (title_key)
        title_key,
        quadrant
    from fitting
    order by title_key, priority
),

mart_engagement_quadrants as (
    select
        titles.title_key,
        titles.kind,
        titles.title_id,
        titles.title,
        first_fitting.quadrant,
        titles.breadth,
        titles.effective_breadth,
        titles.intensity,
        titles.breadth_percentile,
        titles.intensity_percentile,
        titles.durability_d30
    from titles
    left join first_fitting on titles.title_key = first_fitting.title_key
)

select * from mart_engagement_quadrants
