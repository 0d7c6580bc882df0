{{ config(materialized='table', post_hook="{{ after_build() }}", unique_key=['media_type', 'id']) }}

-- Read three times: the newest days come by its key.
with stg_tmdb__measures as not materialized (
    select * from {{ ref('stg_tmdb__measures') }}
),

days as (
    select
        media_type,
        id,
        max(day) as newest_day,
        count(list_rank) as days_listed,
        min(list_rank) as best_rank,
        min(day) filter (where list_rank is not null) as first_listed_on,
        max(day) filter (where list_rank is not null) as last_listed_on
    from stg_tmdb__measures
    group by media_type, id
),

newest_lists as (
    select
        media_type,
        max(last_listed_on) as newest_list_day
    from days
    group by media_type
),

int_tmdb__measured as (
    select
        days.media_type,
        days.id,
        newest.popularity,
        newest.vote_average,
        newest.vote_count,
        days.best_rank,
        latest.list_rank as latest_rank,
        days.days_listed,
        coalesce(days.last_listed_on = newest_lists.newest_list_day, false) as is_listed_now,
        days.first_listed_on,
        days.last_listed_on
    from days
    inner join stg_tmdb__measures as newest
        on
            days.media_type = newest.media_type
            and days.id = newest.id
            and days.newest_day = newest.day
    left join stg_tmdb__measures as latest
        on
            days.media_type = latest.media_type
            and days.id = latest.id
            and days.last_listed_on = latest.day
    left join newest_lists on days.media_type = newest_lists.media_type
)

select * from int_tmdb__measured
