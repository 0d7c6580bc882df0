-- Genres, best return on investment first.
select
    genre_name,
    total_movies,
    avg_revenue_millions,
    avg_roi_pct,
    roi_rank
from kpi_genre_performance
order by roi_rank
