{{
    config(
        unique_key='tconst',
        meta={
            'datasets': ['title.basics'],
            'duplicates_by': 'title_type collate "C", primary_title collate "C", original_title collate "C", start_year, end_year, runtime_minutes, is_adult, genres collate "C"',
        },
    )
}}

with imdb_title_basics as (
    {{ rows_of(source('imdb', 'title_basics')) }}
),

typed as (
    select
        {{ parse('tconst', 'code') }} as tconst,
        {{ parse('title_type', 'code') }} as title_type,
        nullif(primary_title, '') as primary_title,
        nullif(original_title, '') as original_title,
        {{ parse('start_year', 'integer') }} as start_year,
        {{ parse('end_year', 'integer') }} as end_year,
        {{ parse('runtime_minutes', 'integer') }} as runtime_minutes,
        {{ parse('is_adult', 'flag') }} as is_adult,
        {{ parse_list('genres') }} as genres
    from imdb_title_basics
),

stg_title_basics as (
    select *
    from typed
    where tconst is not null
)

select * from stg_title_basics
