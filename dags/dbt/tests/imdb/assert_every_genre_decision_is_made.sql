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
        quality_trends.label as quality_trend
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
        quality_trend
    from {{ ref('genre_decisions') }}
)

select
    combinations.rating_level,
    combinations.production_trend,
    combinations.quality_trend,
    decisions.rating_level as level_of_decision,
    decisions.production_trend as production_trend_of_decision,
    decisions.quality_trend as quality_trend_of_decision
from combinations
full join genre_decisions as decisions
    on
        combinations.rating_level = decisions.rating_level
        and combinations.production_trend = decisions.production_trend
        and combinations.quality_trend = decisions.quality_trend
where combinations.rating_level is null or decisions.rating_level is null
