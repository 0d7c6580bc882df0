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
        nullif(title_id, '') as tconst,
        {{ parse('ordering', 'position') }} as ordering,
        nullif(title, '') as title,
        nullif(region, '') as region,
        nullif(language, '') as language,
        {{ parse_list('types', "e'\\x02'") }} as types,
        {{ parse_list('attributes', "e'\\x02'") }} as attributes,
        {{ parse('is_original_title', 'flag') }} as is_original_title
    from imdb_title_akas
),

stg_title_akas as (
    select *
    from typed
    where tconst is not null and ordering is not null
)

select * from stg_title_akas
