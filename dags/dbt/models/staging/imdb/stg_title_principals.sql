{{
    config(
        unique_key=['tconst', 'ordering'],
        meta={
            'datasets': ['title.principals'],
            'duplicates_by': 'nconst collate "C", category collate "C", job collate "C", characters collate "C"',
        },
        indexes=[{'columns': ['nconst']}],
    )
}}

with imdb_title_principals as (
    {{ rows_of(source('imdb', 'title_principals')) }}
),

typed as (
    select
        {{ parse('tconst', 'code') }} as tconst,
        {{ parse('ordering', 'position') }} as ordering,
        {{ parse('nconst', 'code') }} as nconst,
        {{ parse('category', 'code') }} as category,
        nullif(job, '') as job,
        {{ parse_text_array('characters') }} as characters
    from imdb_title_principals
),

stg_title_principals as (
    select *
    from typed
    where tconst is not null and ordering is not null
)

select * from stg_title_principals
