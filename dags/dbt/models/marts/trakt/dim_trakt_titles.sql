{{
    config(
        materialized='incremental',
        incremental_strategy='changed_keys',
        unique_key='title_key',
        meta={'datasets': ['titles', 'comments']},
        indexes=[{'columns': ['tconst']}],
    )
}}

with stg_trakt__titles as (
    select * from {{ ref('stg_trakt__titles') }}
),

base_trakt__comments as (
    select
        title_key,
        kind,
        title_id
    from {{ ref('base_trakt__comments') }}
    where title_key is not null
),

stg_trakt__imdb_titles as (
    select * from {{ ref('stg_trakt__imdb_titles') }}
),

-- A comment can be there before the details of its title.
title_keys as (
    select
        title_key,
        kind,
        title_id
    from stg_trakt__titles
    union
    select
        title_key,
        kind,
        title_id
    from base_trakt__comments
),

dim_trakt_titles as (
    select
        title_keys.title_key,
        title_keys.kind,
        title_keys.title_id,
        titles.slug,
        titles.tconst,
        titles.tmdb_id,
        titles.title,
        titles.status,
        titles.country,
        titles.language,
        titles.network,
        titles.genres,
        titles.year,
        titles.runtime_minutes,
        imdb_titles.average_rating::numeric(3, 1) as imdb_rating,
        imdb_titles.num_votes as imdb_votes,
        titles.title_key is not null as has_details,
        imdb_titles.tconst is not null as is_in_imdb,
        titles.released_on,
        titles.answered_at
    from title_keys
    left join stg_trakt__titles as titles
        on title_keys.kind = titles.kind and title_keys.title_id = titles.title_id
    left join stg_trakt__imdb_titles as imdb_titles on titles.tconst = imdb_titles.tconst
)

select * from dim_trakt_titles
