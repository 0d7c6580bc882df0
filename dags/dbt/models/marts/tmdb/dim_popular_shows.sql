with int_tmdb__shows as (
    select * from {{ ref('int_tmdb__shows') }}
    where not is_gone
),

int_tmdb__measured as (
    select * from {{ ref('int_tmdb__measured') }}
    where media_type = 'tv' and days_listed > 0
),

dim_popular_shows as (
    select
        {{ surrogate_key("'tv'", 'shows.show_id') }} as show_sk,
        shows.show_id,
        shows.imdb_id as tconst,
        shows.name,
        shows.original_name,
        shows.original_language,
        shows.status,
        shows.show_type,
        shows.genres,
        shows.networks,
        shows.seasons,
        shows.episodes,
        measured.popularity,
        measured.vote_average,
        measured.vote_count,
        measured.best_rank,
        measured.latest_rank,
        measured.days_listed,
        shows.is_in_production,
        shows.is_adult,
        measured.is_listed_now,
        shows.first_air_date,
        shows.last_air_date,
        measured.first_listed_on,
        measured.last_listed_on
    from int_tmdb__shows as shows
    inner join int_tmdb__measured as measured on shows.show_id = measured.id
)

select * from dim_popular_shows
