-- Action movies with the highest return; a movie counts by its first genre.
select
    movies.title,
    movies.release_year,
    movies.budget_usd,
    movies.revenue_usd,
    movies.roi_pct
from fact_movies as movies
inner join dim_genres as genres on movies.genre_sk = genres.genre_sk
where genres.genre_name = 'Action'
order by movies.roi_pct desc nulls last
limit 20
