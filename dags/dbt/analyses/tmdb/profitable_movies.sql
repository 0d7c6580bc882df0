-- How many movies made a profit, by season of release.
select
    release_season,
    profitability_flag,
    count(*) as movies,
    round(100.0 * count(*) / sum(count(*)) over (partition by release_season), 1) as share_pct,
    round(avg(roi_pct), 2) as avg_roi_pct
from fact_movies
group by release_season, profitability_flag
order by release_season, profitability_flag
