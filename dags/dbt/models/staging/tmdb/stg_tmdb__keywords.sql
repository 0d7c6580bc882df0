{{ config(materialized='view') }}

with base_tmdb__movies as (
    select
        movie_id,
        keyword_ids,
        keyword_names
    from {{ ref('base_tmdb__movies') }}
),

base_tmdb__shows as (
    select
        show_id,
        keyword_ids,
        keyword_names
    from {{ ref('base_tmdb__shows') }}
),

stg_tmdb__keywords as (
    select
        'movie' as media_type,
        movies.movie_id as id,
        listed.keyword_id,
        listed.keyword_name
    from base_tmdb__movies as movies
    cross join
        unnest(movies.keyword_ids, movies.keyword_names) as listed (keyword_id, keyword_name)
    union all
    select
        'tv' as media_type,
        shows.show_id as id,
        listed.keyword_id,
        listed.keyword_name
    from base_tmdb__shows as shows
    cross join
        unnest(shows.keyword_ids, shows.keyword_names) as listed (keyword_id, keyword_name)
)

select * from stg_tmdb__keywords
