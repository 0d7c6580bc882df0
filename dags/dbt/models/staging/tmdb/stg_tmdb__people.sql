{{ config(materialized='view') }}

with base_tmdb__people as (
    select * from {{ ref('base_tmdb__people') }}
),

stg_tmdb__people as (
    select
        person_id,
        coalesce(imdb_id, external_imdb_id) as imdb_id,
        name,
        gender,
        known_for_department,
        place_of_birth,
        biography,
        homepage,
        also_known_as,
        is_adult,
        case
            when imdb_id is not null then 'details'
            when external_imdb_id is not null then 'external_ids'
        end as imdb_id_from,
        birthday,
        deathday,
        answered_at
    from base_tmdb__people
)

select * from stg_tmdb__people
