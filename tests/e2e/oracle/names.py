"""mart_title_search: every name of every title that is no episode."""

from math import inf
from typing import Any

from tests.e2e.oracle.files import Aka, Files, Title

Row = dict[str, Any]

_KINDS = ("primary", "original", "aka")


def title_search(files: Files) -> list[Row]:
    """Return one row per title and distinct name."""
    return [
        row
        for title in files.titles.values()
        if title.title_type != "tvEpisode"
        for row in _names(title, files.akas.get(title.tconst, []))
    ]


def _names(title: Title, akas: list[Aka]) -> list[Row]:
    # An aka with a region before one without, then the lowest ordering.
    aka_of: dict[str | None, Aka] = {}
    for aka in sorted(akas, key=lambda aka: (aka.region is None, aka.ordering)):
        aka_of.setdefault(aka.title, aka)
    rows: list[Row] = []
    for name in {title.primary_title, title.original_title, *aka_of} - {None}:
        aka_with_name = aka_of.get(name)
        rows.append(
            {
                "tconst": title.tconst,
                "name": name,
                "name_kind": _kind(name, title),
                "region": aka_with_name and aka_with_name.region,
                "language": aka_with_name and aka_with_name.language,
                "primary_title": title.primary_title,
                "title_type": title.title_type,
                "start_year": title.start_year,
                "average_rating": title.rating.average,
                "num_votes": title.rating.votes or 0,
                "is_adult": title.adult,
                "name_number": aka_with_name.ordering if aka_with_name else inf,
            }
        )
    rows.sort(key=lambda row: (_KINDS.index(row["name_kind"]), row["name_number"], row["name"]))
    for number, row in enumerate(rows, 1):
        row["name_number"] = number
    return rows


def _kind(name: str | None, title: Title) -> str:
    if name == title.primary_title:
        return "primary"
    return "original" if name == title.original_title else "aka"
