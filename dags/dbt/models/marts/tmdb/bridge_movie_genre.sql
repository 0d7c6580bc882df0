{{ config(indexes=[{'columns': ['genre_sk']}]) }}

with fact_movies as (
    select
        movie_sk,
        movie_id
    from {{ ref('fact_movies') }}
),

stg_tmdb__movie_genres as (
    select
        movie_id,
        genre_id,
        position,
        count(*) over (partition by movie_id) as genres
    from {{ ref('stg_tmdb__movie_genres') }}
),

-- The first genre gets what rounding leaves, so that a movie's weights are exactly 1.
bridge_movie_genre as (
    select
        movies.movie_sk,
        {{ surrogate_key("'movie'", 'genres.genre_id') }} as genre_sk,
        movies.movie_id,
        genres.genre_id,
        genres.position,
        (case
            when genres.position = 1
                then 1 - (genres.genres - 1) * round(1 / genres.genres::numeric, 6)
            else round(1 / genres.genres::numeric, 6)
        end)::numeric(7, 6) as weight
    from fact_movies as movies
    inner join stg_tmdb__movie_genres as genres on movies.movie_id = genres.movie_id
)

select * from bridge_movie_genre
