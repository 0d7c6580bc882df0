"""The ledger gives back what was noted, newest first."""

from dataclasses import replace

import psycopg2
import pytest

from tests.support.postgres import Database
from warehouse.raw.ledger import (
    Load,
    SourceFile,
    last_load,
    last_load_id,
    newest_load_id,
    next_load_id,
    record,
)

FILE = SourceFile(
    sha256="a" * 64,
    bytes=5_000_000_000,
    url="http://127.0.0.1/title.crew.tsv.gz",
    etag='W/"one"',
    last_modified="Mon, 02 Jun 2031 05:04:03 GMT",
)
LOAD = Load(
    source="imdb",
    dataset="title.crew",
    origin="sample",
    rows=4_000_000_000,
    rows_inserted=3,
    rows_updated=2,
    rows_deleted=1,
    seconds=1.25,
    file=FILE,
    dag_id="imdb_pipeline",
    run_id="manual",
    method="delta",
    changes_kept=True,
    history_begins=True,
)


def test_an_empty_ledger_knows_nothing(database: Database) -> None:
    with database.session() as session, session.cursor() as cursor:
        assert last_load(cursor, "imdb", "title.crew") is None
        assert last_load_id(cursor, "imdb", "title.crew") is None
        assert newest_load_id(cursor, "imdb") == 0


def test_the_last_load_of_a_dataset_comes_back_whole(database: Database) -> None:
    other = replace(LOAD, dataset="title.basics", file=SourceFile("b", 7))
    with database.session() as session, session.cursor() as cursor:
        first = record(cursor, replace(LOAD, rows=1))
        second = record(cursor, LOAD)
        third = record(cursor, other)

        assert first < second < third == newest_load_id(cursor, "imdb")
        assert last_load(cursor, "imdb", "title.crew") == LOAD
        assert last_load(cursor, "imdb", "title.basics") == other
        assert last_load_id(cursor, "imdb", "title.crew") == second


def test_two_sources_may_have_a_dataset_of_one_name(database: Database) -> None:
    batch = replace(LOAD, source="toy", origin=None, file=None)
    with database.session() as session, session.cursor() as cursor:
        first = record(cursor, batch)
        second = record(cursor, LOAD)

        assert last_load(cursor, "toy", "title.crew") == batch
        assert last_load_id(cursor, "toy", "title.crew") == first
        assert last_load_id(cursor, "imdb", "title.crew") == second
        assert newest_load_id(cursor, "toy") == first


def test_an_id_can_be_had_before_the_row(database: Database) -> None:
    with database.session() as session, session.cursor() as cursor:
        mine = next_load_id(cursor)
        other = record(cursor, LOAD)

        assert record(cursor, replace(LOAD, dataset="title.akas"), mine) == mine < other
        assert last_load_id(cursor, "imdb", "title.akas") == mine


@pytest.mark.parametrize(
    "load",
    [
        replace(LOAD, rows=-1),
        replace(LOAD, rows_deleted=-1),
        replace(LOAD, seconds=-0.1),
        replace(LOAD, file=SourceFile("a", -1)),
        replace(LOAD, method="guess"),
    ],
)
def test_what_cannot_be_is_refused(database: Database, load: Load) -> None:
    with (
        database.session() as session,
        session.cursor() as cursor,
        pytest.raises(psycopg2.errors.CheckViolation),
    ):
        record(cursor, load)
