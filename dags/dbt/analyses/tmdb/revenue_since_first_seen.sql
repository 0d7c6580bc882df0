-- How much the revenue of a movie changed since it was first seen.
with first_and_last as (
    select distinct
        movie_id,
        last_value(title) over versions as title,
        first_value(revenue_usd) over versions as first_revenue_usd,
        last_value(revenue_usd) over versions as last_revenue_usd,
        first_value(effective_date) over versions as first_seen
    from dim_movies_history
    window versions as (
        partition by movie_id
        order by version_number
        rows between unbounded preceding and unbounded following
    )
)

select
    *,
    last_revenue_usd - first_revenue_usd as revenue_change_usd
from first_and_last
where last_revenue_usd is distinct from first_revenue_usd
order by revenue_change_usd desc nulls last
limit 50
