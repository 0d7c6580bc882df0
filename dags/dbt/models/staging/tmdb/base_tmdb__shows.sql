{{
    config(
        unique_key='show_id',
        meta={'datasets': ['shows']},
    )
}}

with tmdb_shows as (
    {{ rows_of(source('tmdb', 'shows')) }}
),

bodies as (
    select
        tmdb_shows.show_id,
        tmdb_shows.ingested_at,
        body.*
    from tmdb_shows
    {{ read_body(
        'tmdb_shows.raw_data',
        text=[
            'name', 'original_name', 'original_language', 'overview', 'tagline', 'status',
            'type', 'homepage', 'number_of_seasons', 'number_of_episodes',
            'in_production', 'adult', 'first_air_date', 'last_air_date'
        ],
        json=['origin_country', 'genres', 'networks', 'keywords', 'external_ids']
    ) }}
    where tmdb_shows.raw_data is not null
),

base_tmdb__shows as (
    select
        bodies.show_id,
        {{ imdb_id("(bodies.external_ids ->> 'imdb_id')", 'tt') }} as external_imdb_id,
        nullif(bodies.external_ids ->> 'wikidata_id', '') as wikidata_id,
        {{ json_integer("(bodies.external_ids ->> 'tvdb_id')") }} as tvdb_id,
        nullif(bodies.external_ids ->> 'facebook_id', '') as facebook_id,
        nullif(bodies.external_ids ->> 'instagram_id', '') as instagram_id,
        nullif(bodies.external_ids ->> 'twitter_id', '') as twitter_id,
        nullif(bodies.name, '') as name,
        nullif(bodies.original_name, '') as original_name,
        nullif(bodies.original_language, '') as original_language,
        nullif(bodies.overview, '') as overview,
        nullif(bodies.tagline, '') as tagline,
        nullif(bodies.status, '') as status,
        nullif(bodies.type, '') as show_type,
        nullif(bodies.homepage, '') as homepage,
        {{ json_integer('bodies.number_of_seasons') }} as seasons,
        {{ json_integer('bodies.number_of_episodes') }} as episodes,
        genres.genre_ids,
        genres.genre_names,
        networks.network_names as networks,
        countries.countries,
        keywords.keyword_ids,
        keywords.keyword_names,
        {{ json_flag('bodies.in_production') }} as is_in_production,
        {{ json_flag('bodies.adult') }} as is_adult,
        {{ json_air_date('bodies.first_air_date') }} as first_air_date,
        {{ json_air_date('bodies.last_air_date') }} as last_air_date,
        bodies.ingested_at as answered_at
    from bodies
    {{ join_named('genres', 'bodies.genres', 'genre') }}
    {{ join_named('networks', 'bodies.networks', 'network') }}
    {{ join_codes('countries', 'bodies.origin_country') }}
    {{ join_named('keywords', "(bodies.keywords -> 'results')", 'keyword') }}
)

select * from base_tmdb__shows
