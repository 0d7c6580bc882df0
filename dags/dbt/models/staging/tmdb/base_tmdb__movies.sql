{{
    config(
        unique_key='movie_id',
        meta={'datasets': ['movies']},
    )
}}

with tmdb_movies as (
    {{ rows_of(source('tmdb', 'movies')) }}
),

bodies as (
    select
        tmdb_movies.movie_id,
        tmdb_movies.ingested_at,
        body.*
    from tmdb_movies
    {{ read_body(
        'tmdb_movies.raw_data',
        text=[
            'imdb_id', 'title', 'original_title', 'original_language', 'overview',
            'tagline', 'status', 'homepage', 'budget', 'revenue', 'runtime', 'adult',
            'video', 'release_date'
        ],
        json=[
            'belongs_to_collection', 'genres', 'production_companies',
            'production_countries', 'spoken_languages', 'keywords', 'external_ids'
        ]
    ) }}
    where tmdb_movies.raw_data is not null
),

base_tmdb__movies as (
    select
        bodies.movie_id,
        {{ imdb_id('bodies.imdb_id', 'tt') }} as imdb_id,
        {{ imdb_id("(bodies.external_ids ->> 'imdb_id')", 'tt') }} as external_imdb_id,
        nullif(bodies.external_ids ->> 'wikidata_id', '') as wikidata_id,
        nullif(bodies.external_ids ->> 'facebook_id', '') as facebook_id,
        nullif(bodies.external_ids ->> 'instagram_id', '') as instagram_id,
        nullif(bodies.external_ids ->> 'twitter_id', '') as twitter_id,
        nullif(bodies.title, '') as title,
        nullif(bodies.original_title, '') as original_title,
        nullif(bodies.original_language, '') as original_language,
        nullif(bodies.overview, '') as overview,
        nullif(bodies.tagline, '') as tagline,
        nullif(bodies.status, '') as status,
        nullif(bodies.homepage, '') as homepage,
        nullif(bodies.belongs_to_collection ->> 'name', '') as collection_name,
        {{ json_amount('bodies.budget') }} as budget_usd,
        {{ json_amount('bodies.revenue') }} as revenue_usd,
        {{ json_amount('bodies.runtime', 'integer') }} as runtime_minutes,
        genres.genre_ids,
        genres.genre_names,
        companies.company_ids,
        companies.company_names,
        companies.company_countries,
        countries.countries,
        spoken_languages.spoken_languages,
        keywords.keyword_ids,
        keywords.keyword_names,
        {{ json_flag('bodies.adult') }} as is_adult,
        {{ json_flag('bodies.video') }} as is_video,
        {{ json_air_date('bodies.release_date') }} as release_date,
        bodies.ingested_at as answered_at
    from bodies
    {{ join_named('genres', 'bodies.genres', 'genre') }}
    {{ join_named(
        'companies', 'bodies.production_companies', 'company',
        {'company_countries': "nullif(element.value ->> 'origin_country', '')"}
    ) }}
    {{ join_codes('countries', 'bodies.production_countries', 'iso_3166_1') }}
    {{ join_codes('spoken_languages', 'bodies.spoken_languages', 'iso_639_1') }}
    {{ join_named('keywords', "(bodies.keywords -> 'keywords')", 'keyword') }}
)

select * from base_tmdb__movies
