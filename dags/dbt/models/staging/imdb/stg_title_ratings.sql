{{
    config(
        unique_key='tconst',
        meta={
            'datasets': ['title.ratings'],
            'duplicates_by': 'average_rating, num_votes',
        },
    )
}}

with imdb_title_ratings as (
    {{ rows_of(source('imdb', 'title_ratings')) }}
),

typed as (
    select
        {{ parse('tconst', 'code') }} as tconst,
        {{ parse('average_rating', 'numeric(3,1)') }} as average_rating,
        {{ parse('num_votes', 'integer') }} as num_votes
    from imdb_title_ratings
),

stg_title_ratings as (
    select *
    from typed
    where tconst is not null
)

select * from stg_title_ratings
