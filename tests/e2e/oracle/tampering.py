"""Proof that a comparison with a mart can fail: it is given rows that are wrong."""

from copy import deepcopy
from decimal import Decimal
from typing import Any

from tests.e2e.oracle.compare import Comparison, compare
from tests.e2e.oracle.marts import Mart

_ROWS = 60


def check_that_values_are_compared(mart: Mart) -> None:
    """Assert that one wrong value in any column is found and reported."""
    for column in mart.rows[0]:
        expected, found = _some_rows(mart)
        wrong = found[min(7, len(found) - 1)]
        value = wrong[column]
        wrong[column] = _other_than(value)
        comparison = compare(expected, found)
        assert not comparison.agrees, column
        if column not in mart.key:
            (difference,) = comparison.differences
            assert difference.key == tuple(wrong[part] for part in mart.key)
            assert (difference.column, difference.expected) == (column, value)
            assert f"{column}: expected {value!r}" in comparison.report()


def check_that_rows_are_compared(mart: Mart) -> None:
    """Assert that a row or a column too many or too few is found."""
    expected, found = _some_rows(mart)
    assert compare(expected, found).agrees
    assert _counts(compare(expected, found[1:])) == (1, 0, 0)
    assert _counts(compare(expected, [*found, found[0]])) == (0, 1, 0)
    assert _counts(compare(Mart(mart.name, mart.key, expected.rows[1:]), found)) == (0, 1, 0)
    assert _counts(compare(expected, [{**found[0], "new": None}, *found[1:]])) == (0, 0, 1)


def _some_rows(mart: Mart) -> tuple[Mart, list[dict[str, Any]]]:
    """The first rows as expected, and a copy of them to tamper with."""
    rows = mart.rows[:_ROWS]
    return Mart(mart.name, mart.key, rows), [dict(row) for row in deepcopy(rows)]


def _other_than(value: object) -> object:
    """The nearest value that is wrong."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal):
        return value + Decimal(1).scaleb(int(value.as_tuple().exponent))
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return value + " "
    if isinstance(value, list):
        return value[::-1] if len(set(value)) > 1 else [*value, *value]
    return 0


def _counts(comparison: Comparison) -> tuple[int, int, int]:
    """Rows missing, rows extra, values that differ."""
    return len(comparison.missing), len(comparison.extra), len(comparison.differences)
