"""A large file is copied over several sessions, and is there as a whole or not at all."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.support.loads import COPYING, LoadedWarehouse
from tests.support.postgres import Database
from tests.support.snapshots import RATINGS, THREE_ROWS, TWO_ROWS, Row, written
from warehouse.database.parallel_copy import Target, copy_in_parallel
from warehouse.errors import UnexpectedContent, WarehouseRefused, WarehouseUnavailable

SESSIONS = 3
# Some chunks of the reader for each session.
LINES = [f"tt{number:07d}\t5.7\t{number}" for number in range(300_000)]
LEFT = "select tablename from pg_tables where schemaname = 'raw' and tablename like '%\\_\\_new'"


@pytest.fixture(autouse=True)
def every_file_is_large(monkeypatch: pytest.MonkeyPatch, warehouse: LoadedWarehouse) -> None:
    monkeypatch.setattr("warehouse.raw.file_load.PARALLEL_FROM", 0)
    warehouse.settings = replace(warehouse.settings, copy_connections=SESSIONS)


def body(lines: list[str], end: str = "\n") -> bytes:
    return ("\n".join(lines) + end).encode()


def nothing_but(warehouse: LoadedWarehouse, rows: list[Row]) -> bool:
    """Whether the rows are those of the only load, and nothing else is left."""
    return (
        warehouse.rows() == rows
        and len(warehouse.ledger()) == 1
        and warehouse.database.query(LEFT) == []
    )


def test_all_rows_arrive_over_all_sessions(warehouse: LoadedWarehouse) -> None:
    sessions: list[int] = []

    def count(_: int) -> None:
        sessions.append(len(warehouse.database.query(COPYING)))

    outcome = warehouse.load(body=body(LINES, end=""), during_copy=count)

    assert sessions == [SESSIONS]
    assert outcome.load.rows == len(LINES)
    rows = warehouse.database.query("select * from raw.imdb_title_ratings order by tconst")
    assert ["\t".join(row) for row in rows] == LINES
    assert warehouse.database.query(LEFT) == []


def test_a_small_file_takes_one_session(
    warehouse: LoadedWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warehouse.raw.file_load.PARALLEL_FROM", 4 << 20)
    sessions: list[int] = []

    def count(_: int) -> None:
        sessions.append(len(warehouse.database.query(COPYING)))

    warehouse.load(TWO_ROWS, during_copy=count)

    assert sessions == [1]


@pytest.mark.parametrize("row", [0, 70_000, 150_000, len(LINES) - 1])
def test_a_bad_line_is_told_by_its_place_in_the_file(warehouse: LoadedWarehouse, row: int) -> None:
    warehouse.load(TWO_ROWS)
    lines = [*LINES[:row], "tt0\t5.7", *LINES[row + 1 :]]

    with pytest.raises(UnexpectedContent) as caught:
        warehouse.load(body=body(lines))

    assert f"line {row + 2}: " in str(caught.value)
    assert 'missing data for column "num_votes"' in str(caught.value)
    assert nothing_but(warehouse, TWO_ROWS)


@pytest.mark.parametrize("row", [150_000, len(LINES) - 1])
def test_a_byte_that_the_reader_refuses_stops_all_sessions(
    warehouse: LoadedWarehouse, row: int
) -> None:
    warehouse.load(TWO_ROWS)
    lines = [*LINES[:row], "tt0\t5.7\t\b", *LINES[row + 1 :]]

    with pytest.raises(UnexpectedContent, match=f"line {row + 2}: holds the control byte 0x08"):
        warehouse.load(body=body(lines))
    assert nothing_but(warehouse, TWO_ROWS)


def test_a_session_that_is_ended_ends_the_load(warehouse: LoadedWarehouse) -> None:
    warehouse.load(TWO_ROWS)

    def end(pid: int) -> None:
        assert warehouse.database.value("select pg_terminate_backend(%s, 10000)", pid)

    with pytest.raises(WarehouseUnavailable):
        warehouse.load(body=body(LINES), during_copy=end)
    assert nothing_but(warehouse, TWO_ROWS)
    assert warehouse.load(body=body(LINES)).load.rows == len(LINES)


HOLDER = """
    select distinct pid from pg_locks where locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database())
"""


@pytest.mark.parametrize("method", ["full", "delta"])
def test_what_a_killed_load_left_is_dropped_by_the_next(
    warehouse: LoadedWarehouse, method: str
) -> None:
    warehouse.load(TWO_ROWS)

    def end_the_holder(_: int) -> None:
        (holder,) = warehouse.database.query(HOLDER)
        assert warehouse.database.value("select pg_terminate_backend(%s, 10000)", holder[0])

    with pytest.raises(WarehouseUnavailable):
        warehouse.load(body=body(LINES), during_copy=end_the_holder)
    assert warehouse.database.query(LEFT) == [("imdb_title_ratings__new",)]
    assert warehouse.rows() == TWO_ROWS

    written(warehouse.folder, RATINGS, TWO_ROWS)
    (warehouse.load if method == "full" else warehouse.refresh)(THREE_ROWS)

    assert warehouse.kept()[-1][0] == method
    assert warehouse.rows() == THREE_ROWS
    assert warehouse.database.query(LEFT) == []


def test_an_interrupt_stops_all_sessions(warehouse: LoadedWarehouse) -> None:
    warehouse.load(TWO_ROWS)

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        warehouse.load(body=body(LINES), during_copy=interrupt)
    assert nothing_but(warehouse, TWO_ROWS)
    assert warehouse.database.query(COPYING) == []


def test_autovacuum_comes_back_when_the_table_is_in_place(warehouse: LoadedWarehouse) -> None:
    options = "select relname, reloptions from pg_class where relname like 'imdb_title_ratings%'"
    seen: list[dict[str, object]] = []

    warehouse.load(
        TWO_ROWS, during_copy=lambda _: seen.append(dict(warehouse.database.query(options)))
    )

    assert seen[0]["imdb_title_ratings__new"] == ["autovacuum_enabled=false"]
    assert dict(warehouse.database.query(options))["imdb_title_ratings"] is None


def copied(
    database: Database, chunks: Callable[[], Iterator[bytes]], oid: int | None = None
) -> int:
    """Copy into the empty table of the ratings over two sessions."""
    table = "select 'raw.imdb_title_ratings'::regclass::oid::bigint"
    return copy_in_parallel(
        database.url,
        Target(
            "raw",
            "imdb_title_ratings",
            oid or database.value(table),
            RATINGS.table_columns,
        ),
        chunks(),
        connections=2,
        purpose="a test",
        origin="a file",
    )


def test_the_table_of_another_load_is_left_alone(database: Database) -> None:
    with pytest.raises(WarehouseRefused, match="is another load's table by now"):
        copied(database, lambda: iter([b"tt1\t1.0\t5\n"]), oid=1)
    assert database.value("select count(*) from raw.imdb_title_ratings") == 0


def test_nothing_is_read_when_no_session_can_be_had(database: Database) -> None:
    read: list[bytes] = []

    def chunks() -> Iterator[bytes]:
        read.append(b"")
        yield b""

    database.execute("revoke insert on raw.imdb_title_ratings from pipeline")
    with pytest.raises(WarehouseRefused, match="permission denied"):
        copied(database, chunks)
    assert read == []


def test_an_error_of_the_file_comes_through_and_no_row_stays(database: Database) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"tt1\t1.0\t5\n"
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        copied(database, chunks)
    assert database.value("select count(*) from raw.imdb_title_ratings") == 0
    assert database.query(COPYING) == []
