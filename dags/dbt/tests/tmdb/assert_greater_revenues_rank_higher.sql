with kpi_top_movies as (
    select
        movie_id,
        revenue_rank_all_time,
        revenue_usd,
        lag(revenue_usd) over (order by revenue_rank_all_time) as revenue_of_rank_before
    from {{ ref('kpi_top_movies') }}
    where revenue_rank_all_time is not null
)

select *
from kpi_top_movies
where revenue_usd > revenue_of_rank_before
