{{ config(indexes=[{'columns': ['tconst', 'ordering'], 'unique': true}]) }}

with imdb_title_akas as (
    select * from {{ source('raw', 'imdb_title_akas') }}
),

typed as (
    select
        nullif(title_id, '') as tconst,
        {{ parse('ordering', 'integer') }} as ordering,
        nullif(title, '') as title,
        nullif(region, '') as region,
        nullif(language, '') as language,
        {{ parse_list('types', "e'\\x02'") }} as types,
        {{ parse_list('attributes', "e'\\x02'") }} as attributes,
        {{ parse('is_original_title', 'flag') }} as is_original_title
    from imdb_title_akas
),

-- A key given twice stays once: the row that sorts first, column by column.
stg_title_akas as (
    select distinct on (tconst, ordering) *
    from typed
    where tconst is not null and ordering is not null
    order by
        tconst, ordering, title collate "C", region collate "C", language collate "C",
        types collate "C", attributes collate "C", is_original_title
)

select * from stg_title_akas
