with kpi_yearly_trends as (
    select
        release_year,
        avg_budget_millions,
        avg_revenue_millions,
        yoy_budget_change_millions,
        yoy_revenue_change_millions
    from {{ ref('kpi_yearly_trends') }}
)

select years.*
from kpi_yearly_trends as years
left join kpi_yearly_trends as earlier on years.release_year = earlier.release_year + 1
where
    years.yoy_budget_change_millions
    is distinct from years.avg_budget_millions - earlier.avg_budget_millions
    or years.yoy_revenue_change_millions
    is distinct from years.avg_revenue_millions - earlier.avg_revenue_millions
