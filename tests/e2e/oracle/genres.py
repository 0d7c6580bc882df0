"""mart_genre_analytics and mart_genre_by_decade."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from tests.e2e.oracle.exact import mean, median, ratio
from tests.e2e.oracle.files import Files, Title
from tests.e2e.oracle.seeds import Seeds

Row = dict[str, Any]
Pairs = list[tuple[str, Title]]


def title_genre_pairs(files: Files) -> Pairs:
    """Every genre of every title, a repeated one once."""
    return [
        (genre, title)
        for title in files.titles.values()
        for genre in dict.fromkeys(title.genres or ())
    ]


def genre_analytics(files: Files, seeds: Seeds) -> list[Row]:
    """Return one row per genre."""
    pairs = title_genre_pairs(files)
    overall = _mean_rating([title for _, title in pairs])
    years = [
        title.start_year
        for _, title in pairs
        if title.rating.average is not None and title.start_year is not None
    ]
    reference = max(years, default=None)
    titles_of: dict[str, list[Title]] = defaultdict(list)
    for genre, title in pairs:
        titles_of[genre].append(title)
    rows = []
    for genre, titles in titles_of.items():
        average = _mean_rating(titles)
        row: Row = {
            "genre": genre,
            "total_titles": len(titles),
            "rated_titles": len(_ratings(titles)),
            "market_share": ratio(100 * len(titles), len(pairs), 4),
            "avg_rating": average,
            "median_rating": median(_ratings(titles), 2),
            "rating_lead": _difference(average, overall),
            "total_votes": _votes(titles),
            **_platforms(titles, seeds),
            **_periods(titles, reference),
        }
        seeds.label("mart_genre_analytics", row)
        rows.append(row)
    return rows


def _platforms(titles: list[Title], seeds: Seeds) -> Row:
    votes = {
        platform: _votes([t for t in titles if seeds.kind(t.title_type).platform == platform])
        for platform in ("Film", "Series", "Short")
    }
    # max() gives the first of equal ones.
    most = max(votes, key=lambda platform: votes[platform])
    return {
        "film_votes": votes["Film"],
        "series_votes": votes["Series"],
        "short_votes": votes["Short"],
        "platform_strategy": f"{most} First" if any(votes.values()) else None,
    }


def _periods(titles: list[Title], reference: int | None) -> Row:
    recent = _of_years(titles, reference, 9, 0)
    previous = _of_years(titles, reference, 19, 10)
    recent_rating, previous_rating = _mean_rating(recent), _mean_rating(previous)
    return {
        "recent_titles": len(recent),
        "previous_titles": len(previous),
        "production_growth_pct": ratio(100 * (len(recent) - len(previous)), len(previous), 2),
        "recent_avg_rating": recent_rating,
        "previous_avg_rating": previous_rating,
        "rating_change": _difference(recent_rating, previous_rating),
    }


def _of_years(titles: list[Title], reference: int | None, oldest: int, newest: int) -> list[Title]:
    if reference is None:
        return []
    period = range(reference - oldest, reference - newest + 1)
    return [title for title in titles if title.start_year in period]


def genre_by_decade(files: Files) -> list[Row]:
    """Return one row per genre and decade with titles."""
    titles_of: dict[int, dict[str, list[Title]]] = defaultdict(lambda: defaultdict(list))
    for genre, title in title_genre_pairs(files):
        if title.start_year is not None:
            titles_of[title.start_year // 10 * 10][genre].append(title)
    rows: list[Row] = []
    for decade, genres in titles_of.items():
        pairs = sum(map(len, genres.values()))
        of_decade: list[Row] = [
            {
                "genre": genre,
                "release_decade": decade,
                "total_titles": len(titles),
                "rated_titles": len(_ratings(titles)),
                "total_votes": _votes(titles),
                "decade_share": ratio(100 * len(titles), pairs, 4),
                "avg_rating": _mean_rating(titles),
                "weighted_rating": _weighted_rating(titles),
                "rating_rank": None,
            }
            for genre, titles in genres.items()
        ]
        of_decade.sort(key=lambda row: (-row["total_titles"], row["genre"]))
        for rank, row in enumerate(of_decade, 1):
            row["volume_rank"] = rank
        rated = [row for row in of_decade if row["weighted_rating"] is not None]
        rated.sort(key=lambda row: (-row["weighted_rating"], -row["total_votes"], row["genre"]))
        for rank, row in enumerate(rated, 1):
            row["rating_rank"] = rank
        rows += of_decade
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
