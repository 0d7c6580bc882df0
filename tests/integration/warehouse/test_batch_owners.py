"""A source lands the answers of one origin at a time."""

import pytest

from tests.support.postgres import Database
from warehouse.database.connection import connected
from warehouse.errors import WarehouseRefused, WarehouseUnavailable
from warehouse.raw.api_batch import ApiDataset, ApiRun, api_batch, end_killed

THINGS = ApiDataset("toy", "things", "toy_things", ("id",))
OTHERS = ApiDataset("toy", "others", "toy_things", ("id",))
HERE, THERE = ApiRun("a DAG", "here", "one place"), ApiRun("a DAG", "there", "another place")


@pytest.fixture(autouse=True)
def _table(database: Database) -> None:
    database.execute(
        "select meta.make_answer_table('toy_things', 'toy', 'things', 'id bigint')", role="pipeline"
    )


def land(database: Database, run: ApiRun, dataset: ApiDataset = OTHERS) -> None:
    """Begin and end a batch, in a session of its own."""
    with (
        connected(database.url, purpose=run.run_id) as connection,
        api_batch(connection, dataset, run, patience=0),
    ):
        pass


def test_a_run_with_another_origin_waits_for_the_batches_of_the_first(database: Database) -> None:
    with (
        connected(database.url, purpose="here") as connection,
        api_batch(connection, THINGS, HERE, patience=0),
    ):
        land(database, ApiRun("a DAG", "beside", HERE.origin))
        with pytest.raises(
            WarehouseUnavailable, match=r"run there: run here is landing answers of one place"
        ):
            land(database, THERE)
    assert database.value("select count(*) from meta.api_batch_log where run_id = 'there'") == 0

    land(database, THERE)


def test_a_run_whose_origin_was_replaced_lands_no_more(database: Database) -> None:
    land(database, HERE)
    land(database, THERE)

    with pytest.raises(
        WarehouseRefused, match=r"run here: run there has begun the history of another place"
    ):
        land(database, HERE)
    land(database, ApiRun("a DAG", "new", HERE.origin))


def test_a_killed_batch_of_another_origin_keeps_no_run_out(database: Database) -> None:
    database.execute(
        "insert into meta.api_batch_log (source, dataset, dag_id, run_id, origin) "
        "values ('toy', 'things', 'a DAG', 'here', 'one place')"
    )
    land(database, THERE)

    with connected(database.url, purpose="a test") as connection:
        assert len(end_killed(connection, THINGS, patience=0)) == 1
