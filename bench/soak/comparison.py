"""Is the warehouse that lived through all days the one that is built from nothing on the last?"""

from collections import Counter
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

from psycopg2 import sql

from bench.soak.history import RatingsLoad, Version, movers, versions
from bench.soak.installation import Installation

_LAYERS = ["raw", "staging", "intermediate", "marts"]
# What remembers each load: a clean build knows of one only. The first two are played again.
_HISTORY, _MOVERS = "mart_rating_history", "mart_rating_movers"
_MARKS = "high_water_mark"
# Of this one the newest loads are the same, by whatever way their figures came about.
_QUALITY = "mart_load_quality"
_NEWEST = "select dataset, measure, column_name, value from {} where is_newest"
_SHOWN = 3


def compare(daily: Installation, fresh: Installation) -> tuple[dict[str, int], list[str]]:
    """Return the rows of each table compared, and how the two differ, in words."""
    mine, other = _tables(daily), _tables(fresh)
    found = [f"{name} is only in one of the two" for name in sorted(mine ^ other)]
    rows = {}
    for name in sorted(mine & other):
        here, there = _rows(daily, name), _rows(fresh, name)
        rows[name] = here.total()
        surplus, missing = sorted((here - there).elements()), sorted((there - here).elements())
        if surplus or missing:
            found.append(
                f"{name}: {len(surplus)} rows are only in the warehouse of all days, "
                f"{len(missing)} only in the clean build; e.g. {surplus[:_SHOWN]} and "
                f"{missing[:_SHOWN]}"
            )
    return rows, found


def _tables(installation: Installation) -> set[str]:
    found = installation.rows(
        "select schemaname || '.' || tablename from pg_tables where schemaname = any (%s) "
        "union all select schemaname || '.' || viewname from pg_views where schemaname = any (%s)",
        _LAYERS,
        _LAYERS,
    )
    names = {str(name) for (name,) in found}
    remember = {_HISTORY, _MOVERS, _MARKS}
    return {
        name
        for name in names
        if name.split(".")[1] not in remember and not name.endswith("_changes")
    }


def _rows(installation: Installation, name: str) -> Counter[str]:
    what = f"({_NEWEST})" if name.endswith(f".{_QUALITY}") else "{}"
    rows = installation.rows(
        sql.SQL(f"select row_to_json(each)::text from {what} as each").format(
            sql.Identifier(*name.split("."))
        )
    )
    return Counter(str(row) for (row,) in rows)


def replay(daily: Installation, files: Mapping[str, Path]) -> tuple[int, list[str]]:
    """Play the history of ratings again; return its versions and how the warehouse's differs.

    `files` are the files of title.ratings that were ever served, by their SHA-256.
    """
    ledger = daily.rows(
        "select load_id, loaded_at, snapshot_sha256 from meta.load_log "
        "where dataset = 'title.ratings' order by load_id"
    )
    unknown = [load_id for load_id, _, sha256 in ledger if sha256 not in files]
    if unknown:
        return 0, [f"load {unknown[0]} of title.ratings is of a file that was never served"]
    loads = [RatingsLoad(load_id, at, files[sha256]) for load_id, at, sha256 in ledger]
    expected = versions(loads)
    found = {
        Version(*row)
        for row in daily.rows(
            "select tconst, average_rating, num_votes, valid_from_load_id::int, "
            "valid_to_load_id::int, is_removed from marts.mart_rating_history"
        )
    }
    problems = _differences(_HISTORY, found, expected)
    lists = daily.rows(
        "select measure, direction, mover_rank::int, tconst, rating_before, rating_now, "
        "votes_before, votes_now from marts.mart_rating_movers where period = 'last load'"
    )
    problems += _differences(_MOVERS, set(lists), movers(expected))
    return len(expected), problems


def _differences(name: str, found: Set[Any], expected: Set[Any]) -> list[str]:
    if found == expected:
        return []
    surplus, missing = found - expected, expected - found
    counts = f"{len(surplus)} rows that the files do not give, {len(missing)} missing"
    examples = f"{list(surplus)[:_SHOWN]} and {list(missing)[:_SHOWN]}"
    return [f"{name}: {counts}; e.g. {examples}"]
