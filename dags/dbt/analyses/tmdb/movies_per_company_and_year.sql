-- How many movies the primary companies release per year.
select
    companies.company_name,
    movies.release_year,
    count(*) as released_movies
from fact_movies as movies
inner join dim_production_companies as companies on movies.company_sk = companies.company_sk
group by companies.company_name, movies.release_year
order by released_movies desc, companies.company_name asc, movies.release_year asc
limit 50
