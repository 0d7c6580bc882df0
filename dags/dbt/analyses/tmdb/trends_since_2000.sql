-- How movies changed from year to year since 2000.
select *
from kpi_yearly_trends
where release_year >= 2000
order by release_year
