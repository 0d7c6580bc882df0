{{ config(materialized='view') }}

with base_tmdb__shows as (
    select * from {{ ref('base_tmdb__shows') }}
),

stg_tmdb__shows as (
    select
        show_id,
        external_imdb_id as imdb_id,
        name,
        original_name,
        original_language,
        overview,
        tagline,
        status,
        show_type,
        homepage,
        seasons,
        episodes,
        genre_names as genres,
        networks,
        countries,
        is_in_production,
        is_adult,
        case when external_imdb_id is not null then 'external_ids' end as imdb_id_from,
        first_air_date,
        last_air_date,
        answered_at
    from base_tmdb__shows
)

select * from stg_tmdb__shows
