"""mart_season_analytics, mart_series_analytics and mart_episode_ratings."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tests.e2e.oracle.exact import mean, sample_deviation, slope
from tests.e2e.oracle.files import Episode, Files, Title
from tests.e2e.oracle.seeds import Seeds

Row = dict[str, Any]
EpisodesOfSeries = Mapping[str, list[Episode]]

_FIRST_YEAR = 1900


def episodes_of_series(files: Files, seeds: Seeds) -> EpisodesOfSeries:
    """Episodes by series, of parents that title.basics knows as a series."""
    found: dict[str, list[Episode]] = defaultdict(list)
    for episode in files.episodes:
        parent = files.titles.get(episode.parent or "")
        if parent and seeds.kind(parent.title_type).is_series:
            found[parent.tconst].append(episode)
    return found


def season_kind(season: int | None) -> str | None:
    """Return the sort of a season: numbered, specials (0) or a year."""
    if season is None:
        return None
    if season == 0:
        return "Specials"
    return "Numbered" if season < _FIRST_YEAR else "Year"


def season_analytics(files: Files, seeds: Seeds, series: EpisodesOfSeries) -> list[Row]:
    """Return one row per series and season, the seasons of a series in ascending order."""
    rows: list[Row] = []
    for tconst, episodes in series.items():
        seasons: dict[int, list[Episode]] = defaultdict(list)
        for episode in episodes:
            if episode.season is not None:
                seasons[episode.season].append(episode)
        before: Row | None = None
        for number in sorted(seasons):
            row = {
                "series_tconst": tconst,
                "season_number": number,
                "series_title": files.titles[tconst].primary_title,
                "is_adult": files.titles[tconst].adult,
                "season_kind": season_kind(number),
                **_season(seasons[number], files, seeds),
                "rating_change": None,
            }
            if row["season_kind"] == "Numbered":
                if before:
                    row["rating_change"] = _difference(
                        row["avg_episode_rating"], before["avg_episode_rating"]
                    )
                before = row
            rows.append(row)
    return rows


def _season(episodes: list[Episode], files: Files, seeds: Seeds) -> Row:
    numbers = [episode.number for episode in episodes if episode.number is not None]
    ratings = _ratings(episodes, files)
    enough = _has_enough(
        episodes,
        files,
        seeds.thresholds["season_least_rated_episodes"],
        seeds.thresholds["season_least_votes"],
    )
    judged: list[tuple[Decimal, int, str]] = []
    for episode in episodes:
        rating = files.rating(episode.tconst)
        if rating.average is not None and _has_enough_votes(rating.votes, seeds, "Episode"):
            judged.append((rating.average, -(rating.votes or 0), episode.tconst))
    best: tuple[Any, ...] = (None, None, None)
    worst = best
    if len(judged) >= 2:
        best, worst = min(judged, key=lambda entry: (-entry[0], *entry[1:])), min(judged)
    return {
        "total_episodes": len(episodes),
        "rated_episodes": len(ratings),
        "total_votes": _votes(episodes, files),
        "first_episode_number": min(numbers, default=None),
        "last_episode_number": max(numbers, default=None),
        "has_enough_ratings": enough,
        "avg_episode_rating": mean(ratings, 2) if enough else None,
        "best_episode_tconst": best[2],
        "best_episode_rating": best[0],
        "worst_episode_tconst": worst[2],
        "worst_episode_rating": worst[0],
    }


def series_analytics(
    files: Files, seeds: Seeds, series: EpisodesOfSeries, seasons: Sequence[Row]
) -> list[Row]:
    """Return one row per series with episodes; `seasons` are the rows of mart_season_analytics."""
    seasons_of: dict[str, list[Row]] = defaultdict(list)
    for season in seasons:
        seasons_of[season["series_tconst"]].append(season)
    rows = []
    for tconst, episodes in series.items():
        row = {
            **_series(files.titles[tconst], episodes, files, seeds),
            **_over_seasons(seasons_of[tconst]),
        }
        seeds.label("mart_series_analytics", row)
        rows.append(row)
    return rows


def _series(title: Title, episodes: list[Episode], files: Files, seeds: Seeds) -> Row:
    ratings = _ratings(episodes, files)
    titles = [files.titles[e.tconst] for e in episodes if e.tconst in files.titles]
    series_votes, episode_votes = title.rating.votes or 0, _votes(episodes, files)
    enough = _has_enough(
        episodes,
        files,
        seeds.thresholds["series_least_rated_episodes"],
        seeds.thresholds["series_least_episode_votes"],
    )
    return {
        "tconst": title.tconst,
        "series_title": title.primary_title,
        "title_type": title.title_type,
        "genres": title.genres,
        "start_year": title.start_year,
        "end_year": title.end_year,
        "is_adult": title.adult,
        "total_episodes": len(episodes),
        "rated_episodes": len(ratings),
        "avg_episode_minutes": mean((each.runtime_minutes for each in titles), 1),
        "avg_series_rating": title.rating.average,
        "series_votes": series_votes,
        "has_enough_votes": _has_enough_votes(series_votes, seeds, "Series"),
        "has_enough_ratings": enough,
        "avg_episode_rating": mean(ratings, 2) if enough else None,
        "episode_rating_stddev": sample_deviation(ratings, 2) if enough else None,
        "total_episode_votes": episode_votes,
        "total_votes": series_votes + episode_votes,
    }


def _over_seasons(seasons: list[Row]) -> Row:
    numbered = [season for season in seasons if season["season_kind"] == "Numbered"]
    rated: list[tuple[int, Decimal]] = [
        (season["season_number"], season["avg_episode_rating"])
        for season in numbered
        if season["has_enough_ratings"]
    ]
    best: tuple[Any, ...] = (None, None)
    worst = best
    if len(rated) >= 2:
        best = min(rated, key=lambda season: (-season[1], season[0]))
        worst = min(rated, key=lambda season: (season[1], season[0]))
    return {
        "total_seasons": len(numbered),
        "unnumbered_seasons": len(seasons) - len(numbered),
        "best_season_number": best[0],
        "best_season_rating": best[1],
        "worst_season_number": worst[0],
        "worst_season_rating": worst[1],
        "rating_slope": slope(rated, 4),
    }


def episode_ratings(
    files: Files,
    seeds: Seeds,
    episodes: EpisodesOfSeries,
    seasons: Sequence[Row],
    series: Sequence[Row],
) -> list[Row]:
    """Return one row per rated episode; `seasons` and `series` are the rows of those marts."""
    of_season = {(row["series_tconst"], row["season_number"]): row for row in seasons}
    of_series = {row["tconst"]: row for row in series}
    rows = []
    for parent, of_parent in episodes.items():
        for episode in of_parent:
            rating, title = files.rating(episode.tconst), files.titles.get(episode.tconst)
            if rating.average is None:
                continue
            season = of_season.get((parent, episode.season), {}).get("avg_episode_rating")
            whole = of_series[parent]["avg_episode_rating"]
            rows.append(
                {
                    "tconst": episode.tconst,
                    "series_tconst": parent,
                    "series_title": files.titles[parent].primary_title,
                    "season_number": episode.season,
                    "season_kind": season_kind(episode.season),
                    "episode_number": episode.number,
                    "episode_title": title.primary_title if title else None,
                    "start_year": title.start_year if title else None,
                    "average_rating": rating.average,
                    "num_votes": rating.votes,
                    "has_enough_votes": _has_enough_votes(rating.votes, seeds, "Episode"),
                    "season_rating": season,
                    "series_rating": whole,
                    "difference_from_season": _difference(rating.average, season),
                    "difference_from_series": _difference(rating.average, whole),
                    "is_adult": files.titles[parent].adult or bool(title and title.adult),
                }
            )
    return rows


def _has_enough(episodes: list[Episode], files: Files, least_rated: int, least_votes: int) -> bool:
    rated = [e for e in episodes if files.rating(e.tconst).average is not None]
    return len(rated) >= least_rated and _votes(rated, files) >= least_votes


def _has_enough_votes(votes: int | None, seeds: Seeds, group: str) -> bool:
    return votes is not None and votes >= seeds.groups[group].least_votes


def _ratings(episodes: list[Episode], files: Files) -> list[Decimal]:
    found = (files.rating(episode.tconst).average for episode in episodes)
    return [rating for rating in found if rating is not None]


def _votes(episodes: list[Episode], files: Files) -> int:
    return sum(files.rating(episode.tconst).votes or 0 for episode in episodes)


def _difference(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one - other
