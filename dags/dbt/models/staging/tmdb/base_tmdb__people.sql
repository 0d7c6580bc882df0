{{
    config(
        unique_key='person_id',
        meta={'datasets': ['people']},
    )
}}

with tmdb_people as (
    {{ rows_of(source('tmdb', 'people')) }}
),

bodies as (
    select
        tmdb_people.person_id,
        tmdb_people.ingested_at,
        body.*
    from tmdb_people
    {{ read_body(
        'tmdb_people.raw_data',
        text=[
            'imdb_id', 'name', 'gender', 'known_for_department', 'place_of_birth',
            'biography', 'homepage', 'adult', 'birthday', 'deathday'
        ],
        json=['also_known_as', 'external_ids']
    ) }}
    where tmdb_people.raw_data is not null
),

base_tmdb__people as (
    select
        bodies.person_id,
        {{ imdb_id('bodies.imdb_id', 'nm') }} as imdb_id,
        {{ imdb_id("(bodies.external_ids ->> 'imdb_id')", 'nm') }} as external_imdb_id,
        nullif(bodies.external_ids ->> 'wikidata_id', '') as wikidata_id,
        nullif(bodies.external_ids ->> 'facebook_id', '') as facebook_id,
        nullif(bodies.external_ids ->> 'instagram_id', '') as instagram_id,
        nullif(bodies.external_ids ->> 'twitter_id', '') as twitter_id,
        nullif(bodies.name, '') as name,
        case {{ json_integer('bodies.gender') }}
            when 1 then 'Female'
            when 2 then 'Male'
            when 3 then 'Non-binary'
        end as gender,
        nullif(bodies.known_for_department, '') as known_for_department,
        nullif(bodies.place_of_birth, '') as place_of_birth,
        nullif(bodies.biography, '') as biography,
        nullif(bodies.homepage, '') as homepage,
        names.also_known_as,
        {{ json_flag('bodies.adult') }} as is_adult,
        {{ json_date('bodies.birthday') }} as birthday,
        {{ json_date('bodies.deathday') }} as deathday,
        bodies.ingested_at as answered_at
    from bodies
    {{ join_sorted('names', 'bodies.also_known_as', 'also_known_as') }}
)

select * from base_tmdb__people
