{%- set floor = var('tmdb_money_floor_usd') %}
{%- set least_votes = var('tmdb_rating_least_votes') %}

with bridge_movie_genre as (
    select
        genre_sk,
        movie_sk,
        weight
    from {{ ref('bridge_movie_genre') }}
),

fact_movies as (
    select * from {{ ref('fact_movies') }}
    where not is_adult
),

dim_genres as (
    select
        genre_sk,
        genre_id,
        genre_name
    from {{ ref('dim_genres') }}
),

figures as (
    select
        bridge.genre_sk,
        count(*) as total_movies,
        (
            avg(movies.revenue_usd) filter (where movies.revenue_usd >= {{ floor }}) / 1000000
        )::numeric(16, 2) as avg_revenue_millions,
        count(*) filter (where movies.revenue_usd >= {{ floor }}) as revenue_movies,
        avg(movies.roi_pct)::numeric(24, 2) as avg_roi_pct,
        array_agg(movies.roi_pct) filter (where movies.roi_pct is not null) as roi_pcts,
        count(movies.roi_pct) as roi_movies,
        (
            avg(movies.vote_average) filter (where movies.vote_count >= {{ least_votes }})
        )::numeric(4, 2) as avg_rating,
        count(movies.vote_average) filter (where movies.vote_count >= {{ least_votes }})
            as rated_movies,
        sum(bridge.weight) as weight
    from bridge_movie_genre as bridge
    inner join fact_movies as movies on bridge.movie_sk = movies.movie_sk
    group by bridge.genre_sk
),

kpi_genre_performance as (
    select
        genres.genre_sk,
        genres.genre_id,
        genres.genre_name,
        figures.total_movies,
        figures.avg_revenue_millions,
        figures.revenue_movies,
        figures.avg_roi_pct,
        {{ median_of_array('figures.roi_pcts') }}::numeric(24, 2) as median_roi_pct,
        figures.roi_movies,
        case
            when figures.avg_roi_pct is not null
                then row_number() over (
                        order by
                            figures.avg_roi_pct desc nulls last,
                            figures.roi_movies desc,
                            genres.genre_id asc
                    )
        end as roi_rank,
        figures.avg_rating,
        figures.rated_movies,
        (figures.weight / sum(figures.weight) over ())::numeric(7, 6) as share
    from figures
    inner join dim_genres as genres on figures.genre_sk = genres.genre_sk
)

select * from kpi_genre_performance
