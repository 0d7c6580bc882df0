select
    primary_genre,
    longevity_class,
    count(*) as series,
    round(avg(avg_series_rating), 2) as avg_rating,
    round(avg(total_seasons), 1) as avg_seasons,
    round(avg(avg_episode_minutes), 0) as avg_episode_minutes
from mart_series_analytics
where avg_series_rating is not null
group by primary_genre, longevity_class
having count(*) >= 5
order by primary_genre asc, avg_rating desc
