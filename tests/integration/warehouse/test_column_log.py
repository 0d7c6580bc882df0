"""Each load notes what its columns hold: a full load and a delta of the same file alike."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imdb_pipeline.config import DATASETS, dataset_named
from tests.support.loads import LoadedWarehouse
from tests.support.snapshots import ODD_ROWS, RATINGS, THREE_ROWS, TWO_ROWS, N, Row
from warehouse.errors import WarehouseRefused
from warehouse.raw import profile
from warehouse.raw.dataset import Dataset
from warehouse.raw.raw_table import RawTable

EPISODE = dataset_named("title.episode")
NOTED = "select column_name, rows, nulls, numbers, total from meta.column_log where load_id = {}"


def noted(
    warehouse: LoadedWarehouse, load_id: str = "(select max(load_id) from meta.load_log)"
) -> Any:
    """What a load noted of each column (the newest one), by its name."""
    rows = warehouse.database.query(NOTED.format(load_id))
    return {name: tuple(figures) for name, *figures in rows}


def counted(warehouse: LoadedWarehouse, dataset: Dataset = RATINGS) -> Any:
    """What the raw table holds, counted now; nothing is kept."""
    with warehouse.database.session() as session, session.cursor() as cursor:
        raw = RawTable(dataset)
        profile.note_counted(cursor, raw, 1_000_000, raw.table)
        cursor.execute(NOTED.format(1_000_000))
        return {name: tuple(figures) for name, *figures in cursor.fetchall()}


def test_a_full_load_notes_every_column_but_the_key(warehouse: LoadedWarehouse) -> None:
    warehouse.load([("tt1", "8.5", "7"), ("tt2", N, ""), ("tt3", "10.0", "many")])

    assert noted(warehouse) == {
        "average_rating": (3, 1, 2, Decimal("18.5")),
        "num_votes": (3, 1, 1, 7),
    }
    assert warehouse.database.query("select distinct dataset from column_log", role="analyst") == [
        ("title.ratings",)
    ]


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: str(dataset.name))
def test_a_delta_notes_the_same_as_a_full_load_of_its_file(
    warehouse: LoadedWarehouse, dataset: Dataset
) -> None:
    rows = ODD_ROWS[dataset.name]
    other = [(*row[:-1], "7") for row in rows[:2]]
    warehouse.load(other, dataset=dataset)

    for file in (rows, other, rows[1:]):
        assert warehouse.refresh(file, dataset=dataset).why_full is None
        assert noted(warehouse) == counted(warehouse, dataset)
        assert set(noted(warehouse)) == set(dataset.table_columns) - set(dataset.table_key)


_TEXTS = st.sampled_from(
    (
        *(N, "", "0", "7", "007", "-7", " 7", "7 ", "8.25", "1e3", "0x1F", "1_000", "many", "٧"),
        *("2147483648", "9223372036854775807", "9223372036854775808", "9" * 40, "1e400000"),
        *("NaN", "Infinity", "999999999999.999999", "0.1234567"),
    )
)
_FILES = st.dictionaries(
    st.sampled_from([f"tt{n}" for n in (1, 10, 2, 3)]), st.tuples(_TEXTS, _TEXTS), min_size=1
).map(lambda rows: [(key, *rows[key]) for key in sorted(rows)])


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(files=st.lists(_FILES, min_size=2, max_size=5))
def test_whatever_the_values_deltas_count_as_a_scan_does(
    warehouse: LoadedWarehouse, files: list[list[Row]]
) -> None:
    warehouse.load(files[0], force=True)
    for file in files[1:]:
        assert warehouse.refresh(file).why_full is None
        assert noted(warehouse) == counted(warehouse)


@pytest.mark.parametrize(
    ("text", "integer", "decimal"),
    [
        ("7", True, True),
        ("8.5", False, True),
        ("-7", True, False),
        ("NaN", False, False),
        ("1e400000", False, False),
        ("9" * 40, False, False),
        ("7 years", False, False),
    ],
)
def test_what_is_a_number(
    warehouse: LoadedWarehouse, text: str, integer: bool, decimal: bool
) -> None:  # fmt: skip
    warehouse.load([("tt1", text, text)])

    assert noted(warehouse)["num_votes"][2] == integer
    assert noted(warehouse)["average_rating"][2] == decimal


@pytest.mark.parametrize(
    "happened",
    [
        "delete from meta.column_log",
        "delete from meta.column_log where column_name = 'num_votes'",
        "update meta.column_log set numbers = null, total = null",
        "update meta.column_log set nulls = 0, numbers = 0",
        "update meta.column_log set rows = 0, nulls = 0, numbers = 0 where numbers is not null",
    ],
)
def test_where_there_is_nothing_to_go_on_from_the_table_is_counted(
    warehouse: LoadedWarehouse, happened: str
) -> None:
    """A warehouse of an earlier version, other columns, counts that cannot be."""
    warehouse.load([*TWO_ROWS, ("tt0000003", N, "7")])
    warehouse.database.execute(happened)

    assert warehouse.refresh(TWO_ROWS).why_full is None
    assert noted(warehouse) == counted(warehouse)


def test_the_figures_and_the_load_come_together_or_not_at_all(warehouse: LoadedWarehouse) -> None:
    warehouse.load(TWO_ROWS)
    warehouse.database.execute("revoke insert on meta.column_log from pipeline")

    for load in (warehouse.refresh, warehouse.load):
        with pytest.raises(WarehouseRefused, match="permission denied for table column_log"):
            load(THREE_ROWS)
        assert warehouse.rows() == TWO_ROWS
        assert len(warehouse.ledger()) == 1


def test_a_warehouse_without_the_table_is_told_what_to_do(warehouse: LoadedWarehouse) -> None:
    warehouse.database.execute("drop table meta.column_log")

    with pytest.raises(WarehouseRefused, match=r"column_log.*make schema"):
        warehouse.load(TWO_ROWS)
    assert warehouse.rows() == []


def test_a_ledger_that_begins_again_is_not_in_the_way(warehouse: LoadedWarehouse) -> None:
    warehouse.load(TWO_ROWS)
    warehouse.database.execute("truncate meta.load_log restart identity")

    warehouse.load(THREE_ROWS)

    assert noted(warehouse) == counted(warehouse)


def test_the_same_file_again_notes_nothing(warehouse: LoadedWarehouse) -> None:
    warehouse.load(TWO_ROWS)
    before = warehouse.database.query("select *, xmin from meta.column_log")
    assert not warehouse.load(TWO_ROWS).written

    assert warehouse.database.query("select *, xmin from meta.column_log") == before
