{{
    config(
        unique_key=['tconst', 'ordering'],
        meta={
            'datasets': ['title.akas'],
            'duplicates_by': 'title collate "C", region collate "C", language collate "C", types collate "C", attributes collate "C", is_original_title',
        },
    )
}}

with imdb_title_akas as (
    {{ rows_of(source('imdb', 'title_akas')) }}
),

typed as (
    select
        {{ parse('title_id', 'code') }} as tconst,
        {{ parse('ordering', 'position') }} as ordering,
        nullif(title, '') as title,
        {{ parse('region', 'code') }} as region,
        {{ parse('language', 'code') }} as language,
        {{ parse_list('types', akas_separator()) }} as types,
        {{ parse_list('attributes', akas_separator()) }} as attributes,
        {{ parse('is_original_title', 'flag') }} as is_original_title
    from imdb_title_akas
),

stg_title_akas as (
    select *
    from typed
    where tconst is not null and ordering is not null
)

select * from stg_title_akas
