-- Every combination of the labels has one row, and no row has a label that does not exist.
with label_thresholds as (
    select distinct
        label_column,
        label
    from {{ ref('label_thresholds') }}
    where model = 'mart_genre_analytics'
),

combinations as (
    select
        rating_levels.label as rating_level,
        production_trends.label as production_trend,
        quality_trends.label as quality_trend,
        true as is_possible
    from label_thresholds as rating_levels
    cross join label_thresholds as production_trends
    cross join label_thresholds as quality_trends
    where
        rating_levels.label_column = 'rating_level'
        and production_trends.label_column = 'production_trend'
        and quality_trends.label_column = 'quality_trend'
),

genre_decisions as (
    select
        rating_level,
        production_trend,
        quality_trend,
        investment_priority
    from {{ ref('genre_decisions') }}
)

select
    rating_level,
    production_trend,
    quality_trend,
    count(combinations.is_possible) as combinations,
    count(genre_decisions.investment_priority) as decisions
from combinations
full join genre_decisions using (rating_level, production_trend, quality_trend)
group by rating_level, production_trend, quality_trend
having count(combinations.is_possible) <> 1 or count(genre_decisions.investment_priority) <> 1
