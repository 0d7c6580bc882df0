{{
    config(
        unique_key=['show_id', 'credit_id'],
        meta={
            'datasets': ['shows'],
            'scope': 'show_id',
        },
    )
}}

with tmdb_shows as (
    {{ rows_of(source('tmdb', 'shows')) }}
),

credits as (
    select
        show_id,
        raw_data -> 'aggregate_credits' as credits
    from tmdb_shows
    where raw_data is not null
),

-- A person is credited once per role and job, each with its episodes.
elements as (
    select
        credits.show_id,
        lists.role_kind,
        element.place,
        part.part_place,
        {{ json_integer("(element.value ->> 'id')") }} as person_id,
        {{ parse("(part.value ->> 'credit_id')", 'code') }} as credit_id,
        nullif(element.value ->> 'name', '') as person_name,
        {{ value_of('cast', "nullif(part.value ->> 'character', '')") }} as character,
        {{ value_of('crew', "nullif(element.value ->> 'department', '')") }} as department,
        {{ value_of('crew', "nullif(part.value ->> 'job', '')") }} as job,
        {{ json_integer("(part.value ->> 'episode_count')") }} as episodes,
        {{ value_of('cast', json_integer("(element.value ->> 'order')")) }} as credit_order
    from credits
    {{ join_cast_and_crew_by_part('credits.credits') }}
),

base_tmdb__show_credits as (
    select distinct on (show_id, credit_id)
        show_id,
        credit_id,
        person_id,
        person_name,
        role_kind,
        character,
        department,
        job,
        episodes,
        credit_order
    from elements
    where credit_id is not null and person_id is not null
    order by show_id, credit_id, role_kind, place, part_place
)

select * from base_tmdb__show_credits
