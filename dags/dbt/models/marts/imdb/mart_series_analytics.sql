{{
    config(
        materialized='incremental',
        incremental_strategy='changed_keys',
        unique_key='tconst',
        meta={'datasets': ['title.episode', 'title.basics', 'title.ratings']},
        indexes=[
            {'columns': ['series_performance_tier', 'consistency_rating']},
            {'columns': ['primary_genre']},
        ]
    )
}}

with int_title_hierarchies as (
    select
        series_tconst,
        runtime_minutes,
        average_rating,
        num_votes
    from {{ ref('int_title_hierarchies') }}
    where
        has_series
        {% if is_incremental() %}
            -- As an array the planner looks these series up before it joins anything.
            and series_tconst = any(array(select touched.tconst from touched))
        {% endif %}
),

mart_season_analytics as (
    select
        series_tconst,
        season_number,
        avg_episode_rating
    from {{ ref('mart_season_analytics') }}
    {% if is_incremental() %}
        where series_tconst in (select touched.tconst from touched)
    {% endif %}
),

stg_title_basics as (
    select
        tconst,
        primary_title,
        title_type,
        genres,
        start_year,
        end_year
    from {{ ref('stg_title_basics') }}
),

stg_title_ratings as (
    select * from {{ ref('stg_title_ratings') }}
),

label_thresholds as (
    select * from {{ ref('label_thresholds') }}
    where model = 'mart_series_analytics'
),

series_episodes as (
    select
        series_tconst,
        count(*) as total_episodes,
        count(average_rating) as rated_episodes,
        avg(runtime_minutes)::numeric(11, 1) as avg_episode_minutes,
        avg(average_rating)::numeric(4, 2) as avg_episode_rating,
        stddev_samp(average_rating)::numeric(4, 2) as episode_rating_stddev,
        coalesce(sum(num_votes), 0) as total_episode_votes
    from int_title_hierarchies
    group by series_tconst
),

season_sums as (
    select
        series_tconst,
        count(*) as total_seasons,
        count(avg_episode_rating) as n,
        sum(season_number::numeric) filter (where avg_episode_rating is not null) as sum_x,
        sum(avg_episode_rating) as sum_y,
        sum(season_number * avg_episode_rating) as sum_xy,
        sum(season_number::numeric ^ 2) filter (where avg_episode_rating is not null) as sum_xx
    from mart_season_analytics
    group by series_tconst
),

-- Least squares in exact numbers; regr_slope() computes in binary floating point.
series_seasons as (
    select
        series_tconst,
        total_seasons,
        (
            (n * sum_xy - sum_x * sum_y) / nullif(n * sum_xx - sum_x ^ 2, 0)
        )::numeric(12, 4) as rating_slope
    from season_sums
),

best_seasons as (
    select distinct on (series_tconst) *
    from mart_season_analytics
    where avg_episode_rating is not null
    order by series_tconst asc, avg_episode_rating desc, season_number asc
),

worst_seasons as (
    select distinct on (series_tconst) *
    from mart_season_analytics
    where avg_episode_rating is not null
    order by series_tconst, avg_episode_rating, season_number
),

series as (
    select
        series_episodes.*,
        titles.primary_title,
        titles.title_type,
        titles.genres[1] as primary_genre,
        titles.start_year,
        titles.end_year,
        coalesce(series_seasons.total_seasons, 0) as total_seasons,
        ratings.average_rating as avg_series_rating,
        coalesce(ratings.num_votes, 0) as series_votes,
        coalesce(ratings.num_votes, 0) + series_episodes.total_episode_votes as total_votes,
        series_seasons.rating_slope,
        best_seasons.season_number as best_season_number,
        best_seasons.avg_episode_rating as best_season_rating,
        worst_seasons.season_number as worst_season_number,
        worst_seasons.avg_episode_rating as worst_season_rating
    from series_episodes
    inner join stg_title_basics as titles on series_episodes.series_tconst = titles.tconst
    left join stg_title_ratings as ratings on series_episodes.series_tconst = ratings.tconst
    left join series_seasons on series_episodes.series_tconst = series_seasons.series_tconst
    left join best_seasons on series_episodes.series_tconst = best_seasons.series_tconst
    left join worst_seasons on series_episodes.series_tconst = worst_seasons.series_tconst
),

mart_series_analytics as (
    select
        series_tconst as tconst,
        primary_title as series_title,
        title_type,
        primary_genre,
        {{ label_for('consistency_rating') }} as consistency_rating,
        {{ label_for('engagement_level') }} as engagement_level,
        {{ label_for('longevity_class') }} as longevity_class,
        {{ label_for('series_performance_tier') }} as series_performance_tier,
        start_year,
        end_year,
        total_episodes,
        rated_episodes,
        total_seasons,
        avg_episode_minutes,
        avg_series_rating,
        avg_episode_rating,
        episode_rating_stddev,
        best_season_number,
        best_season_rating,
        worst_season_number,
        worst_season_rating,
        rating_slope,
        series_votes,
        total_episode_votes,
        total_votes
    from series
)

select * from mart_series_analytics
