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
    cross join lateral jsonb_to_record(tmdb_people.raw_data) as body (
        name text,
        combined_credits jsonb
    )
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
        case when lists.role_kind = 'cast' then nullif(element.value ->> 'character', '') end
            as character,
        case when lists.role_kind = 'crew' then nullif(element.value ->> 'department', '') end
            as department,
        case when lists.role_kind = 'crew' then nullif(element.value ->> 'job', '') end as job,
        case
            when element.value ->> 'media_type' = 'tv'
                then {{ json_integer("(element.value ->> 'episode_count')") }}
        end as episodes,
        case when lists.role_kind = 'cast' then {{ json_integer("(element.value ->> 'order')") }} end
            as credit_order
    from bodies
    cross join lateral (
        values
        ('cast', bodies.combined_credits -> 'cast'),
        ('crew', bodies.combined_credits -> 'crew')
    ) as lists (role_kind, list)
    cross join lateral {{ json_elements('lists.list') }} with ordinality as element (value, place)
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
