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
        directors
    from {{ source('raw', 'imdb_title_crew') }}
),

stg_title_crew_directors as (
    {{ crew_members('directors') }}
)

select * from stg_title_crew_directors
