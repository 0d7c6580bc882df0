-- The ten highest-grossing movies.
select
    title,
    release_year,
    revenue_usd / 1e6 as revenue_millions,
    vote_average
from kpi_top_movies
where revenue_rank_all_time <= 10
order by revenue_rank_all_time
