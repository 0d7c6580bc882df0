{{
    config(
        unique_key=['media_type', 'id', 'day'],
        meta={
            'datasets': ['measures'],
            'catch_up_share': 1000,
        },
    )
}}

with tmdb_measures as (
    {{ rows_of(source('tmdb', 'measures')) }}
),

stg_tmdb__measures as (
    select
        media_type,
        id,
        observed_on as day,
        (case when popularity between 0 and 999999999 then popularity end)::numeric(14, 4)
            as popularity,
        -- Without votes TMDb writes 0.
        (case
            when vote_count > 0 and vote_average between 0 and 10 then vote_average
        end)::numeric(5, 3) as vote_average,
        vote_count,
        list_rank
    from tmdb_measures
)

select * from stg_tmdb__measures
