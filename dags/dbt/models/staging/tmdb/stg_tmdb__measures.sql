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
        popularity::numeric(14, 4) as popularity,
        case when vote_count > 0 then vote_average::numeric(5, 3) end as vote_average,
        vote_count,
        list_rank
    from tmdb_measures
)

select * from stg_tmdb__measures
