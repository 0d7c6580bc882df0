select
    series_title,
    total_episodes,
    total_seasons,
    avg_series_rating,
    consistency_rating,
    series_performance_tier,
    engagement_level
from mart_series_analytics
where
    not is_adult
    and series_performance_tier in ('Premium Franchise', 'Quality Series')
    and consistency_rating in ('Very Consistent', 'Consistent')
order by avg_series_rating desc, total_votes desc
