{{
    config(
        materialized='incremental',
        incremental_strategy='changed_keys',
        unique_key='tconst',
        meta={'datasets': ['title.episode', 'title.basics', 'title.ratings']},
        indexes=[
            {'columns': ['series_performance_tier', 'consistency_rating']},
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
        season_kind,
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
        end_year,
        coalesce(is_adult, false) as is_adult
    from {{ ref('stg_title_basics') }}
),

stg_title_ratings as (
    select * from {{ ref('stg_title_ratings') }}
),

series_group as (
    select least_votes
    from {{ ref('type_groups') }}
    where type_group = 'Series'
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
        avg(average_rating)::numeric(4, 2) as mean_rating,
        stddev_samp(average_rating)::numeric(4, 2) as rating_deviation,
        coalesce(sum(num_votes), 0) as total_episode_votes,
        coalesce(sum(num_votes) filter (where average_rating is not null), 0) as rated_votes
    from int_title_hierarchies
    group by series_tconst
),

season_counts as (
    select
        series_tconst,
        count(*) filter (where season_kind = 'Numbered') as total_seasons,
        count(*) filter (where season_kind <> 'Numbered') as unnumbered_seasons
    from mart_season_analytics
    group by series_tconst
),

-- Specials and years are no points on a line. A season with too few ratings has no mean.
compared_seasons as (
    select
        series_tconst,
        season_number,
        avg_episode_rating,
        count(*) over (partition by series_tconst) as n
    from mart_season_analytics
    where season_kind = 'Numbered' and avg_episode_rating is not null
),

season_sums as (
    select
        series_tconst,
        count(*) as n,
        sum(season_number::numeric) as sum_x,
        sum(avg_episode_rating) as sum_y,
        sum(season_number * avg_episode_rating) as sum_xy,
        sum(season_number::numeric ^ 2) as sum_xx
    from compared_seasons
    group by series_tconst
),

-- Least squares in exact numbers; regr_slope() computes in binary floating point.
slopes as (
    select
        series_tconst,
        (
            (n * sum_xy - sum_x * sum_y) / nullif(n * sum_xx - sum_x ^ 2, 0)
        )::numeric(12, 4) as rating_slope
    from season_sums
),

best_seasons as (
    select distinct on (series_tconst) *
    from compared_seasons
    where n > 1
    order by series_tconst asc, avg_episode_rating desc, season_number asc
),

worst_seasons as (
    select distinct on (series_tconst) *
    from compared_seasons
    where n > 1
    order by series_tconst, avg_episode_rating, season_number
),

judged_series as (
    select
        series_episodes.*,
        series_episodes.rated_episodes >= {{ threshold('series_least_rated_episodes') }}
        and series_episodes.rated_votes >= {{ threshold('series_least_episode_votes') }}
            as has_enough_ratings
    from series_episodes
),

series as (
    select
        judged_series.*,
        titles.primary_title,
        titles.title_type,
        titles.genres,
        titles.start_year,
        titles.end_year,
        coalesce(season_counts.total_seasons, 0) as total_seasons,
        coalesce(season_counts.unnumbered_seasons, 0) as unnumbered_seasons,
        ratings.average_rating as avg_series_rating,
        (
            case when judged_series.has_enough_ratings then judged_series.mean_rating end
        )::numeric(4, 2) as avg_episode_rating,
        (
            case when judged_series.has_enough_ratings then judged_series.rating_deviation end
        )::numeric(4, 2) as episode_rating_stddev,
        best_seasons.season_number as best_season_number,
        best_seasons.avg_episode_rating as best_season_rating,
        worst_seasons.season_number as worst_season_number,
        worst_seasons.avg_episode_rating as worst_season_rating,
        slopes.rating_slope,
        coalesce(ratings.num_votes, 0) as series_votes,
        coalesce(ratings.num_votes, 0) + judged_series.total_episode_votes as total_votes,
        coalesce(ratings.num_votes, 0) >= series_group.least_votes as has_enough_votes,
        titles.is_adult
    from judged_series
    cross join series_group
    inner join stg_title_basics as titles on judged_series.series_tconst = titles.tconst
    left join stg_title_ratings as ratings on judged_series.series_tconst = ratings.tconst
    left join season_counts on judged_series.series_tconst = season_counts.series_tconst
    left join slopes on judged_series.series_tconst = slopes.series_tconst
    left join best_seasons on judged_series.series_tconst = best_seasons.series_tconst
    left join worst_seasons on judged_series.series_tconst = worst_seasons.series_tconst
),

mart_series_analytics as (
    select
        series_tconst as tconst,
        primary_title as series_title,
        title_type,
        genres,
        {{ label_for('consistency_rating') }} as consistency_rating,
        {{ label_for('engagement_level') }} as engagement_level,
        {{ label_for('longevity_class') }} as longevity_class,
        {{ label_for('series_performance_tier') }} as series_performance_tier,
        start_year,
        end_year,
        total_episodes,
        rated_episodes,
        total_seasons,
        unnumbered_seasons,
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
        total_votes,
        has_enough_votes,
        has_enough_ratings,
        is_adult
    from series
)

select * from mart_series_analytics
