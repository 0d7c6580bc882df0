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

stg_title_crew_writers as (
    {{ crew_members('writers') }}
)

select * from stg_title_crew_writers
