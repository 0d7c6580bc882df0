"""Another origin under a dataset begins another history, and the log says so before the load."""

import pytest

from imdb_pipeline.config import dataset_named
from tests.support.loads import LoadedWarehouse
from tests.support.snapshots import RATINGS, THREE_ROWS, TWO_ROWS, Row

CREW = dataset_named("title.crew")
REAL: list[Row] = [("tt0000002", "8.0", "900"), ("tt0000007", "3.1", "40")]
HISTORIES = (
    "select origin, history_begins, method, changes_kept from meta.load_log order by load_id"
)


def test_the_first_load_from_another_origin_begins_a_history(
    warehouse: LoadedWarehouse, caplog: pytest.LogCaptureFixture
) -> None:
    warehouse.load(TWO_ROWS, origin="sample")
    warehouse.refresh(THREE_ROWS, origin="sample")

    with caplog.at_level("WARNING"):
        outcome = warehouse.refresh(REAL, origin="imdb")

    (said,) = [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("warehouse") and record.levelname == "WARNING"
    ]
    assert said.startswith(
        "title.ratings: the rows in raw.imdb_title_ratings are from sample, and are replaced by "
        "those of imdb. A new history begins"
    )
    assert outcome.why_full == "it is the first load from imdb"
    load = outcome.load
    assert (load.rows_inserted, load.rows_updated, load.rows_deleted) == (2, 0, 0)
    assert warehouse.rows() == REAL
    assert warehouse.changes()[-2:] == [(3, "inserted", True, *row) for row in REAL]
    assert warehouse.database.query(HISTORIES) == [
        ("sample", True, "full", True),
        ("sample", False, "delta", True),
        ("imdb", True, "full", False),
    ]


def test_a_new_history_is_continued_by_deltas_of_its_own(warehouse: LoadedWarehouse) -> None:
    warehouse.load(TWO_ROWS, origin="sample")
    warehouse.refresh(REAL, origin="imdb")

    outcome = warehouse.refresh(REAL[:1], origin="imdb")

    assert (outcome.load.method, outcome.load.rows_deleted) == ("delta", 1)
    assert (outcome.load.history_begins, outcome.load.changes_kept) == (False, True)


def test_a_full_load_compares_with_its_own_history_only(warehouse: LoadedWarehouse) -> None:
    warehouse.load(TWO_ROWS, origin="sample")
    warehouse.load(REAL, origin="imdb")
    warehouse.database.execute("truncate raw.imdb_title_ratings")

    load = warehouse.load(REAL[:1], origin="imdb").load

    assert (load.method, load.rows_inserted, load.rows_deleted) == ("full", 0, 1)
    assert warehouse.changes()[-1] == (3, "deleted", False, *REAL[1])


def test_going_back_to_an_earlier_origin_is_a_history_too(warehouse: LoadedWarehouse) -> None:
    for rows, origin in ((TWO_ROWS, "sample"), (REAL, "imdb"), (TWO_ROWS, "sample")):
        assert warehouse.load(rows, origin=origin).load.history_begins


def test_the_same_file_under_another_name_is_another_history(warehouse: LoadedWarehouse) -> None:
    warehouse.load(TWO_ROWS, origin="monday")

    outcome = warehouse.load(TWO_ROWS, origin="tuesday")

    assert (outcome.written, outcome.load.history_begins) == (True, True)
    assert not warehouse.load(TWO_ROWS, origin="tuesday").written


def test_a_dataset_without_history_keeps_what_changed(warehouse: LoadedWarehouse) -> None:
    warehouse.load([("tt1", "nm1", "nm2"), ("tt2", "nm1", "nm2")], dataset=CREW, origin="sample")

    load = warehouse.load([("tt1", "nm1", "nm3")], dataset=CREW, origin="imdb").load

    assert (load.rows_updated, load.rows_deleted) == (1, 1)
    assert (load.history_begins, load.changes_kept) == (True, True)
    assert RATINGS.history
    assert not CREW.history
