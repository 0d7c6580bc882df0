"""mart_season_analytics and mart_series_analytics."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from tests.e2e.oracle.exact import mean, sample_deviation, slope
from tests.e2e.oracle.files import Episode, Files
from tests.e2e.oracle.seeds import Seeds

Row = dict[str, Any]


def season_analytics(files: Files, seeds: Seeds) -> list[Row]:
    """Return one row per series and season, the seasons of a series in ascending order."""
    rows: list[Row] = []
    for series, episodes in _episodes_of_series(files, seeds).items():
        seasons: dict[int, list[Episode]] = defaultdict(list)
        for episode in episodes:
            if episode.season is not None:
                seasons[episode.season].append(episode)
        before: Row | None = None
        for number in sorted(seasons):
            row = {
                "series_tconst": series,
                "season_number": number,
                "series_title": files.titles[series].primary_title,
                **_season(seasons[number], files),
            }
            row["rating_change"] = None
            if before and None not in (row["avg_episode_rating"], before["avg_episode_rating"]):
                row["rating_change"] = row["avg_episode_rating"] - before["avg_episode_rating"]
            before = row
            rows.append(row)
    return rows


def _season(episodes: list[Episode], files: Files) -> Row:
    numbers = [episode.number for episode in episodes if episode.number is not None]
    rated: list[tuple[Decimal, int, str]] = []
    for episode in episodes:
        rating = files.rating(episode.tconst)
        if rating.average is not None:
            votes = -1 if rating.votes is None else rating.votes
            rated.append((rating.average, -votes, episode.tconst))
    best = min(rated, key=lambda entry: (-entry[0], *entry[1:]), default=(None, None, None))
    worst = min(rated, default=(None, None, None))
    return {
        "total_episodes": len(episodes),
        "rated_episodes": len(rated),
        "total_votes": _votes(episodes, files),
        "first_episode_number": min(numbers, default=None),
        "last_episode_number": max(numbers, default=None),
        "avg_episode_rating": mean((entry[0] for entry in rated), 2),
        "best_episode_tconst": best[2],
        "best_episode_rating": best[0],
        "worst_episode_tconst": worst[2],
        "worst_episode_rating": worst[0],
    }


def series_analytics(files: Files, seeds: Seeds, seasons: list[Row]) -> list[Row]:
    """Return one row per series with episodes; `seasons` are the rows of mart_season_analytics."""
    seasons_of: dict[str, list[Row]] = defaultdict(list)
    for season in seasons:
        seasons_of[season["series_tconst"]].append(season)
    rows = []
    for tconst, episodes in _episodes_of_series(files, seeds).items():
        series = files.titles[tconst]
        ratings = [files.rating(episode.tconst).average for episode in episodes]
        known = [rating for rating in ratings if rating is not None]
        titles = [files.titles[e.tconst] for e in episodes if e.tconst in files.titles]
        series_votes, episode_votes = series.rating.votes or 0, _votes(episodes, files)
        row: Row = {
            "tconst": tconst,
            "series_title": series.primary_title,
            "title_type": series.title_type,
            "primary_genre": series.primary_genre,
            "start_year": series.start_year,
            "end_year": series.end_year,
            "total_episodes": len(episodes),
            "rated_episodes": len(known),
            "total_seasons": len({e.season for e in episodes if e.season is not None}),
            "avg_episode_minutes": mean((title.runtime_minutes for title in titles), 1),
            "avg_series_rating": series.rating.average,
            "series_votes": series_votes,
            "avg_episode_rating": mean(known, 2),
            "episode_rating_stddev": sample_deviation(known, 2),
            "total_episode_votes": episode_votes,
            "total_votes": series_votes + episode_votes,
            **_over_seasons(seasons_of[tconst]),
        }
        seeds.label("mart_series_analytics", row)
        rows.append(row)
    return rows


def _over_seasons(seasons: list[Row]) -> Row:
    rated: list[tuple[int, Decimal]] = [
        (season["season_number"], season["avg_episode_rating"])
        for season in seasons
        if season["avg_episode_rating"] is not None
    ]
    best = min(rated, key=lambda season: (-season[1], season[0]), default=(None, None))
    worst = min(rated, key=lambda season: (season[1], season[0]), default=(None, None))
    return {
        "best_season_number": best[0],
        "best_season_rating": best[1],
        "worst_season_number": worst[0],
        "worst_season_rating": worst[1],
        "rating_slope": slope(rated, 4),
    }


def _episodes_of_series(files: Files, seeds: Seeds) -> dict[str, list[Episode]]:
    """Episodes by series, of parents that title.basics knows as a series."""
    found: dict[str, list[Episode]] = defaultdict(list)
    for episode in files.episodes:
        parent = files.titles.get(episode.parent or "")
        if parent and seeds.kind(parent.title_type).is_series:
            found[parent.tconst].append(episode)
    return found


def _votes(episodes: list[Episode], files: Files) -> int:
    return sum(files.rating(episode.tconst).votes or 0 for episode in episodes)
