select
    movies.movie_id,
    movies.genre_sk,
    bridge.genre_sk as first_genre_sk
from {{ ref('fact_movies') }} as movies
left join {{ ref('bridge_movie_genre') }} as bridge
    on movies.movie_sk = bridge.movie_sk and bridge.position = 1
where movies.genre_sk is distinct from bridge.genre_sk
