"""Two tables that should be the same: their rows as they stand, columns, keys and indexes."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.support.postgres import Database

# Rows of one kind that a report shows.
_SHOWN = 5
_IDS = re.compile(r"\b(?:tt|nm)\d+\b")


@dataclass(frozen=True)
class Place:
    """A table or view of a database."""

    database: Database
    schema: str
    name: str

    @property
    def quoted(self) -> str:
        return f'"{self.schema}"."{self.name}"'

    @property
    def exists(self) -> bool:
        return bool(self.database.value("select to_regclass(%s) is not null", self.quoted))

    def rows(self) -> Counter[str]:
        """Every row as JSON, and how often it is there. 1.0 and 1.00 are not the same here."""
        rows = self.database.query(f"select row_to_json(each)::text from {self.quoted} as each")
        return Counter(row for (row,) in rows)

    def versions(self) -> Counter[tuple[str, str]]:
        """Every row with the transaction that wrote it last."""
        return Counter(
            self.database.query(
                f"select md5(each::text), each.xmin::text from {self.quoted} as each"
            )
        )

    def shape(self) -> list[str]:
        """Columns with their types, in order, and what keys and indexes there are on them."""
        columns = self.database.query(
            "select concat_ws(' ', attname, format_type(atttypid, atttypmod), "
            "case when attnotnull then 'not null' end) from pg_attribute "
            "where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum",
            self.quoted,
        )
        indexes = self.database.query(
            "select concat_ws(' ', case when indisprimary then 'key' when indisunique then "
            "'unique' end, regexp_replace(pg_get_indexdef(indexrelid), '.* USING ', 'index ')) "
            "from pg_index where indrelid = %s::regclass order by 1",
            self.quoted,
        )
        return [line for (line,) in [*columns, *indexes]]


def difference(daily: Place, fresh: Place) -> str | None:
    """How `daily` is not `fresh`, in words; None where they are the same."""
    if not (daily.exists and fresh.exists):
        there = {True: "is there", False: "is not there"}
        return f"{daily.name}: daily {there[daily.exists]}, fresh {there[fresh.exists]}"
    found = []
    shapes = daily.shape(), fresh.shape()
    if shapes[0] != shapes[1]:
        found.append(f"  columns or indexes: daily {shapes[0]}\n  fresh {shapes[1]}")
    mine, other = daily.rows(), fresh.rows()
    surplus, missing = list((mine - other).elements()), list((other - mine).elements())
    if surplus or missing:
        found += _pairs(sorted(surplus), sorted(missing))
    if not found:
        return None
    counted = f"{len(surplus)} rows of {mine.total()} are only in daily, "
    counted += f"{len(missing)} of {other.total()} only in fresh"
    return "\n".join([f"{daily.name}: {counted}", *found])


def ids_in(report: str) -> set[str]:
    """The titles and people that a report names."""
    return set(_IDS.findall(report))


def written_for_nothing(
    before: Counter[tuple[str, str]], after: Counter[tuple[str, str]]
) -> list[str]:
    """Hashes of rows that are as they were and yet were written."""
    contents = Counter(content for content, _ in (before - after).elements())
    rewritten = Counter(content for content, _ in (after - before).elements())
    return sorted((contents & rewritten).elements())


def _pairs(surplus: list[str], missing: list[str]) -> Iterable[str]:
    """Rows of the two sides that are most alike, with what differs in them."""
    others = [json.loads(row) for row in missing]
    pairs: list[tuple[dict[str, Any], dict[str, Any] | None]] = []
    for row in map(json.loads, surplus):
        other = max(others, key=partial(_alike, row), default=None)
        if other is not None and 2 * _alike(row, other) < len(row):
            other = None
        if other is not None:
            others.remove(other)
        pairs.append((row, other))
    for row, other in pairs[:_SHOWN]:
        if other is None:
            yield f"  only in daily: {json.dumps(row, ensure_ascii=False)}"
            continue
        unlike = {name for name in row if row[name] != other[name]}
        same = {name: value for name, value in row.items() if name not in unlike}
        yield f"  {json.dumps(dict(list(same.items())[:3]), ensure_ascii=False)}"
        yield from (
            f"    {name}: daily {row[name]!r}, fresh {other[name]!r}" for name in sorted(unlike)
        )
    for row in others[:_SHOWN]:
        yield f"  only in fresh: {json.dumps(row, ensure_ascii=False)}"


def _alike(row: dict[str, Any], other: dict[str, Any]) -> int:
    """How many columns have the same value; the first one, which is of the key, decides."""
    first = next(iter(row))
    same = len([name for name in row if row[name] == other.get(name)])
    return same + (len(row) if row[first] == other.get(first) else 0)
