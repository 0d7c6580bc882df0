"""Every row and column of the published marts against a second, independent computation."""

import csv
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.e2e.oracle.compare import compare, fetch
from tests.e2e.oracle.history import RatingsLoad
from tests.e2e.oracle.marts import KEYS, Mart, expected_marts
from tests.e2e.oracle.quality import QualityLoad
from tests.e2e.oracle.tampering import check_that_rows_are_compared, check_that_values_are_compared

SEEDS = Path(__file__).parents[2] / "dags" / "dbt" / "seeds" / "imdb"


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
    check_that_values_are_compared(expected[name])


def test_the_comparison_sees_rows_and_columns_that_come_and_go(
    name: str, expected: dict[str, Mart]
) -> None:
    check_that_rows_are_compared(expected[name])
