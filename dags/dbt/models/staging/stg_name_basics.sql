{{ config(indexes=[{'columns': ['nconst'], 'unique': true}]) }}

with imdb_name_basics as (
    select * from {{ source('raw', 'imdb_name_basics') }}
),

typed as (
    select
        nullif(nconst, '') as nconst,
        nullif(primary_name, '') as primary_name,
        {{ parse('birth_year', 'integer') }} as birth_year,
        {{ parse('death_year', 'integer') }} as death_year,
        {{ parse_list('primary_profession') }} as primary_professions,
        {{ parse_list('known_for_titles') }} as known_for_titles
    from imdb_name_basics
),

-- A key given twice stays once: the row that sorts first, column by column.
stg_name_basics as (
    select distinct on (nconst) *
    from typed
    where nconst is not null
    order by
        nconst, primary_name collate "C", birth_year, death_year,
        primary_professions collate "C", known_for_titles collate "C"
)

select * from stg_name_basics
