"""Every row and column of the published marts against a second, independent computation."""

import csv
from collections import defaultdict
from collections.abc import Sequence
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.e2e.oracle.compare import Comparison, compare, fetch
from tests.e2e.oracle.history import RatingsLoad
from tests.e2e.oracle.marts import KEYS, Mart, expected_marts
from tests.e2e.oracle.quality import QualityLoad

SEEDS = Path(__file__).parents[2] / "dags" / "dbt" / "seeds" / "imdb"
ROWS_TO_TAMPER_WITH = 60


class PublishedTables(Protocol):
    """A warehouse that has published the marts of a folder of files."""

    @property
    def sample(self) -> Path: ...
    @property
    def analyst_url(self) -> str: ...
    @property
    def reference_year(self) -> int: ...
    @property
    def ratings_loads(self) -> Sequence[RatingsLoad]: ...
    @property
    def loads(self) -> Sequence[QualityLoad]: ...


def labels_of_seed() -> dict[tuple[str, str], set[str]]:
    """Labels by mart and label column."""
    labels: dict[tuple[str, str], set[str]] = defaultdict(set)
    with (SEEDS / "label_thresholds.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            labels[row["model"], row["label_column"]].add(row["label"])
    return labels


LABELS = labels_of_seed()
# The sample has no genre that begins within its last ten years.
NOT_IN_THE_SAMPLE = {"No Baseline"}


@pytest.fixture(scope="module")
def expected(published: PublishedTables) -> dict[str, Mart]:
    """The marts of the published sample, computed from its files."""
    return expected_marts(
        published.sample,
        SEEDS,
        published.reference_year,
        published.ratings_loads,
        published.loads,
    )


@pytest.fixture(scope="module")
def found(published: PublishedTables) -> dict[str, list[dict[str, Any]]]:
    """The marts as an analyst reads them."""
    return {name: fetch(published.analyst_url, name) for name in KEYS}


@pytest.fixture(params=KEYS)
def name(request: pytest.FixtureRequest, published: PublishedTables) -> str:
    """Each mart that the published day has rows of."""
    name: str = request.param
    if name == "mart_rating_movers" and len(published.ratings_loads) < 2:
        pytest.skip("after the first load nothing has moved")
    return name


def test_mart_agrees_with_the_oracle(
    name: str, expected: dict[str, Mart], found: dict[str, list[dict[str, Any]]]
) -> None:
    assert found[name], "an empty mart proves nothing"
    comparison = compare(expected[name], found[name])
    assert comparison.agrees, comparison.report()


@pytest.mark.parametrize(("mart", "label_column"), sorted(LABELS))
def test_each_label_of_every_mart_occurs(
    mart: str, label_column: str, found: dict[str, list[dict[str, Any]]]
) -> None:
    expected = LABELS[mart, label_column] - NOT_IN_THE_SAMPLE
    assert {row[label_column] for row in found[mart]} - NOT_IN_THE_SAMPLE == expected


def test_the_comparison_sees_one_wrong_value_in_any_column(
    name: str, expected: dict[str, Mart]
) -> None:
    for column in expected[name].rows[0]:
        mart, found = some_rows(expected[name])
        value = found[7][column]
        found[7][column] = other_than(value)
        comparison = compare(mart, found)
        assert not comparison.agrees, column
        if column not in mart.key:
            (difference,) = comparison.differences
            assert difference.key == tuple(found[7][part] for part in mart.key)
            assert (difference.column, difference.expected) == (column, value)
            assert f"{column}: expected {value!r}" in comparison.report()


def test_the_comparison_sees_rows_and_columns_that_come_and_go(
    name: str, expected: dict[str, Mart]
) -> None:
    mart, found = some_rows(expected[name])
    assert compare(mart, found).agrees
    assert counts(compare(mart, found[1:])) == (1, 0, 0)
    assert counts(compare(mart, [*found, found[0]])) == (0, 1, 0)
    assert counts(compare(Mart(name, mart.key, mart.rows[1:]), found)) == (0, 1, 0)
    assert counts(compare(mart, [{**found[0], "new": None}, *found[1:]])) == (0, 0, 1)


def some_rows(mart: Mart) -> tuple[Mart, list[dict[str, Any]]]:
    """The first rows as expected, and a copy of them to tamper with."""
    rows = mart.rows[:ROWS_TO_TAMPER_WITH]
    return Mart(mart.name, mart.key, rows), [dict(row) for row in deepcopy(rows)]


def other_than(value: object) -> object:
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


def counts(comparison: Comparison) -> tuple[int, int, int]:
    """Rows missing, rows extra, values that differ."""
    return len(comparison.missing), len(comparison.extra), len(comparison.differences)
