"""Promise 1: readers never see half a refresh or untested data."""

import random
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from tests.support.marts import Marts
from tests.support.postgres import Database
from warehouse.builds import publish as publishing
from warehouse.builds import swap as swapping
from warehouse.errors import WarehouseRefused, WarehouseUnavailable

NAMES = tuple(f"mart_{number}" for number in range(1, 8))
READS = 10_000
READERS = 4
BUILDS = 6
ALL_AT_ONCE = " union all ".join(f"select build_id from {name}" for name in NAMES)


@pytest.fixture
def marts(database: Database, tmp_path: Path) -> Marts:
    """Marts of which nothing was built yet."""
    return Marts(database, tmp_path / "project", NAMES)


class Reader(threading.Thread):
    """An analyst who reads all marts again and again, each time in one snapshot.

    The first reads them in one statement, the second in a transaction in whatever order, all others
    in a transaction one after the other. No lock may keep a reader waiting for a second: it would
    get an error, and an error ends it.
    """

    def __init__(self, database: Database, number: int, enough: threading.Event) -> None:
        super().__init__(daemon=True)
        self.url = f"{database.url_of('analyst')}?application_name=reader"
        self.number = number
        self.random = random.Random(number)
        self.enough = enough
        self.reads = 0
        self.seen: list[set[int]] = []
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            with closing(psycopg2.connect(self.url)) as session, session.cursor() as cursor:
                session.autocommit = True
                cursor.execute("set lock_timeout = '1s'")
                while not self.enough.is_set():
                    self.seen.append(self._one_snapshot(cursor))
        except BaseException as error:
            self.error = error

    def _one_snapshot(self, cursor: Cursor) -> set[int]:
        """The builds that one snapshot shows."""
        if self.number == 0:
            self.reads += 1
            return read(cursor, ALL_AT_ONCE)
        names = self.random.sample(NAMES, len(NAMES)) if self.number == 1 else NAMES
        cursor.execute("begin isolation level repeatable read")
        found = set()
        for name in names:
            found |= read(cursor, f"select build_id from {name}")
            self.reads += 1
        cursor.execute("commit")
        return found


def read(cursor: Cursor, query: str) -> set[int]:
    """The build ids that a query gives."""
    cursor.execute(query)
    return {build for (build,) in cursor.fetchall()}


def test_ten_thousand_reads_during_publishes_and_rollbacks(marts: Marts) -> None:
    marts.build_and_publish("run 0")
    enough = threading.Event()
    readers = [Reader(marts.database, seed, enough) for seed in range(READERS)]
    for reader in readers:
        reader.start()
    builds = 0
    try:
        while builds < BUILDS or sum(reader.reads for reader in readers) < READS:
            builds += 1
            build = marts.begin(f"run {builds}", "a test wants it")
            assert build
            marts.build(f"run {builds}")
            marts.publish(f"run {builds}", build, patience=60)
            if builds % 2 == 0:
                marts.rollback(f"back {builds}", patience=60)
            assert [reader.error for reader in readers] == [None] * READERS
    finally:
        enough.set()
        for reader in readers:
            reader.join()

    assert [reader.error for reader in readers] == [None] * READERS
    mixed = [found for reader in readers for found in reader.seen if len(found) != 1]
    assert mixed == []
    seen = {build for reader in readers for found in reader.seen for build in found}
    assert len(seen) > BUILDS // 2


@contextmanager
def reading(marts: Marts, level: str = "repeatable read") -> Iterator[Cursor]:
    """An analyst in a transaction that is open until the end; to wait for a lock is an error."""
    with closing(psycopg2.connect(marts.database.url_of("analyst"))) as session:
        session.autocommit = True
        with session.cursor() as cursor:
            cursor.execute("set lock_timeout = 1; set application_name = 'a notebook'")
            cursor.execute(f"begin isolation level {level}")
            yield cursor


@pytest.mark.parametrize("level", ["repeatable read", "read committed"])
def test_a_transaction_sees_one_build_to_its_end(marts: Marts, level: str) -> None:
    old = marts.build_and_publish("old")
    pauses: list[float] = []
    with reading(marts, level) as cursor:
        found = read(cursor, f"select build_id from {NAMES[0]}")
        new = marts.begin("new", "a test wants it")
        assert new
        marts.build("new")

        def read_on(seconds: float) -> None:
            """In the gap between two tries, no lock stands in the reader's way."""
            if len(pauses) < len(NAMES) - 1:
                found.update(read(cursor, f"select build_id from {NAMES[len(pauses) + 1]}"))
            else:
                cursor.execute("commit")
            pauses.append(seconds)

        marts.publish("new", new, patience=60, pause=read_on)

        assert len(pauses) == len(NAMES), "it waits until the reader has ended"
        assert found == {old.build_id}
        assert read(cursor, ALL_AT_ONCE) == {new.build_id}


