with episodes as (
    select
        series_tconst,
        season_number,
        average_rating
    from {{ ref('mart_episode_ratings') }}
),

counted as (
    select
        series_tconst,
        season_number,
        grouping(season_number) = 1 as is_series,
        count(*) as rated_episodes,
        avg(average_rating)::numeric(4, 2) as mean_rating
    from episodes
    group by grouping sets ((series_tconst), (series_tconst, season_number))
),

expected as (
    select
        tconst as series_tconst,
        null::integer as season_number,
        true as is_series,
        rated_episodes,
        avg_episode_rating
    from {{ ref('mart_series_analytics') }}
    union all
    select
        series_tconst,
        season_number,
        false as is_series,
        rated_episodes,
        avg_episode_rating
    from {{ ref('mart_season_analytics') }}
)

select
    expected.*,
    counted.rated_episodes as episodes_found,
    counted.mean_rating as mean_found
from expected
left join counted
    on
        expected.series_tconst = counted.series_tconst
        and expected.is_series = counted.is_series
        and coalesce(expected.season_number, -1) = coalesce(counted.season_number, -1)
where
    expected.rated_episodes <> coalesce(counted.rated_episodes, 0)
    or expected.avg_episode_rating <> counted.mean_rating
