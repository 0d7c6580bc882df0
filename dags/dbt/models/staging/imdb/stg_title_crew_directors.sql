{{
    config(
        unique_key=['tconst', 'nconst'],
        meta={
            'datasets': ['title.crew'],
            'scope': 'tconst',
        },
        indexes=[{'columns': ['nconst']}],
    )
}}

with imdb_title_crew as (
    {{ rows_of(source('imdb', 'title_crew')) }}
),

stg_title_crew_directors as (
    {{ crew_members('directors') }}
)

select * from stg_title_crew_directors