def test_without_the_wait_an_old_snapshot_would_see_half_a_build(
    marts: Marts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the wait is for, and that the test below can fail."""
    marts.build_and_publish("before")
    marts.build_and_publish("old")
    with reading(marts) as cursor:
        read(cursor, "select count(*) from meta.load_log")
        new = marts.begin("new", "a test wants it")
        assert new
        marts.build("new")
        monkeypatch.setattr(publishing, "wait_for_old_snapshots", lambda *_, **__: None)
        marts.publish("new", new)
        assert read(cursor, f"select build_id from {NAMES[0]}") == set(), "its rows came later"


def test_who_keeps_reading_is_named_and_nothing_is_changed(marts: Marts) -> None:
    old = marts.build_and_publish("old")
    new = marts.begin("new", "a test wants it")
    assert new
    marts.build("new")
    with reading(marts, "read committed") as cursor:
        read(cursor, f"select build_id from {NAMES[3]}")
        pid = cursor.connection.info.backend_pid
        with pytest.raises(
            WarehouseUnavailable, match=rf"session {pid} of analyst \(a notebook, since \d{{4}}-"
        ):
            marts.publish("new", new)
        assert marts.published() == {old.build_id}
    marts.publish("new", new)
    assert marts.published() == {new.build_id}


def test_a_snapshot_that_is_older_than_the_build_never_meets_it(marts: Marts) -> None:
    """It has read no mart and so holds no lock, and would find the new tables by their names."""
    old = marts.build_and_publish("old")
    with reading(marts) as cursor:
        read(cursor, "select count(*) from meta.load_log")
        new = marts.begin("new", "a test wants it")
        assert new
        marts.build("new")
        pid = cursor.connection.info.backend_pid
        with pytest.raises(WarehouseUnavailable, match=rf"^session {pid} of analyst \(a notebook"):
            marts.publish("new", new)
        assert read(cursor, ALL_AT_ONCE) == {old.build_id}
        cursor.execute("commit")
        marts.publish("new", new)
        assert read(cursor, ALL_AT_ONCE) == {new.build_id}


def test_a_failed_test_leaves_the_published_marts_and_the_rejected_build(marts: Marts) -> None:
    old = marts.build_and_publish("old")
    new = marts.begin("new", "a test wants it")
    assert new
    marts.build("new")
    marts.database.execute(
        "insert into meta.test_log (dag_id, run_id, build_id, invocation_id, test, resource_type, "
        "severity, status, seconds) "
        "values ('dag', 'new', %s, 'one', 'shares_sum_to_100', 'test', 'error', 'fail', 1)",
        new.build_id,
    )
    with pytest.raises(WarehouseRefused, match="shares_sum_to_100 failed in run new"):
        marts.publish("new", new)
    assert marts.published() == {old.build_id}
    rejected = "select distinct build_id from marts_next.mart_1"
    assert marts.database.query(rejected, role="pipeline") == [(new.build_id,)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        marts.database.query(rejected, role="analyst")


@pytest.mark.parametrize("statement", [1, 9, 30])
def test_a_publisher_that_is_ended_in_mid_exchange_changed_nothing(
    marts: Marts, monkeypatch: pytest.MonkeyPatch, statement: int
) -> None:
    old = marts.build_and_publish("old")
    new = marts.begin("new", "a test wants it")
    assert new
    marts.build("new")
    whole = swapping._statements

    def cut(*arguments: Any) -> Iterator[sql.Composable]:
        statements = list(whole(*arguments))
        assert len(statements) == 30
        yield from statements[:statement]
        yield sql.SQL("select pg_terminate_backend(pg_backend_pid())")

    with monkeypatch.context() as patch:
        patch.setattr(swapping, "_statements", cut)
        with pytest.raises(WarehouseUnavailable, match="the warehouse is not available"):
            marts.publish("new", new)
    assert marts.published() == {old.build_id}
    marts.publish("new", new)
    assert marts.published() == {new.build_id}
