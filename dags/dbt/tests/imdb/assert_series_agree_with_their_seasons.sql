-- Episodes without a season belong to the series alone, so a series can have more.
with season_totals as (
    select
        series_tconst,
        count(*) filter (where season_kind = 'Numbered') as seasons,
        count(*) filter (where season_kind <> 'Numbered') as other_seasons,
        sum(total_episodes) as episodes,
        sum(rated_episodes) as rated_episodes,
        sum(total_votes) as votes
    from {{ ref('mart_season_analytics') }}
    group by series_tconst
)

select
    series.tconst,
    series.total_seasons,
    season_totals.seasons,
    series.unnumbered_seasons,
    season_totals.other_seasons,
    series.total_episodes,
    season_totals.episodes
from {{ ref('mart_series_analytics') }} as series
left join season_totals on series.tconst = season_totals.series_tconst
where
    series.total_seasons <> coalesce(season_totals.seasons, 0)
    or series.unnumbered_seasons <> coalesce(season_totals.other_seasons, 0)
    or series.total_episodes < coalesce(season_totals.episodes, 0)
    or series.rated_episodes < coalesce(season_totals.rated_episodes, 0)
    or series.total_episode_votes < coalesce(season_totals.votes, 0)
