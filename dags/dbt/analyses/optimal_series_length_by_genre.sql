-- A series of several genres counts in each. Only series with enough votes for a rating.
select
    listed.genre,
    series.longevity_class,
    count(*) as series,
    round(avg(series.avg_series_rating), 2) as avg_rating,
    round(avg(series.total_seasons), 1) as avg_seasons,
    round(avg(series.avg_episode_minutes), 0) as avg_episode_minutes
from mart_series_analytics as series
cross join unnest(series.genres) as listed (genre)
where
    series.avg_series_rating is not null
    and series.has_enough_votes
    and not series.is_adult
group by listed.genre, series.longevity_class
having count(*) >= 5
order by listed.genre asc, avg_rating desc
