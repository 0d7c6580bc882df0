"""mart_genre_analytics and mart_genre_by_decade."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.e2e.oracle.exact import decade, mean, median, ratio
from tests.e2e.oracle.files import Files, Title
from tests.e2e.oracle.seeds import Seeds
from tests.e2e.oracle.titles import number

Row = dict[str, Any]

_PLATFORMS = ("Film", "Series", "Short")


@dataclass(slots=True)
class Volume:
    """What a genre has: titles, and apart from them episodes."""

    titles: list[Title] = field(default_factory=list)
    episodes: list[Title] = field(default_factory=list)

    def add(self, title: Title, seeds: Seeds) -> None:
        """Add a title to its sort."""
        is_episode = seeds.kind(title.title_type).group.name == "Episode"
        (self.episodes if is_episode else self.titles).append(title)


def genre_pairs(files: Files, seeds: Seeds) -> Iterable[tuple[str, Title]]:
    """Yield the pairs of genre and title that count, a repeated genre once."""
    for title in files.titles.values():
        if not title.adult and seeds.kind(title.title_type).platform in _PLATFORMS:
            for genre in title.distinct_genres:
                yield genre, title


def genre_analytics(files: Files, seeds: Seeds, reference_year: int) -> list[Row]:
    """Return one row per genre."""
    volumes: dict[str, Volume] = defaultdict(Volume)
    for genre, title in genre_pairs(files, seeds):
        volumes[genre].add(title, seeds)
    titles_of_all = [title for volume in volumes.values() for title in volume.titles]
    rating_of_all = _mean_rating(titles_of_all)
    rows = []
    for genre, volume in volumes.items():
        titles = volume.titles
        average = _mean_rating(titles)
        row: Row = {
            "genre": genre,
            "total_titles": len(titles),
            "rated_titles": len(_ratings(titles)),
            "total_episodes": len(volume.episodes),
            "market_share": ratio(100 * len(titles), len(titles_of_all), 4),
            "avg_rating": average,
            "median_rating": median(_ratings(titles), 2),
            "rating_lead": _difference(average, rating_of_all),
            "total_votes": _votes(titles),
            "episode_votes": _votes(volume.episodes),
            **_platforms(titles, seeds),
            **_periods(titles, seeds, reference_year),
        }
        seeds.label("mart_genre_analytics", row)
        levels = row["rating_level"], row["production_trend"], row["quality_trend"]
        row["investment_priority"], row["content_strategy"] = seeds.decisions[levels]
        rows.append(row)
    return rows


def _platforms(titles: list[Title], seeds: Seeds) -> Row:
    votes = {
        platform: _votes([t for t in titles if seeds.kind(t.title_type).platform == platform])
        for platform in _PLATFORMS
    }
    # max() gives the first of equal ones.
    most = max(votes, key=lambda platform: votes[platform])
    return {
        "film_votes": votes["Film"],
        "series_votes": votes["Series"],
        "short_votes": votes["Short"],
        "platform_strategy": f"{most} First" if any(votes.values()) else None,
    }


def _periods(titles: list[Title], seeds: Seeds, reference_year: int) -> Row:
    years = seeds.thresholds["genre_period_years"]
    least_rated = seeds.thresholds["genre_least_rated_titles"]
    start = reference_year - years + 1
    recent = [t for t in titles if t.start_year in range(start, start + years)]
    previous = [t for t in titles if t.start_year in range(start - years, start)]
    recent_rating, previous_rating = (
        _mean_rating(of_period) if len(_ratings(of_period)) >= least_rated else None
        for of_period in (recent, previous)
    )
    growth = None
    if len(previous) >= seeds.thresholds["genre_least_titles"]:
        growth = ratio(100 * (len(recent) - len(previous)), len(previous), 2)
    return {
        "recent_titles": len(recent),
        "previous_titles": len(previous),
        "production_growth_pct": growth,
        "recent_avg_rating": recent_rating,
        "previous_avg_rating": previous_rating,
        "rating_change": _difference(recent_rating, previous_rating),
    }


def genre_by_decade(files: Files, seeds: Seeds) -> list[Row]:
    """Return one row per genre and decade with titles or episodes."""
    decades: dict[int | None, dict[str, Volume]] = defaultdict(lambda: defaultdict(Volume))
    for genre, title in genre_pairs(files, seeds):
        if title.start_year is not None:
            decades[decade(title.start_year)][genre].add(title, seeds)
    rows: list[Row] = []
    for of_decade, volumes in decades.items():
        titles_of_all = sum(len(volume.titles) for volume in volumes.values())
        rows += [
            {
                "genre": genre,
                "release_decade": of_decade,
                "total_titles": len(volume.titles),
                "rated_titles": len(_ratings(volume.titles)),
                "total_votes": _votes(volume.titles),
                "total_episodes": len(volume.episodes),
                "decade_share": ratio(100 * len(volume.titles), titles_of_all, 4),
                "avg_rating": _mean_rating(volume.titles),
                "weighted_rating": _weighted_rating(volume.titles),
                "rating_rank": None,
            }
            for genre, volume in volumes.items()
        ]
    rows.sort(key=lambda row: (-row["total_titles"], row["genre"]))
    number(rows, "volume_rank", lambda row: row["release_decade"])
    least = seeds.thresholds["genre_least_rated_titles"]
    rated = [row for row in rows if row["weighted_rating"] is not None]
    rated = [row for row in rated if row["rated_titles"] >= least]
    rated.sort(key=lambda row: (-row["weighted_rating"], -row["total_votes"], row["genre"]))
    number(rated, "rating_rank", lambda row: row["release_decade"])
    return rows


def _ratings(titles: list[Title]) -> list[Decimal]:
    return [title.rating.average for title in titles if title.rating.average is not None]


def _mean_rating(titles: list[Title]) -> Decimal | None:
    return mean(_ratings(titles), 2)


def _weighted_rating(titles: list[Title]) -> Decimal | None:
    voted = [
        (title.rating.average, title.rating.votes)
        for title in titles
        if title.rating.average is not None and title.rating.votes is not None
    ]
    return ratio(sum(rating * votes for rating, votes in voted), sum(n for _, n in voted), 2)


def _votes(titles: list[Title]) -> int:
    return sum(title.rating.votes or 0 for title in titles)


def _difference(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one - other
