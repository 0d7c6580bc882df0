{{
    config(
        unique_key='nconst',
        meta={
            'datasets': ['name.basics'],
            'duplicates_by': 'primary_name collate "C", birth_year, death_year, primary_professions collate "C", known_for_titles collate "C"',
        },
    )
}}

with imdb_name_basics as (
    {{ rows_of(source('imdb', 'name_basics')) }}
),

typed as (
    select
        {{ parse('nconst', 'code') }} as nconst,
        nullif(primary_name, '') as primary_name,
        {{ parse('birth_year', 'integer') }} as birth_year,
        {{ parse('death_year', 'integer') }} as death_year,
        {{ parse_list('primary_profession') }} as primary_professions,
        {{ parse_list('known_for_titles') }} as known_for_titles
    from imdb_name_basics
),

stg_name_basics as (
    select *
    from typed
    where nconst is not null
)

select * from stg_name_basics
