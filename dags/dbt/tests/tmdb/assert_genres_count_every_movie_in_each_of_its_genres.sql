with bridge_movie_genre as (
    select count(*) as movies
    from {{ ref('bridge_movie_genre') }} as bridge
    inner join {{ ref('fact_movies') }} as movies on bridge.movie_sk = movies.movie_sk
    where not movies.is_adult
),

kpi_genre_performance as (
    select coalesce(sum(total_movies), 0) as movies
    from {{ ref('kpi_genre_performance') }}
)

select
    bridge_movie_genre.movies,
    kpi_genre_performance.movies as movies_of_all_genres
from bridge_movie_genre
cross join kpi_genre_performance
where bridge_movie_genre.movies <> kpi_genre_performance.movies
