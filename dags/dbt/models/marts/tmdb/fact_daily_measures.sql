{{
    config(
        materialized='incremental',
        incremental_strategy='changed_keys',
        unique_key=['media_type', 'id', 'day'],
        meta={
            'datasets': ['measures'],
            'catch_up_share': 1000,
        },
        indexes=[{'columns': ['date_sk']}],
    )
}}

with stg_tmdb__measures as (
    {{ measures_of_touched_things(ref('stg_tmdb__measures')) }}
),

steps as (
    select
        *,
        lag(day) over things as previous_day,
        popularity - lag(popularity) over things as popularity_change,
        vote_count - lag(vote_count) over things as vote_count_change,
        lag(list_rank) over things - list_rank as list_rank_change
    from stg_tmdb__measures
    window things as (partition by media_type, id order by day)
),

fact_daily_measures as (
    select
        media_type,
        id,
        day,
        {{ date_key('day') }} as date_sk,
        popularity,
        vote_average,
        vote_count,
        list_rank,
        popularity_change::numeric(14, 4) as popularity_change,
        vote_count_change,
        list_rank_change,
        previous_day
    from steps
    {% if is_incremental() %}
        where
            (media_type, id, day) in (
                select
                    touched.media_type,
                    touched.id,
                    touched.day
                from touched
            )
    {% endif %}
)

select * from fact_daily_measures
