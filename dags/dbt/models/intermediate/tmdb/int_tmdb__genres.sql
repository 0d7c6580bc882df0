with stg_warehouse__loads as (
    select max(history) as history
    from {{ ref('stg_warehouse__loads') }}
    where source = 'tmdb' and dataset = 'genres' and {{ is_in_build('load_id') }}
),

stg_tmdb__genres as (
    select * from {{ ref('stg_tmdb__genres') }}
),

int_tmdb__genres as (
    select
        genres.kind,
        genres.genre_id,
        loads.history,
        genres.genre_name,
        genres.is_listed,
        genres.answered_at as changed_at
    from stg_tmdb__genres as genres
    cross join stg_warehouse__loads as loads
)

select * from int_tmdb__genres
