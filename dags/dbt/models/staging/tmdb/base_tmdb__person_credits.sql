{{
    config(
        unique_key=['person_id', 'credit_id'],
        meta={
            'datasets': ['people'],
            'scope': 'person_id',
        },
    )
}}

with tmdb_people as (
    {{ rows_of(source('tmdb', 'people')) }}
),

bodies as (
    select
        tmdb_people.person_id,
        body.name,
        body.combined_credits
    from tmdb_people
    {{ read_body(
        'tmdb_people.raw_data',
        text=['name'],
        json=['combined_credits']
    ) }}
    where tmdb_people.raw_data is not null
),

elements as (
    select
        bodies.person_id,
        nullif(bodies.name, '') as person_name,
        lists.role_kind,
        element.place,
        element.value ->> 'media_type' as media_type,
        {{ json_integer("(element.value ->> 'id')") }} as project_id,
        {{ parse("(element.value ->> 'credit_id')", 'code') }} as credit_id,
        coalesce(nullif(element.value ->> 'title', ''), nullif(element.value ->> 'name', ''))
            as project_title,
        {{ value_of('cast', "nullif(element.value ->> 'character', '')") }} as character,
        {{ value_of('crew', "nullif(element.value ->> 'department', '')") }} as department,
        {{ value_of('crew', "nullif(element.value ->> 'job', '')") }} as job,
        case
            when element.value ->> 'media_type' = 'tv'
                then {{ json_integer("(element.value ->> 'episode_count')") }}
        end as episodes,
        {{ value_of('cast', json_integer("(element.value ->> 'order')")) }} as credit_order
    from bodies
    {{ join_cast_and_crew('bodies.combined_credits') }}
),

base_tmdb__person_credits as (
    select distinct on (person_id, credit_id)
        person_id,
        credit_id,
        media_type,
        project_id,
        person_name,
        project_title,
        role_kind,
        character,
        department,
        job,
        episodes,
        credit_order
    from elements
    where
        credit_id is not null
        and project_id is not null
        and media_type in ('movie', 'tv')
    order by person_id, credit_id, role_kind, place
)

select * from base_tmdb__person_credits
