{{
    config(
        unique_key='person_id',
        meta={
            'datasets': ['lists'],
            'catch_up_share': 1000,
        },
    )
}}

with tmdb_lists as (
    {{ answers_of_people_lists() }}
),

people as (
    select
        tmdb_lists.answer_id,
        tmdb_lists.ingested_at,
        element.place,
        {{ json_integer("(element.value ->> 'id')") }} as person_id,
        element.value -> 'known_for' as known_for
    from tmdb_lists
    {{ join_elements("(tmdb_lists.raw_data -> 'results')") }}
),

newest as (
    select distinct on (person_id)
        person_id,
        known_for,
        ingested_at
    from people
    where person_id is not null
    order by person_id asc, answer_id desc, place asc
),

known_for as (
    select
        newest.person_id,
        element.place,
        element.value ->> 'media_type' as media_type,
        {{ json_integer("(element.value ->> 'id')") }} as id,
        coalesce(nullif(element.value ->> 'title', ''), nullif(element.value ->> 'name', ''))
            as name
    from newest
    {{ join_elements('newest.known_for') }}
),

distinct_titles as (
    select distinct on (person_id, media_type, id)
        person_id,
        media_type,
        id,
        name
    from known_for
    where media_type in ('movie', 'tv') and id is not null and name is not null
    order by person_id, media_type, id, place
),

-- By key, since the order of the answer follows popularity.
titles as (
    select
        person_id,
        array_agg(name order by media_type, id) as known_for_titles
    from distinct_titles
    group by person_id
),

stg_tmdb__known_for as (
    select
        newest.person_id,
        titles.known_for_titles,
        newest.ingested_at as listed_at
    from newest
    left join titles on newest.person_id = titles.person_id
)

select * from stg_tmdb__known_for
