with stg_warehouse__loads as (
    select max(history) as history
    from {{ ref('stg_warehouse__loads') }}
    where source = 'tmdb' and dataset = 'shows' and {{ is_in_build('load_id') }}
),

stg_tmdb__shows as (
    select * from {{ ref('stg_tmdb__shows') }}
),

base_tmdb__gone as (
    select
        id,
        gone_at
    from {{ ref('base_tmdb__gone') }}
    where media_type = 'tv'
),

int_tmdb__shows as (
    select
        shows.show_id,
        loads.history,
        shows.imdb_id,
        shows.name,
        shows.original_name,
        shows.original_language,
        shows.overview,
        shows.tagline,
        shows.status,
        shows.show_type,
        shows.homepage,
        shows.imdb_id_from,
        shows.seasons,
        shows.episodes,
        shows.genres,
        shows.networks,
        shows.countries,
        shows.is_in_production,
        shows.is_adult,
        gone.id is not null as is_gone,
        shows.first_air_date,
        shows.last_air_date,
        greatest(shows.answered_at, gone.gone_at) as changed_at
    from stg_tmdb__shows as shows
    cross join stg_warehouse__loads as loads
    left join base_tmdb__gone as gone on shows.show_id = gone.id
)

select * from int_tmdb__shows
