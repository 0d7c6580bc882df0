{{
    config(
        unique_key=['title_id', 'season'],
        meta={
            'datasets': ['seasons'],
            'scope': 'title_id',
        },
    )
}}

with trakt_seasons as (
    {{ rows_of(source('trakt', 'seasons')) }}
),

seasons as (
    select
        trakt_seasons.title_id,
        trakt_seasons.ingested_at,
        element.place,
        {{ json_count("(element.value ->> 'number')") }} as season,
        nullif(element.value ->> 'title', '') as season_title,
        {{ json_count("(element.value ->> 'episode_count')") }} as episodes,
        {{ json_release("(element.value ->> 'first_aired')") }} as released_on
    from trakt_seasons
    {{ join_elements('trakt_seasons.raw_data') }}
),

stg_trakt__seasons as (
    select distinct on (title_id, season)
        title_id,
        season,
        'show-' || title_id as title_key,
        season_title,
        episodes,
        released_on,
        ingested_at as answered_at
    from seasons
    where season is not null
    order by title_id, season, place
)

select * from stg_trakt__seasons
