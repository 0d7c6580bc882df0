"""mart_top_titles and mart_title_genre_ranks: rated titles with scores and ranks."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

from tests.e2e.oracle.exact import decade, mean, ratio, rounded
from tests.e2e.oracle.files import Files
from tests.e2e.oracle.seeds import Group, Seeds

Row = dict[str, Any]

_OF_THE_TITLE = (
    *("primary_title", "title_type", "type_group", "performance_tier", "start_year"),
    *("release_decade", "average_rating", "num_votes", "weighted_score", "score_percentile"),
    "is_adult",
)


def top_titles(files: Files, seeds: Seeds) -> list[Row]:
    """Return one row per rated title."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for title in files.titles.values():
        if title.rating.average is None or title.rating.votes is None:
            continue
        group = seeds.kind(title.title_type).group
        groups[group.name].append(
            {
                "tconst": title.tconst,
                "primary_title": title.primary_title,
                "original_title": title.original_title,
                "title_type": title.title_type,
                "type_group": group.name,
                "genres": title.genres,
                "start_year": title.start_year,
                "release_decade": decade(title.start_year),
                "runtime_minutes": title.runtime_minutes,
                "average_rating": title.rating.average,
                "num_votes": title.rating.votes,
                "is_adult": title.adult,
                "has_enough_votes": title.rating.votes >= group.least_votes,
            }
        )
    rows: list[Row] = []
    for name, of_group in groups.items():
        _score(of_group, seeds.groups[name])
        rows += of_group
    for row in rows:
        seeds.label("mart_top_titles", row)
    return rows


def _score(of_group: list[Row], group: Group) -> None:
    """Score and rank the titles of a type group against each other."""
    centre = mean((row["average_rating"] for row in of_group if not row["is_adult"]), 2)
    for row in of_group:
        row["group_rating"] = centre
        row["weighted_score"] = None
        if centre is not None:
            weighed = row["num_votes"] * row["average_rating"] + group.prior_votes * centre
            votes = row["num_votes"] + group.prior_votes
            row["weighted_score"] = rounded(Fraction(weighed) / votes, 4)
    ranked = [row for row in of_group if row["has_enough_votes"] and not row["is_adult"]]
    for column, measure in (
        ("rating_percentile", "average_rating"),
        ("votes_percentile", "num_votes"),
        ("score_percentile", "weighted_score"),
    ):
        values = sorted(row[measure] for row in ranked)
        for row in of_group:
            row[column] = None
        for row in ranked:
            below = bisect_right(values, row[measure])
            row[column] = ratio(100 * below, len(values), 2)
    for row in of_group:
        row.update(group_rank=None, type_rank=None, decade_rank=None)
    ranked.sort(key=lambda row: (-row["weighted_score"], -row["num_votes"], row["tconst"]))
    number(ranked, "group_rank", lambda _: True)
    number(ranked, "type_rank", lambda row: row["title_type"])
    dated = [row for row in ranked if row["release_decade"] is not None]
    number(dated, "decade_rank", lambda row: row["release_decade"])


def number(rows: Iterable[Row], column: str, within: Callable[[Row], object]) -> None:
    """Number rows in their order, from 1 in each value of `within`."""
    seen: Counter[object] = Counter()
    for row in rows:
        seen[within(row)] += 1
        row[column] = seen[within(row)]


def title_genre_ranks(top: list[Row]) -> list[Row]:
    """Return one row per rated title and genre; `top` are the rows of mart_top_titles."""
    rows: list[Row] = [
        {
            "tconst": title["tconst"],
            "genre": genre,
            "group_rank": title["group_rank"],
            "genre_rank": None,
            "genre_decade_rank": None,
            **{column: title[column] for column in _OF_THE_TITLE},
        }
        for title in top
        for genre in dict.fromkeys(title["genres"] or ())
    ]
    ranked = [row for row in rows if row["group_rank"] is not None]
    ranked.sort(key=lambda row: int(row["group_rank"]))
    number(ranked, "genre_rank", lambda row: (row["genre"], row["type_group"]))
    dated = [row for row in ranked if row["release_decade"] is not None]
    number(
        dated,
        "genre_decade_rank",
        lambda row: (row["genre"], row["type_group"], row["release_decade"]),
    )
    ranked_titles = Counter((row["genre"], row["type_group"]) for row in ranked)
    for row in rows:
        row["genre_titles"] = ranked_titles[row["genre"], row["type_group"]]
        del row["group_rank"]
    return rows
