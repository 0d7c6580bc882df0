{{ config(materialized='view') }}

with base_tmdb__movies as (
    select * from {{ ref('base_tmdb__movies') }}
),

stg_tmdb__movies as (
    select
        movie_id,
        coalesce(imdb_id, external_imdb_id) as imdb_id,
        title,
        original_title,
        original_language,
        overview,
        tagline,
        status,
        homepage,
        collection_name,
        budget_usd,
        revenue_usd,
        runtime_minutes,
        genre_names as genres,
        company_names as companies,
        countries,
        spoken_languages,
        is_adult,
        is_video,
        case
            when imdb_id is not null then 'details'
            when external_imdb_id is not null then 'external_ids'
        end as imdb_id_from,
        release_date,
        answered_at
    from base_tmdb__movies
)

select * from stg_tmdb__movies
