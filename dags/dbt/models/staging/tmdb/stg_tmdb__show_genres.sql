{{ config(materialized='view') }}

with base_tmdb__shows as (
    select
        show_id,
        genre_ids,
        genre_names,
        answered_at
    from {{ ref('base_tmdb__shows') }}
),

stg_tmdb__show_genres as (
    select
        shows.show_id,
        listed.genre_id,
        listed.genre_name,
        listed.position::integer as position,
        shows.answered_at
    from base_tmdb__shows as shows
    cross join
        unnest(shows.genre_ids, shows.genre_names)
        with ordinality as listed (genre_id, genre_name, position)
)

select * from stg_tmdb__show_genres
