with fact_movies as (
    select count(*) as movies
    from {{ ref('fact_movies') }}
    where release_year is not null and not is_adult
),

kpi_yearly_trends as (
    select coalesce(sum(total_movies_released), 0) as movies
    from {{ ref('kpi_yearly_trends') }}
)

select
    fact_movies.movies,
    kpi_yearly_trends.movies as movies_of_all_years
from fact_movies
cross join kpi_yearly_trends
where fact_movies.movies <> kpi_yearly_trends.movies
