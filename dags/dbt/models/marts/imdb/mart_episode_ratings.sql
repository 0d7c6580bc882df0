{{
    config(
        materialized='incremental',
        incremental_strategy='changed_keys',
        unique_key='tconst',
        meta={
            'datasets': ['title.episode', 'title.basics', 'title.ratings'],
            'scope': ['series_tconst'],
        },
        indexes=[{'columns': ['series_tconst', 'season_number', 'episode_number']}],
    )
}}

with int_title_hierarchies as (
    select
        tconst,
        series_tconst,
        series_title,
        episode_title,
        season_number,
        episode_number,
        start_year,
        average_rating,
        num_votes,
        is_adult,
        series_is_adult
    from {{ ref('int_title_hierarchies') }}
    where
        has_series
        and average_rating is not null
        {% if is_incremental() %}
            -- As an array the planner looks these series up before it joins anything.
            and series_tconst = any(array(select touched.series_tconst from touched))
        {% endif %}
),

mart_season_analytics as (
    select
        series_tconst,
        season_number,
        avg_episode_rating
    from {{ ref('mart_season_analytics') }}
    {% if is_incremental() %}
        where series_tconst in (select touched.series_tconst from touched)
    {% endif %}
),

mart_series_analytics as (
    select
        tconst,
        avg_episode_rating
    from {{ ref('mart_series_analytics') }}
    {% if is_incremental() %}
        where tconst in (select touched.series_tconst from touched)
    {% endif %}
),

episode_group as (
    select least_votes
    from {{ ref('type_groups') }}
    where type_group = 'Episode'
),

mart_episode_ratings as (
    select
        episodes.tconst,
        episodes.series_tconst,
        episodes.series_title,
        episodes.episode_title,
        {{ season_kind('episodes.season_number') }} as season_kind,
        episodes.season_number,
        episodes.episode_number,
        episodes.start_year,
        episodes.average_rating,
        seasons.avg_episode_rating as season_rating,
        series.avg_episode_rating as series_rating,
        (episodes.average_rating - seasons.avg_episode_rating)::numeric(4, 2)
            as difference_from_season,
        (episodes.average_rating - series.avg_episode_rating)::numeric(4, 2)
            as difference_from_series,
        episodes.num_votes,
        coalesce(episodes.num_votes >= episode_group.least_votes, false) as has_enough_votes,
        episodes.is_adult or episodes.series_is_adult as is_adult
    from int_title_hierarchies as episodes
    cross join episode_group
    left join mart_series_analytics as series on episodes.series_tconst = series.tconst
    left join mart_season_analytics as seasons
        on
            episodes.series_tconst = seasons.series_tconst
            and episodes.season_number = seasons.season_number
)

select * from mart_episode_ratings
