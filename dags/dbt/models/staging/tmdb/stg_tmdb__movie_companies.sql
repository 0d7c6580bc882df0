{{ config(materialized='view') }}

with base_tmdb__movies as (
    select
        movie_id,
        company_ids
    from {{ ref('base_tmdb__movies') }}
),

stg_tmdb__movie_companies as (
    select
        movies.movie_id,
        listed.company_id,
        listed.position::integer as position
    from base_tmdb__movies as movies
    cross join unnest(movies.company_ids) with ordinality as listed (company_id, position)
)

select * from stg_tmdb__movie_companies
