with stg_warehouse__loads as (
    select max(history) as history
    from {{ ref('stg_warehouse__loads') }}
    where source = 'tmdb' and dataset = 'movies' and {{ is_in_build('load_id') }}
),

stg_tmdb__movies as (
    select * from {{ ref('stg_tmdb__movies') }}
),

base_tmdb__gone as (
    select
        id,
        gone_at
    from {{ ref('base_tmdb__gone') }}
    where media_type = 'movie'
),

int_tmdb__movies as (
    select
        movies.movie_id,
        loads.history,
        movies.imdb_id,
        movies.title,
        movies.original_title,
        movies.original_language,
        movies.overview,
        movies.tagline,
        movies.status,
        movies.homepage,
        movies.collection_name,
        movies.imdb_id_from,
        movies.budget_usd,
        movies.revenue_usd,
        movies.runtime_minutes,
        movies.genres,
        movies.companies,
        movies.countries,
        movies.spoken_languages,
        movies.is_adult,
        movies.is_video,
        gone.id is not null as is_gone,
        movies.release_date,
        greatest(movies.answered_at, gone.gone_at) as changed_at
    from stg_tmdb__movies as movies
    cross join stg_warehouse__loads as loads
    left join base_tmdb__gone as gone on movies.movie_id = gone.id
)

select * from int_tmdb__movies
