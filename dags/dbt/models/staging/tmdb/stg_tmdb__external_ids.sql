{{ config(materialized='view') }}

with base_tmdb__movies as (
    select * from {{ ref('base_tmdb__movies') }}
),

base_tmdb__shows as (
    select * from {{ ref('base_tmdb__shows') }}
),

base_tmdb__people as (
    select * from {{ ref('base_tmdb__people') }}
),

stg_tmdb__external_ids as (
    select
        'movie' as media_type,
        movie_id as id,
        external_imdb_id as imdb_id,
        wikidata_id,
        null::bigint as tvdb_id,
        facebook_id,
        instagram_id,
        twitter_id
    from base_tmdb__movies
    union all
    select
        'tv' as media_type,
        show_id as id,
        external_imdb_id as imdb_id,
        wikidata_id,
        tvdb_id,
        facebook_id,
        instagram_id,
        twitter_id
    from base_tmdb__shows
    union all
    select
        'person' as media_type,
        person_id as id,
        external_imdb_id as imdb_id,
        wikidata_id,
        null::bigint as tvdb_id,
        facebook_id,
        instagram_id,
        twitter_id
    from base_tmdb__people
)

select * from stg_tmdb__external_ids
