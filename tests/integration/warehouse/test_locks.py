"""Locks: who is in the way is named, and readers are never kept waiting behind us."""

import psycopg2
import pytest
from psycopg2 import sql

from tests.support.postgres import Cluster, Database
from warehouse.database.table_locks import lock_table_patiently
from warehouse.database.turns import held, hold
from warehouse.errors import WarehouseUnavailable

TABLE = sql.Identifier("raw", "imdb_title_ratings")
READ = "select count(*) from raw.imdb_title_ratings"


def test_a_lock_is_held_to_the_end_of_the_transaction(database: Database) -> None:
    with database.session() as first, database.session() as second:
        hold(first.cursor(), "load title.crew")
        with pytest.raises(
            WarehouseUnavailable, match=r"load title\.crew: session \d+ of pipeline"
        ):
            hold(second.cursor(), "load title.crew")
        hold(second.cursor(), "load title.basics")
        first.rollback()
        hold(second.cursor(), "load title.crew")


def test_a_lock_can_be_held_over_transactions(database: Database) -> None:
    with database.session() as first, database.session() as second:
        with held(first, "load title.crew"):
            first.rollback()
            pid = first.info.backend_pid
            refused = rf"load title\.crew: session {pid} of pipeline"
            with pytest.raises(WarehouseUnavailable, match=refused):
                hold(second.cursor(), "load title.crew")
            with (
                pytest.raises(WarehouseUnavailable, match=refused),
                held(second, "load title.crew"),
            ):
                pass
        with held(second, "load title.crew"):
            pass


def test_a_lock_that_is_held_is_let_go_after_an_error(database: Database) -> None:
    with database.session() as first, database.session() as second:
        with pytest.raises(psycopg2.errors.UndefinedTable), held(first, "publish"), first:
            first.cursor().execute("select * from raw.nothing")
        hold(second.cursor(), "publish")


def test_a_lock_that_is_held_goes_with_its_session(database: Database) -> None:
    with database.session() as first, database.session() as second, held(first, "publish"):
        pid = first.info.backend_pid
        assert database.value("select pg_terminate_backend(%s, 10000)", pid)
        hold(second.cursor(), "publish")


def test_a_lock_may_be_taken_twice_by_its_holder(database: Database) -> None:
    with database.session() as session:
        hold(session.cursor(), "publish")
        hold(session.cursor(), "publish")


def test_a_lock_dies_with_its_session(database: Database) -> None:
    with database.session() as first:
        hold(first.cursor(), "publish")
    with database.session() as second:
        hold(second.cursor(), "publish")


def test_the_holder_in_another_database_is_not_blamed(
    database: Database, postgres: Cluster
) -> None:
    with (
        postgres.database() as elsewhere,
        elsewhere.session() as other,
        database.session() as first,
        database.session() as second,
    ):
        hold(other.cursor(), "publish")
        hold(first.cursor(), "publish")
        with pytest.raises(WarehouseUnavailable) as caught:
            hold(second.cursor(), "publish")
        assert f"session {first.info.backend_pid} of" in str(caught.value)


def test_a_holder_of_another_role_is_named_by_its_process(database: Database) -> None:
    with database.session("postgres") as first, database.session() as second:
        hold(first.cursor(), "publish")
        pid = first.info.backend_pid
        with pytest.raises(WarehouseUnavailable, match=rf"publish: session {pid} of postgres"):
            hold(second.cursor(), "publish")


def test_a_free_table_is_locked_at_once(database: Database) -> None:
    pauses: list[float] = []
    with database.session() as session, session.cursor() as cursor:
        cursor.execute("show lock_timeout")
        before = cursor.fetchone()
        lock_table_patiently(cursor, TABLE, patience=1, pause=pauses.append)

        assert pauses == []
        cursor.execute("show lock_timeout")
        assert cursor.fetchone() == before
        with (
            pytest.raises(psycopg2.errors.LockNotAvailable),
            database.session() as reader,
        ):
            reader.cursor().execute(f"set lock_timeout = 1; {READ}")


def test_a_reader_who_comes_in_a_pause_is_not_kept_waiting(database: Database) -> None:
    pauses: list[float] = []
    with database.session() as slow, database.session() as session, session.cursor() as cursor:
        slow.cursor().execute(READ)

        def read_and_let_go(seconds: float) -> None:
            pauses.append(seconds)
            with database.session() as reader:
                reader.cursor().execute(f"set lock_timeout = 1; {READ}")
            if len(pauses) == 3:
                slow.commit()

        cursor.execute("create table staging.work ()")
        lock_table_patiently(cursor, TABLE, patience=10, each=0.01, pause=read_and_let_go)

        assert pauses == [0.01] * 3
        cursor.execute("select 'staging.work'::regclass")
        session.commit()
    assert database.value("select to_regclass('staging.work')") is not None


def test_patience_ends(database: Database) -> None:
    pauses: list[float] = []
    with database.session() as slow, database.session() as session, session.cursor() as cursor:
        slow.cursor().execute(READ)
        with pytest.raises(WarehouseUnavailable) as caught:
            lock_table_patiently(cursor, TABLE, patience=0.1, each=0.01, pause=pauses.append)

        assert '"raw"."imdb_title_ratings"' in str(caught.value)
        assert "pg_stat_activity" in str(caught.value)
        assert len(pauses) == 4, "five tries of 0.01 s, a pause as long between them"
        cursor.execute("select 1")  # the transaction is as it was
