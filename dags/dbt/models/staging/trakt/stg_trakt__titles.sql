{{
    config(
        unique_key=['kind', 'title_id'],
        meta={'datasets': ['titles']},
    )
}}

with trakt_titles as (
    {{ rows_of(source('trakt', 'titles')) }}
),

bodies as (
    select
        trakt_titles.level,
        trakt_titles.title_id,
        trakt_titles.ingested_at,
        body.*
    from trakt_titles
    {{ read_body(
        'trakt_titles.raw_data',
        text=[
            'title', 'status', 'country', 'language', 'network', 'year', 'runtime', 'released',
            'first_aired'
        ],
        json=['ids', 'genres']
    ) }}
    where trakt_titles.raw_data is not null
),

stg_trakt__titles as (
    select
        bodies.level as kind,
        bodies.title_id,
        {{ title_key('bodies.level', 'bodies.title_id') }} as title_key,
        nullif(bodies.ids ->> 'slug', '') as slug,
        {{ imdb_id("(bodies.ids ->> 'imdb')", 'tt') }} as tconst,
        {{ json_integer("(bodies.ids ->> 'tmdb')") }} as tmdb_id,
        nullif(bodies.title, '') as title,
        nullif(bodies.status, '') as status,
        nullif(bodies.country, '') as country,
        nullif(bodies.language, '') as language,
        nullif(bodies.network, '') as network,
        genres.genres,
        {{ json_count('bodies.year') }} as year,
        nullif({{ json_count('bodies.runtime') }}, 0) as runtime_minutes,
        case bodies.level
            when 'movie' then {{ json_release('bodies.released') }}
            else {{ json_release('bodies.first_aired') }}
        end as released_on,
        bodies.ingested_at as answered_at
    from bodies
    cross join lateral (
        select array_agg(element.value #>> '{}' order by element.place) as genres
        from {{ json_elements('bodies.genres') }} with ordinality as element (value, place)
        where jsonb_typeof(element.value) = 'string' and element.value #>> '{}' <> ''
    ) as genres
)

select * from stg_trakt__titles
