"""mart_top_titles: rated titles with scores and ranks."""

from bisect import bisect_right
from collections import Counter, defaultdict
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.e2e.oracle.exact import decade, mean, ratio, rounded
from tests.e2e.oracle.files import Files
from tests.e2e.oracle.seeds import Seeds

Row = dict[str, Any]


def top_titles(files: Files, seeds: Seeds) -> list[Row]:
    """Return one row per rated title, the best first."""
    rows: list[Row] = [
        {
            "tconst": title.tconst,
            "primary_title": title.primary_title,
            "original_title": title.original_title,
            "title_type": title.title_type,
            "type_group": seeds.kind(title.title_type).group,
            "genres": title.genres,
            "primary_genre": title.primary_genre,
            "start_year": title.start_year,
            "release_decade": decade(title.start_year),
            "runtime_minutes": title.runtime_minutes,
            "average_rating": title.rating.average,
            "num_votes": title.rating.votes,
            "is_adult": title.is_adult,
        }
        for title in files.titles.values()
        if title.rating.average is not None and title.rating.votes is not None
    ]
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["type_group"]].append(row)
    for group in groups.values():
        _score(group, seeds)
    rows.sort(key=lambda row: (-row["weighted_score"], -row["num_votes"], row["tconst"]))
    _rank(rows)
    for row in rows:
        seeds.label("mart_top_titles", row)
    return rows


def _score(group: list[Row], seeds: Seeds) -> None:
    """Score the titles of a type group against each other."""
    ratings = sorted(row["average_rating"] for row in group)
    votes = sorted(row["num_votes"] for row in group)
    centre = mean(ratings, 2)
    assert centre is not None
    for row in group:
        prior = seeds.kind(row["title_type"]).prior_votes
        weighed = row["num_votes"] * row["average_rating"] + prior * centre
        row["group_rating"] = centre
        row["weighted_score"] = rounded(Fraction(weighed) / (row["num_votes"] + prior), 4)
        row["rating_percentile"] = _percentile(ratings, row["average_rating"])
        row["votes_percentile"] = _percentile(votes, row["num_votes"])


def _percentile(ordered: list[Any], value: Decimal | int) -> Decimal | None:
    return ratio(100 * bisect_right(ordered, value), len(ordered), 2)


def _rank(rows: list[Row]) -> None:
    """Number the sorted rows, all of them and within their type, decade and genre."""
    seen: Counter[tuple[str, object]] = Counter()
    for rank, row in enumerate(rows, 1):
        row["overall_rank"] = rank
        for column, within in (
            ("type_rank", "title_type"),
            ("decade_rank", "release_decade"),
            ("genre_rank", "primary_genre"),
        ):
            seen[column, row[within]] += 1
            # Titles without a type are a type; without a decade or a genre there is no rank.
            counts = column == "type_rank" or row[within] is not None
            row[column] = seen[column, row[within]] if counts else None
