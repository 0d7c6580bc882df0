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

members as (
    select
        credits.show_id,
        lists.role_kind,
        member.value as member,
        member.place,
        member.value -> lists.parts as parts
    from credits
    cross join lateral (
        values
        ('cast', credits.credits -> 'cast', 'roles'),
        ('crew', credits.credits -> 'crew', 'jobs')
    ) as lists (role_kind, list, parts)
    cross join lateral {{ json_elements('lists.list') }} with ordinality as member (value, place)
),

-- A person is credited once per role and job, each with its episodes.
elements as (
    select
        members.show_id,
        members.role_kind,
        members.place,
        part.place as part_place,
        {{ json_integer("(members.member ->> 'id')") }} as person_id,
        {{ parse("(part.value ->> 'credit_id')", 'code') }} as credit_id,
        nullif(members.member ->> 'name', '') as person_name,
        case when members.role_kind = 'cast' then nullif(part.value ->> 'character', '') end
            as character,
        case when members.role_kind = 'crew' then nullif(members.member ->> 'department', '') end
            as department,
        case when members.role_kind = 'crew' then nullif(part.value ->> 'job', '') end as job,
        {{ json_integer("(part.value ->> 'episode_count')") }} as episodes,
        case
            when members.role_kind = 'cast' then {{ json_integer("(members.member ->> 'order')") }}
        end as credit_order
    from members
    cross join lateral {{ json_elements('members.parts') }} with ordinality as part (value, place)
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
