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
    cross join lateral jsonb_to_record(tmdb_people.raw_data) as body (
        imdb_id text,
        name text,
        gender text,
        known_for_department text,
        place_of_birth text,
        biography text,
        homepage text,
        adult text,
        birthday text,
        deathday text,
        also_known_as jsonb,
        external_ids jsonb
    )
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
        case bodies.gender when '1' then 'Female' when '2' then 'Male' when '3' then 'Non-binary' end
            as gender,
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
    cross join lateral (
        -- Their order in the answer moves without a meaning.
        select array_agg(distinct nullif(element.value, '') collate "C")
            filter (where element.value <> '') as also_known_as
        from jsonb_array_elements_text(
            case when jsonb_typeof(bodies.also_known_as) = 'array' then bodies.also_known_as end
        ) as element (value)
    ) as names
)

select * from base_tmdb__people
