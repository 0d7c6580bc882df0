{{
    config(
        unique_key=['title_id', 'season', 'episode'],
        meta={
            'datasets': ['seasons'],
            'scope': 'title_id',
        },
    )
}}

with trakt_seasons as (
    {{ rows_of(source('trakt', 'seasons')) }}
),

episodes as (
    select
        trakt_seasons.title_id,
        trakt_seasons.ingested_at,
        season.place as season_place,
        element.place,
        {{ json_count("(season.value ->> 'number')") }} as season,
        {{ json_count("(element.value ->> 'number')") }} as episode,
        nullif(element.value ->> 'title', '') as episode_title,
        {{ json_release("(element.value ->> 'first_aired')") }} as released_on
    from trakt_seasons
    {{ join_elements('trakt_seasons.raw_data', 'season') }}
    {{ join_elements("(season.value -> 'episodes')") }}
),

stg_trakt__episodes as (
    select distinct on (title_id, season, episode)
        title_id,
        season,
        episode,
        'show-' || title_id as title_key,
        episode_title,
        released_on,
        ingested_at as answered_at
    from episodes
    where season is not null and episode is not null
    order by title_id, season, episode, season_place, place
)

select * from stg_trakt__episodes
