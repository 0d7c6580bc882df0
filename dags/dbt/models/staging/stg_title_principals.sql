{{
    config(
        materialized='incremental',
        incremental_strategy='ledger',
        unique_key=['tconst', 'ordering'],
        on_schema_change='fail',
        meta={'datasets': ['title.principals']},
        pre_hook="{{ remember_newest_loads() }}",
        post_hook="{{ write_high_water_marks() }}",
        indexes=[
            {'columns': ['tconst', 'ordering'], 'unique': true},
            {'columns': ['nconst']},
        ],
    )
}}

with imdb_title_principals as (
    select * from {{ source('raw', 'imdb_title_principals') }}
    {% if is_incremental() -%}
        where {{ loads_moved_on() }}
    {%- endif %}
),

typed as (
    select
        nullif(tconst, '') as tconst,
        {{ parse('ordering', 'integer') }} as ordering,
        nullif(nconst, '') as nconst,
        nullif(category, '') as category,
        nullif(job, '') as job,
        {{ parse('characters', 'jsonb') }} as characters_json
    from imdb_title_principals
),

with_characters as (
    select
        tconst,
        ordering,
        nconst,
        category,
        job,
        {{ json_array_to_text_array('characters_json') }} as characters
    from typed
    where tconst is not null and ordering is not null
),

-- A key given twice stays once: the row that sorts first, column by column.
stg_title_principals as (
    select distinct on (tconst, ordering) *
    from with_characters
    order by
        tconst, ordering, nconst collate "C", category collate "C", job collate "C",
        characters collate "C"
)

select * from stg_title_principals
