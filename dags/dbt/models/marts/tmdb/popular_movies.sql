{{
    config(
        materialized='incremental',
        incremental_strategy='changed_keys',
        unique_key='movie_id',
        meta={
            'datasets': ['movies', 'measures'],
            'catch_up_share': 1000,
        },
    )
}}

with int_tmdb__movies as (
    select * from {{ ref('int_tmdb__movies') }}
    where
        not is_gone
        {% if is_incremental() %}
            and movie_id in (select touched.movie_id from touched)
        {% endif %}
),

int_tmdb__measured as (
    select * from {{ ref('int_tmdb__measured') }}
    where media_type = 'movie' and days_listed > 0
),

popular_movies as (
    select
        {{ surrogate_key("'movie'", 'movies.movie_id') }} as movie_sk,
        movies.movie_id,
        movies.imdb_id as tconst,
        movies.title,
        movies.original_title,
        movies.original_language,
        movies.status,
        movies.genres,
        movies.runtime_minutes,
        movies.budget_usd,
        movies.revenue_usd,
        measured.popularity,
        measured.vote_average,
        measured.vote_count,
        measured.best_rank,
        measured.latest_rank,
        measured.days_listed,
        movies.is_adult,
        movies.release_date,
        measured.first_listed_on,
        measured.last_listed_on
    from int_tmdb__movies as movies
    inner join int_tmdb__measured as measured on movies.movie_id = measured.id
)

select * from popular_movies
