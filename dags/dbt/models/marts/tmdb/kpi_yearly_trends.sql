{%- set floor = var('tmdb_money_floor_usd') %}

with fact_movies as (
    select * from {{ ref('fact_movies') }}
    where not is_adult and release_year is not null
),

bridge_movie_genre as (
    select
        movie_sk,
        genre_sk
    from {{ ref('bridge_movie_genre') }}
),

dim_genres as (
    select
        genre_sk,
        genre_name
    from {{ ref('dim_genres') }}
),

movies_per_genre as (
    select
        movies.release_year,
        genres.genre_sk,
        genres.genre_name,
        count(*) as movies
    from fact_movies as movies
    inner join bridge_movie_genre as bridge on movies.movie_sk = bridge.movie_sk
    inner join dim_genres as genres on bridge.genre_sk = genres.genre_sk
    group by movies.release_year, genres.genre_sk, genres.genre_name
),

top_genres as (
    select distinct on (release_year)
        release_year,
        genre_name,
        movies
    from movies_per_genre
    order by release_year asc, movies desc, genre_name collate "C" asc
),

years as (
    select
        release_year,
        count(*) as total_movies_released,
        (avg(budget_usd) filter (where budget_usd >= {{ floor }}) / 1000000)::numeric(16, 2)
            as avg_budget_millions,
        (avg(revenue_usd) filter (where revenue_usd >= {{ floor }}) / 1000000)::numeric(16, 2)
            as avg_revenue_millions,
        (
            avg(vote_average) filter (where vote_count >= {{ var('tmdb_rating_least_votes') }})
        )::numeric(4, 2) as avg_rating
    from fact_movies
    group by release_year
),

kpi_yearly_trends as (
    select
        years.release_year,
        years.total_movies_released,
        years.avg_budget_millions,
        years.avg_revenue_millions,
        (years.avg_budget_millions - before.avg_budget_millions)::numeric(16, 2)
            as yoy_budget_change_millions,
        (years.avg_revenue_millions - before.avg_revenue_millions)::numeric(16, 2)
            as yoy_revenue_change_millions,
        years.avg_rating,
        top_genres.genre_name as top_genre,
        top_genres.movies as top_genre_movies
    from years
    left join years as before on years.release_year = before.release_year + 1
    left join top_genres on years.release_year = top_genres.release_year
)

select * from kpi_yearly_trends
