{#- Built whole: a genre leaves a list once in years, and then the list alone does not say so. -#}
{{ config(materialized='table', unique_key=['kind', 'genre_id']) }}

with tmdb_genres as (
    select
        kind,
        answer_id,
        raw_data,
        ingested_at
    from {{ source('tmdb', 'genres') }}
    where {{ is_in_build('load_id') }} and raw_data is not null
),

answers as (
    select
        tmdb_genres.kind,
        tmdb_genres.answer_id,
        tmdb_genres.ingested_at,
        lead(tmdb_genres.ingested_at) over kinds as next_ingested_at,
        genres.genre_ids,
        genres.genre_names
    from tmdb_genres
    {{ join_named('genres', "(tmdb_genres.raw_data -> 'genres')", 'genre') }}
    window kinds as (partition by tmdb_genres.kind order by tmdb_genres.answer_id)
),

listed as (
    select distinct on (answers.kind, listed.genre_id)
        answers.kind,
        listed.genre_id,
        listed.genre_name,
        answers.ingested_at,
        answers.next_ingested_at
    from answers
    cross join unnest(answers.genre_ids, answers.genre_names) as listed (genre_id, genre_name)
    order by answers.kind asc, listed.genre_id asc, answers.answer_id desc
),

stg_tmdb__genres as (
    select
        kind,
        genre_id,
        genre_name,
        next_ingested_at is null as is_listed,
        coalesce(next_ingested_at, ingested_at) as answered_at
    from listed
)

select * from stg_tmdb__genres
