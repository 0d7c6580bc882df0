-- How movies changed from year to year since 2000.
select
    release_year,
    total_movies_released,
    avg_budget_millions,
    avg_revenue_millions,
    yoy_budget_change_millions,
    yoy_revenue_change_millions,
    avg_rating,
    top_genre
from kpi_yearly_trends
where release_year >= 2000
order by release_year
