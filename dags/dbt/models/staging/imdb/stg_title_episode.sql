{{
    config(
        unique_key='tconst',
        meta={
            'datasets': ['title.episode'],
            'duplicates_by': 'parent_tconst collate "C", season_number, episode_number',
        },
        indexes=[{'columns': ['parent_tconst']}],
    )
}}

with imdb_title_episode as (
    {{ rows_of(source('imdb', 'title_episode')) }}
),

typed as (
    select
        {{ parse('tconst', 'code') }} as tconst,
        {{ parse('parent_tconst', 'code') }} as parent_tconst,
        {{ parse('season_number', 'integer') }} as season_number,
        {{ parse('episode_number', 'integer') }} as episode_number
    from imdb_title_episode
),

stg_title_episode as (
    select *
    from typed
    where tconst is not null
)

select * from stg_title_episode
