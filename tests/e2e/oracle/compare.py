"""A mart as it is published against the same mart as the oracle has it."""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extras import RealDictCursor

from tests.e2e.oracle.marts import Mart

_ABSENT = "(no such column)"


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that is not the expected one."""

    key: tuple[Any, ...]
    column: str
    expected: object
    found: object


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs; empty where mart and oracle agree in every row and every column."""

    mart: str
    missing: list[tuple[Any, ...]]
    extra: list[tuple[Any, ...]]
    differences: list[Difference]

    @property
    def agrees(self) -> bool:
        """Whether nothing differs."""
        return not (self.missing or self.extra or self.differences)

    def report(self, most: int = 20) -> str:
        """Counts, and the first `most` of each sort."""
        counts = (len(self.missing), len(self.extra), len(self.differences))
        lines = ["{}: {} rows missing, {} extra, {} values differ".format(self.mart, *counts)]
        lines += [f"  missing {key}" for key in self.missing[:most]]
        lines += [f"  extra   {key}" for key in self.extra[:most]]
        lines += [
            f"  {one.key} {one.column}: expected {one.expected!r}, found {one.found!r}"
            for one in self.differences[:most]
        ]
        return "\n".join(lines)


def fetch(url: str, mart: str) -> list[dict[str, Any]]:
    """All rows of a mart, its name unqualified as an analyst types it."""
    with (
        contextlib.closing(psycopg2.connect(url)) as connection,
        connection.cursor(cursor_factory=RealDictCursor) as cursor,
    ):
        cursor.execute(sql.SQL("select * from {}").format(sql.Identifier(mart)))
        return [dict(row) for row in cursor.fetchall()]


def compare(expected: Mart, found: Sequence[Mapping[str, Any]]) -> Comparison:
    """Compare by key; exactly, for no column of a mart is a float."""
    want, have = _by_key(expected, expected.rows), _by_key(expected, found)
    # A key that comes twice is an extra row, too.
    twice = [key for key, rows in have.items() for _ in rows[1:] if key in want]
    differences = [
        Difference(key, column, row.get(column, _ABSENT), other.get(column, _ABSENT))
        for key, (row, *_) in want.items()
        for other in have.get(key, [])[:1]
        for column in {**row, **other}
        if not _same(row.get(column, _ABSENT), other.get(column, _ABSENT))
    ]
    return Comparison(
        expected.name,
        sorted(want.keys() - have.keys(), key=str),
        sorted([*(have.keys() - want.keys()), *twice], key=str),
        differences,
    )


def _by_key(
    mart: Mart, rows: Iterable[Mapping[str, Any]]
) -> dict[tuple[Any, ...], list[Mapping[str, Any]]]:
    found: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(tuple(row[column] for column in mart.key), []).append(row)
    return found


def _same(one: object, other: object) -> bool:
    # True == 1, but a flag is no number.
    return one == other and isinstance(one, bool) == isinstance(other, bool)
