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
        {{ json_integer("(element.value ->> 'id')") }} as person_id,
        element.value -> 'known_for' as known_for
    from tmdb_lists
    cross join lateral {{ json_elements("(tmdb_lists.raw_data -> 'results')") }} as element (value)
),

newest as (
    select distinct on (person_id)
        person_id,
        known_for,
        ingested_at
    from people
    where person_id is not null
    order by person_id asc, answer_id desc
),

-- By key, since the order of the answer follows popularity.
stg_tmdb__known_for as (
    select
        newest.person_id,
        titles.known_for_titles,
        newest.ingested_at as listed_at
    from newest
    cross join lateral (
        select array_agg(title.name order by title.media_type, title.id) as known_for_titles
        from (
            select distinct on (known.media_type, known.id)
                known.media_type,
                known.id,
                known.name
            from (
                select
                    element.place,
                    element.value ->> 'media_type' as media_type,
                    {{ json_integer("(element.value ->> 'id')") }} as id,
                    coalesce(
                        nullif(element.value ->> 'title', ''), nullif(element.value ->> 'name', '')
                    ) as name
                from {{ json_elements('newest.known_for') }}
                    with ordinality as element (value, place)
            ) as known
            where
                known.media_type in ('movie', 'tv')
                and known.id is not null
                and known.name is not null
            order by known.media_type, known.id, known.place
        ) as title
    ) as titles
)

select * from stg_tmdb__known_for
