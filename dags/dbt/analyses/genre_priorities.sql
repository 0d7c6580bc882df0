select
    genre,
    market_share,
    production_trend,
    quality_trend,
    investment_priority,
    content_strategy
from mart_genre_analytics
where investment_priority in ('High Priority', 'Medium Priority', 'Emerging Opportunity')
order by market_share desc, avg_rating desc
