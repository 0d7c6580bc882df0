{{ config(materialized='view') }}

with base_tmdb__movies as (
    select
        movie_id,
        genre_ids,
        genre_names,
        answered_at
    from {{ ref('base_tmdb__movies') }}
),

stg_tmdb__movie_genres as (
    select
        movies.movie_id,
        listed.genre_id,
        listed.genre_name,
        listed.position::integer as position,
        movies.answered_at
    from base_tmdb__movies as movies
    cross join
        unnest(movies.genre_ids, movies.genre_names)
        with ordinality as listed (genre_id, genre_name, position)
)

select * from stg_tmdb__movie_genres
