{{
    config(
        materialized='incremental',
        incremental_strategy='changed_keys',
        unique_key=['nconst', 'tconst'],
        meta={
            'datasets': ['title.principals', 'title.basics', 'title.episode', 'title.ratings'],
            'scope': ['tconst'],
        },
        indexes=[{'columns': ['tconst']}],
    )
}}

with int_person_credits as (
    select * from {{ ref('int_person_credits') }}
    {% if is_incremental() %}
        -- As an array it reaches the lines before they are grouped.
        where tconst = any(array(select touched.tconst from touched))
    {% endif %}
),

stg_title_principals as (
    select
        tconst,
        ordering,
        nconst,
        characters
    from {{ ref('stg_title_principals') }}
    where
        nconst is not null
        and category is not null
        and characters is not null
        {% if is_incremental() %}
            and tconst = any(array(select touched.tconst from touched))
        {% endif %}
),

title_ranks as (
    {{ person_title_ranks() }}
),

person_titles as (
    select
        tconst,
        nconst,
        min(work_tconst) as work_tconst,
        array_agg(role_family order by role_family collate "C") as roles,
        min(primary_title) as primary_title,
        min(title_type) as title_type,
        min(start_year) as start_year,
        min(average_rating)::numeric(3, 1) as average_rating,
        min(num_votes) as num_votes,
        bool_and(is_archive) as is_archive,
        bool_or(counts) as counts,
        bool_or(is_adult) as is_adult
    from int_person_credits
    group by tconst, nconst
),

listed_characters as (
    select
        lines.tconst,
        lines.nconst,
        array_agg(listed.name order by lines.ordering, listed.place) as names
    from stg_title_principals as lines
    cross join unnest(lines.characters) with ordinality as listed (name, place)
    where listed.name <> ''
    group by lines.tconst, lines.nconst
),

-- Most people play one character in a title.
title_characters as (
    select
        tconst,
        nconst,
        case
            when cardinality(names) = 1 then names
            else (
                select array_agg(first_places.name order by first_places.place)
                from (
                    select
                        listed.name,
                        min(listed.place) as place
                    from unnest(listed_characters.names) with ordinality as listed (name, place)
                    group by listed.name
                ) as first_places
            )
        end as names
    from listed_characters
),

mart_person_titles as (
    select
        titles.nconst,
        titles.tconst,
        titles.work_tconst,
        titles.primary_title,
        titles.title_type,
        titles.roles,
        title_characters.names as characters,
        titles.start_year,
        titles.average_rating,
        titles.num_votes,
        title_ranks.title_rank,
        titles.is_adult,
        titles.is_archive,
        titles.counts
    from person_titles as titles
    left join title_characters
        on titles.tconst = title_characters.tconst and titles.nconst = title_characters.nconst
    left join title_ranks
        on titles.tconst = title_ranks.tconst and titles.nconst = title_ranks.nconst
)

select * from mart_person_titles
