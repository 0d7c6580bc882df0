{{
    config(
        indexes=[
            {'columns': ['tconst'], 'unique': true},
            {'columns': ['parent_tconst']},
        ]
    )
}}

with imdb_title_episode as (
    select * from {{ source('raw', 'imdb_title_episode') }}
),

typed as (
    select
        nullif(tconst, '') as tconst,
        nullif(parent_tconst, '') as parent_tconst,
        {{ parse('season_number', 'integer') }} as season_number,
        {{ parse('episode_number', 'integer') }} as episode_number
    from imdb_title_episode
),

-- A key given twice stays once: the row that sorts first, column by column.
stg_title_episode as (
    select distinct on (tconst) *
    from typed
    where tconst is not null
    order by tconst, parent_tconst collate "C", season_number, episode_number
)

select * from stg_title_episode
