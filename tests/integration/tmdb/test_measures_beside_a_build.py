"""Numbers of a day that a sync writes over stay in the models until its batch has ended."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

from psycopg2.extensions import connection as Connection

from tests.support.postgres import Database
from tmdb_pipeline.config import KINDS, MEASURES
from tmdb_pipeline.landing import Measure, write_measures
from warehouse.database.connection import connected
from warehouse.raw.api_batch import ApiBatch, ApiRun, api_batch

NOW = datetime(2031, 6, 2, 6, tzinfo=UTC)
NEWEST = "select id, popularity, vote_count, list_rank from raw.tmdb_measures_newest order by id"


@contextmanager
def batch_of(database: Database, run_id: str) -> Iterator[tuple[Connection, ApiBatch]]:
    """A batch of numbers that is open, with its session."""
    with (
        connected(database.url, purpose=run_id) as connection,
        api_batch(connection, MEASURES, ApiRun("a DAG", run_id, "sample"), patience=0) as batch,
    ):
        yield connection, batch


def write(open_batch: tuple[Connection, ApiBatch], *measures: Measure) -> None:
    connection, batch = open_batch
    with connection, connection.cursor() as cursor:
        write_measures(cursor, batch, KINDS[0], measures, NOW)


def measure(number: int, popularity: float, **more: Any) -> Measure:
    return Measure(number, popularity, None, **({"vote_count": 7} | more))


def test_numbers_that_an_open_batch_writes_over_are_those_of_the_last_ended_one(
    database: Database,
) -> None:
    with batch_of(database, "one") as one:
        write(one, measure(1, 1.5, list_rank=4), measure(2, 2.5))
    before = [(1, 1.5, 7, 4), (2, 2.5, 7, None)]
    load_ids = database.query("select distinct load_id from raw.tmdb_measures_changes")
    assert database.query(NEWEST) == before

    with ExitStack() as stack:
        two = stack.enter_context(batch_of(database, "two"))
        write(two, measure(1, 3.5, list_rank=2), measure(3, 9.5))
        write(two, measure(1, 4.5))
        assert database.query(NEWEST) == before
        with batch_of(database, "three") as three:
            write(three, measure(1, 5.5, vote_count=8))
            assert database.query(NEWEST) == before
            assert (
                database.query("select distinct load_id from raw.tmdb_measures_changes") == load_ids
            )
        assert database.query(NEWEST) == [(1, 5.5, 8, 2), (2, 2.5, 7, None)]

    assert database.query(NEWEST) == [(1, 5.5, 8, 2), (2, 2.5, 7, None), (3, 9.5, 7, None)]
    assert database.query(NEWEST.replace("newest", "changes")) == database.query(NEWEST)
