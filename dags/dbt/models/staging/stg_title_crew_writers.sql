{{
    config(
        indexes=[
            {'columns': ['tconst', 'nconst'], 'unique': true},
            {'columns': ['nconst']},
        ]
    )
}}

with imdb_title_crew as (
    select
        tconst,
        writers
    from {{ source('raw', 'imdb_title_crew') }}
),

crew_members as (
    select
        crew.tconst,
        listed.nconst,
        listed.nr::integer as position
    from imdb_title_crew as crew
    cross join unnest({{ parse_list('crew.writers') }}) with ordinality as listed (nconst, nr)
    where crew.tconst <> ''
),

-- Somebody listed twice keeps the first position.
stg_title_crew_writers as (
    select
        tconst,
        nconst,
        min(position) as position
    from crew_members
    group by tconst, nconst
)

select * from stg_title_crew_writers
