"""A file becomes a raw table, byte for byte, with its ledger row, or nothing changes."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imdb_pipeline.config import DATASETS, Settings, dataset_named
from imdb_pipeline.loader import Loader
from tests.support.loads import LoadedWarehouse, rows_changed
from tests.support.postgres import Database
from tests.support.snapshots import (
    ODD_ROWS,
    RATINGS,
    THREE_ROWS,
    TWO_ROWS,
    N,
    Row,
    entry_of,
    plain,
    written,
)
from tests.support.source import packed
from warehouse.errors import DamagedFile, UnexpectedContent, WarehouseRefused, WarehouseUnavailable
from warehouse.http.cache import CacheEntry
from warehouse.raw.file_load import PARALLEL_FROM

ROOT = Path(__file__).parents[3]
CREW = dataset_named("title.crew")
CREW_ROWS: list[Row] = [("tt1", "nm1", N), ("tt2", N, "nm1,nm2")]


@pytest.fixture
def loaded(warehouse: LoadedWarehouse) -> LoadedWarehouse:
    """A warehouse with two rows in it."""
    assert warehouse.load(TWO_ROWS).written
    return warehouse


def still_as_before(warehouse: LoadedWarehouse) -> bool:
    """Whether the two rows, their one ledger row and what they changed are all there is."""
    tables = warehouse.database.query(
        "select tablename from pg_tables "
        "where schemaname = 'raw' and tablename like 'imdb%ratings%' order by 1"
    )
    return (
        warehouse.rows() == TWO_ROWS
        and warehouse.ledger() == [("title.ratings", 2, 2, 0, 0, "manual")]
        and tables == [("imdb_title_ratings",), ("imdb_title_ratings_changes",)]
        and warehouse.changes() == [(1, "inserted", True, *row) for row in TWO_ROWS]
    )


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: str(dataset.name))
def test_every_oddity_of_the_real_files_loads_as_it_is(
    warehouse: LoadedWarehouse, dataset: object
) -> None:
    dataset = dataset_named(getattr(dataset, "name", ""))
    rows = ODD_ROWS[dataset.name]

    outcome = warehouse.load(rows, dataset=dataset)

    assert warehouse.rows(dataset) == rows
    assert (outcome.written, outcome.load.rows, rows_changed(outcome.load)) == (
        True, len(rows), len(rows)
    )  # fmt: skip


# Any text that can be in a field, and those that COPY gives a meaning to.
_TEXTS = st.one_of(
    st.sampled_from([N, r"\\N", r"\N ", "", r"\.", "\\", '"', '""', "'", " ", "\x02", "\x7f", "N"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\n\r\0\b"), max_size=20),
)
_ROWS = st.lists(st.tuples(_TEXTS, _TEXTS, _TEXTS), min_size=1, max_size=200)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=_ROWS)
def test_any_text_comes_back_as_it_was(warehouse: LoadedWarehouse, rows: list[Row]) -> None:
    warehouse.load(rows, force=True)

    assert warehouse.rows() == rows


def test_empty_and_null_are_told_apart(warehouse: LoadedWarehouse) -> None:
    warehouse.load([("tt1", "", N), ("", N, "")])

    counts = warehouse.database.query(
        "select average_rating = '', num_votes is null from raw.imdb_title_ratings order by ctid"
    )
    assert counts == [(True, True), (None, False)]


def test_the_last_row_needs_no_newline(warehouse: LoadedWarehouse) -> None:
    outcome = warehouse.load(body=b"tt0000001\t5.7\t210\ntt0000002\t6.1\t5")

    assert outcome.load.rows == 2
    assert warehouse.rows() == TWO_ROWS


def test_several_gzip_members_are_loaded_whole(warehouse: LoadedWarehouse) -> None:
    text = plain(RATINGS, THREE_ROWS)
    path = warehouse.folder / RATINGS.file_name
    path.write_bytes(packed(text[:50]) + packed(b"") + packed(text[50:]))

    warehouse.loader().load(RATINGS, path, entry_of(path, 3))

    assert warehouse.rows() == THREE_ROWS


def test_the_ledger_says_where_the_rows_came_from(warehouse: LoadedWarehouse) -> None:
    path, entry = written(warehouse.folder, RATINGS, TWO_ROWS)

    outcome = warehouse.loader().load(RATINGS, path, entry, run_id="scheduled__2031-06-02")

    (row,) = warehouse.database.query(
        "select dataset, snapshot_sha256, etag, last_modified, url, rows, rows_inserted, "
        "rows_updated, rows_deleted, bytes, seconds, run_id from meta.load_log"
    )
    assert row[:-2] == ("title.ratings", entry.sha256, '"one"', None, entry.url, 2, 2, 0, 0,
                        path.stat().st_size)  # fmt: skip
    assert row[-1] == "scheduled__2031-06-02"
    assert row[-2] == outcome.load.seconds >= 0


def test_the_same_snapshot_again_writes_nothing(loaded: LoadedWarehouse) -> None:
    # A transaction that writes anything takes an id.
    next_id = "select pg_snapshot_xmax(pg_current_snapshot())::text"
    table = "select oid, relfilenode from pg_class where relname = 'imdb_title_ratings'"
    before = loaded.database.query(next_id), loaded.database.query(table)

    outcome = loaded.load(TWO_ROWS, run_id="another")

    assert not outcome.written
    assert (outcome.load.rows, outcome.load.run_id) == (2, "manual")
    assert (loaded.database.query(next_id), loaded.database.query(table)) == before
    assert still_as_before(loaded)


def test_force_loads_the_same_snapshot_again(loaded: LoadedWarehouse) -> None:
    assert loaded.load(TWO_ROWS, force=True).written
    assert loaded.ledger()[1] == ("title.ratings", 2, 0, 0, 0, "manual")


def test_a_changed_snapshot_is_counted_row_by_row(loaded: LoadedWarehouse) -> None:
    rows = [("tt0000001", "5.8", "210"), ("tt0000003", "9.9", "31"), ("tt0000004", "1.0", "6")]

    outcome = loaded.load(rows)

    assert loaded.rows() == rows
    load = outcome.load
    assert (load.rows, load.rows_inserted, load.rows_updated, load.rows_deleted) == (3, 2, 1, 1)
    assert loaded.ledger()[1] == ("title.ratings", 3, 2, 1, 1, "manual")


def test_empty_to_null_is_an_update(warehouse: LoadedWarehouse) -> None:
    warehouse.load([("tt1", "", "5"), ("tt2", N, "5"), ("tt3", N, "5")])

    load = warehouse.load([("tt1", N, "5"), ("tt2", "", "5"), ("tt3", N, "5")]).load

    assert (load.rows_inserted, load.rows_updated, load.rows_deleted) == (0, 2, 0)


def test_rows_with_two_key_columns_are_counted_by_both(warehouse: LoadedWarehouse) -> None:
    principals = dataset_named("title.principals")
    one = ("tt1", "1", "nm1", "actor", N, N)
    two = ("tt1", "2", "nm2", "writer", N, N)
    warehouse.load([one, two], dataset=principals)

    load = warehouse.load(
        [("tt1", "2", "nm3", "writer", N, N), ("tt1", "10", "nm1", "actor", N, N)],
        dataset=principals,
    ).load

    assert (load.rows_inserted, load.rows_updated, load.rows_deleted) == (1, 1, 1)


@pytest.mark.parametrize("damage", ["drop table", "truncate"])
def test_a_table_that_lost_its_rows_is_loaded_again(
    warehouse: LoadedWarehouse, damage: str
) -> None:
    warehouse.load(CREW_ROWS, dataset=CREW)
    warehouse.database.execute(f"{damage} raw.imdb_title_crew")

    outcome = warehouse.load(CREW_ROWS, dataset=CREW)

    assert outcome.written
    assert warehouse.rows(CREW) == CREW_ROWS
    assert warehouse.ledger()[1] == ("title.crew", 2, 2, 0, 0, "manual")


def test_a_table_of_an_older_layout_is_replaced(warehouse: LoadedWarehouse) -> None:
    warehouse.load(CREW_ROWS, dataset=CREW)
    warehouse.database.execute("alter table raw.imdb_title_crew drop column writers")

    load = warehouse.load([*CREW_ROWS, ("tt3", N, N)], dataset=CREW).load

    assert warehouse.rows(CREW) == [*CREW_ROWS, ("tt3", N, N)]
    assert (load.rows_inserted, load.rows_updated, load.rows_deleted) == (1, 2, 0)
    assert warehouse.changes(CREW) == []
    assert warehouse.kept() == [("full", False)] * 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"tt0000003\t9.9", 'missing data for column "num_votes"'),
        (b"tt0000003\t9.9\t31\tmore", "extra data after last expected column"),
        (b"", 'missing data for column "average_rating"'),
        (b"\\.", 'missing data for column "average_rating"'),
        (b"tt0000003\t9\xff9\t31", 'invalid byte sequence for encoding "UTF8": 0xff'),
        (b"tt0000003\t\xed\xa0\x80\t31", 'invalid byte sequence for encoding "UTF8": 0xed 0xa0'),
        (b"tt0000003\t9\0009\t31", "holds a NUL byte (0x00)"),
        (b"tt0000003\t9\b9\t31", "holds the control byte 0x08"),
        (b"tt0000003\t9.9\t31\r", "holds a carriage return (0x0D)"),
        (b"tt0000003\r\t9.9\t31", "holds a carriage return (0x0D)"),
    ],
)
@pytest.mark.parametrize("row", [1, 70_000])
def test_a_row_that_does_not_fit_is_told_with_file_line_and_reason(
    loaded: LoadedWarehouse, line: bytes, said: str, row: int
) -> None:
    # 70,000 rows are more than one chunk of the reader and many of Postgres' buffers.
    good = b"tt0000003\t9.9\t31\n"
    body = good * (row - 1) + line + b"\n" + good * 3

    with pytest.raises(UnexpectedContent) as caught:
        loaded.load(body=body)

    message = str(caught.value)
    assert "title.ratings.tsv.gz" in message
    assert f"line {row + 1}: " in message
    assert said in message
    assert still_as_before(loaded)


def test_windows_line_ends_are_not_swallowed(loaded: LoadedWarehouse) -> None:
    with pytest.raises(UnexpectedContent, match=r"line 2: holds a carriage return"):
        loaded.load(body=b"tt0000003\t9.9\t31\r\ntt0000004\t9.9\t31\r\n")
    assert still_as_before(loaded)


def test_a_file_that_breaks_off_is_told_as_what_it_is(loaded: LoadedWarehouse) -> None:
    path, entry = written(loaded.folder, RATINGS, THREE_ROWS * 50_000)
    path.write_bytes(path.read_bytes()[:-9])

    with pytest.raises(DamagedFile, match=r"title\.ratings\.tsv\.gz: the gzip stream is not"):
        loaded.loader().load(RATINGS, path, entry)
    assert still_as_before(loaded)


def test_a_file_that_is_not_there_is_told(loaded: LoadedWarehouse) -> None:
    path, entry = written(loaded.folder, RATINGS, THREE_ROWS)
    path.unlink()

    with pytest.raises(DamagedFile, match=r"title\.ratings\.tsv\.gz: is not there"):
        loaded.loader().load(RATINGS, path, entry)
    assert still_as_before(loaded)


def test_a_file_edited_since_its_download_is_refused(loaded: LoadedWarehouse) -> None:
    path, entry = written(loaded.folder, RATINGS, THREE_ROWS)
    path.write_bytes(packed(plain(RATINGS, [*THREE_ROWS[:-1], ("tt0000003", "1.1", "31")])))

    with pytest.raises(UnexpectedContent, match=r"changed while it was read: expected 3 rows"):
        loaded.loader().load(RATINGS, path, entry)
    assert still_as_before(loaded)


def test_rows_and_ledger_row_come_together_or_not_at_all(loaded: LoadedWarehouse) -> None:
    loaded.database.execute("revoke insert on meta.load_log from pipeline")

    with pytest.raises(WarehouseRefused, match=r"permission denied for table load_log.*pipeline"):
        loaded.load(THREE_ROWS)
    assert still_as_before(loaded)


def test_a_commit_that_fails_leaves_the_old_rows(loaded: LoadedWarehouse) -> None:
    loaded.database.execute(
        """
        create function meta.no() returns trigger language plpgsql as
        $$ begin raise exception 'the disk is full' using errcode = 'disk_full'; end $$;
        create constraint trigger no after insert on meta.load_log
        deferrable initially deferred for each row execute function meta.no()
        """
    )

    with pytest.raises(WarehouseRefused, match=r"the disk is full\. Free space on the server"):
        loaded.load(THREE_ROWS)
    assert still_as_before(loaded)


def test_a_session_that_is_ended_leaves_the_old_rows(loaded: LoadedWarehouse) -> None:
    def end(pid: int) -> None:
        assert loaded.database.value("select pg_terminate_backend(%s, 10000)", pid)

    with pytest.raises(WarehouseUnavailable, match=r"load title\.ratings: the warehouse is not"):
        loaded.load(THREE_ROWS, during_copy=end)
    assert still_as_before(loaded)
    assert loaded.load(THREE_ROWS).load.rows_inserted == 1


def test_an_interrupted_load_leaves_the_old_rows(loaded: LoadedWarehouse) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loaded.load(THREE_ROWS, during_copy=interrupt)
    assert still_as_before(loaded)


def test_two_loads_of_one_dataset_do_not_meet(loaded: LoadedWarehouse) -> None:
    met: list[str] = []

    def load_too(pid: int) -> None:
        with pytest.raises(WarehouseUnavailable) as caught:
            loaded.load([*THREE_ROWS, ("tt9", "1.0", "5")])
        met.append(str(caught.value))
        assert " of pipeline (warehouse: imdb: load title.ratings, since" in met[0]
        written(loaded.folder, RATINGS, THREE_ROWS)

    assert loaded.load(THREE_ROWS, during_copy=load_too).written
    assert "load title.ratings: " in met[0]
    assert "end the task or command that it belongs to" in met[0]
    assert loaded.rows() == THREE_ROWS


def test_loads_of_two_datasets_go_on_side_by_side(warehouse: LoadedWarehouse) -> None:
    episode = dataset_named("title.episode")

    def load_other(_: int) -> None:
        assert warehouse.load(ODD_ROWS[episode.name], dataset=episode).written

    assert warehouse.load(TWO_ROWS, during_copy=load_other).written
    assert [row[0] for row in warehouse.ledger()] == ["title.episode", "title.ratings"]


def test_readers_see_the_old_rows_until_the_end(loaded: LoadedWarehouse) -> None:
    seen: list[list[Row]] = []

    loaded.load(THREE_ROWS, during_copy=lambda _: seen.append(loaded.rows()))

    assert seen == [TWO_ROWS]
    assert loaded.rows() == THREE_ROWS


def test_grants_and_the_comment_stay(loaded: LoadedWarehouse) -> None:
    loaded.database.execute(
        """
        create role auditor_of_loads;
        grant select on raw.imdb_title_ratings to analyst;
        grant select, references on raw.imdb_title_ratings to auditor_of_loads with grant option;
        grant trigger on raw.imdb_title_ratings to public;
        comment on table raw.imdb_title_ratings is 'It''s 100 % "raw".'
        """
    )
    grants = (
        "select grantee, privilege_type, is_grantable from information_schema.table_privileges "
        "where table_name = 'imdb_title_ratings' and grantee <> 'pipeline' order by 1, 2"
    )
    try:
        before = loaded.database.query(grants)
        assert len(before) == 4

        loaded.load(THREE_ROWS)

        assert loaded.database.query(grants) == before
        comment = "select obj_description('raw.imdb_title_ratings'::regclass)"
        assert loaded.database.value(comment) == 'It\'s 100 % "raw".'
        assert (
            loaded.database.value(
                "select tableowner from pg_tables where tablename = 'imdb_title_ratings'"
            )
            == "pipeline"
        )
    finally:
        loaded.database.execute("drop owned by auditor_of_loads; drop role auditor_of_loads")


@pytest.mark.parametrize("kind", ["view", "materialized view"])
def test_a_table_that_a_view_reads_is_not_replaced(loaded: LoadedWarehouse, kind: str) -> None:
    loaded.database.execute(
        f"create {kind} staging.best_rated as select * from raw.imdb_title_ratings"
    )

    copied: list[int] = []
    with pytest.raises(WarehouseRefused, match=r"raw\.imdb_title_ratings.*staging\.best_rated"):
        loaded.load(THREE_ROWS, during_copy=copied.append)
    assert copied == [], "it is said before hours of copying, not after"
    assert still_as_before(loaded)


def test_what_else_depends_on_a_table_is_not_dropped_with_it(loaded: LoadedWarehouse) -> None:
    loaded.database.execute(
        """
        create function staging.best() returns text language sql
        begin atomic select max(average_rating) from raw.imdb_title_ratings; end
        """
    )

    with pytest.raises(WarehouseRefused, match=r"other objects depend on it"):
        loaded.load(THREE_ROWS)
    assert still_as_before(loaded)


def test_a_view_made_while_the_rows_come_in_is_found(loaded: LoadedWarehouse) -> None:
    def make_view(_: int) -> None:
        loaded.database.execute("create view staging.late as select * from raw.imdb_title_ratings")

    with pytest.raises(WarehouseRefused, match=r"cannot be replaced: staging\.late read it"):
        loaded.load(THREE_ROWS, during_copy=make_view)
    assert still_as_before(loaded)


def test_a_reader_who_stays_is_named_and_not_pushed_aside(loaded: LoadedWarehouse) -> None:
    with loaded.database.session() as reader, reader.cursor() as cursor:
        cursor.execute("select count(*) from raw.imdb_title_ratings")

        with pytest.raises(WarehouseUnavailable) as caught:
            loaded.load(THREE_ROWS)

        in_the_way = f'"raw"."imdb_title_ratings": session {reader.info.backend_pid} of pipeline'
        assert in_the_way in str(caught.value)
        assert still_as_before(loaded)
    assert loaded.load(THREE_ROWS).written


def test_a_reader_who_began_before_reads_on(loaded: LoadedWarehouse) -> None:
    with loaded.database.session() as reader, reader.cursor(name="slow") as cursor:
        cursor.itersize = 1
        cursor.execute("select tconst from raw.imdb_title_ratings")
        assert cursor.fetchone() == ("tt0000001",)
        with pytest.raises(WarehouseUnavailable):
            loaded.load(THREE_ROWS)
        assert cursor.fetchone() == ("tt0000002",)


def test_missing_tables_are_told_with_what_to_do(database: Database, tmp_path: Path) -> None:
    database.execute("drop schema meta cascade")
    path, entry = written(tmp_path, RATINGS, TWO_ROWS)

    with pytest.raises(WarehouseRefused, match=r"include/sql first"):
        Loader(database.url, Settings()).load(RATINGS, path, entry)


def test_missing_rights_are_told_with_what_to_do(database: Database, tmp_path: Path) -> None:
    path, entry = written(tmp_path, RATINGS, TWO_ROWS)

    with pytest.raises(WarehouseRefused, match=r"must be `pipeline`"):
        Loader(database.url_of("analyst"), Settings()).load(RATINGS, path, entry)


def test_progress_is_logged_every_few_seconds(
    warehouse: LoadedWarehouse, caplog: pytest.LogCaptureFixture
) -> None:
    path, entry = written(warehouse.folder, RATINGS, body=b"tt1\t5.7\t210\n" * 400_000)
    times = iter(range(0, 1000, 2))
    loader = Loader(
        warehouse.database.url, Settings(progress_every=4), clock=lambda: float(next(times))
    )

    with caplog.at_level("INFO", logger="warehouse"):
        outcome = loader.load(RATINGS, path, entry)

    first, *lines = [record.getMessage() for record in caplog.records]
    assert first == "title.ratings: loading the whole file, because it is the first load from files"
    assert len(lines) == 2, "five chunks, two seconds each, four seconds between the lines"
    assert lines[0].startswith("title.ratings: 1")
    assert "% of the file" in lines[0]
    assert "MB/s" in lines[0]
    assert outcome.load.seconds == 14


_LOAD_ALONE = """
import json, sys
from pathlib import Path
from warehouse.http.cache import CacheEntry
from imdb_pipeline.config import Settings, dataset_named
from imdb_pipeline.loader import Loader
from warehouse.raw.file_load import PARALLEL_FROM

url, path, entry = sys.argv[1], Path(sys.argv[2]), CacheEntry(**json.loads(sys.argv[3]))
previous = Path(sys.argv[4])
loader = Loader(url, Settings(copy_connections=8))
load = loader.load(dataset_named("title.ratings"), path, entry, previous=previous).load
# Not ru_maxrss: it begins with what the process was forked from.
status = Path("/proc/self/status").read_text()
peak = int(status.split("VmHWM:")[1].split()[0]) * 1024
changed = load.rows_inserted + load.rows_updated + load.rows_deleted
print(json.dumps({"method": load.method, "changed": changed, "peak": peak}))
"""


def many_ratings(path: Path, count: int, votes: Callable[[int], int]) -> CacheEntry:
    """Write a file of `count` rows."""
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(RATINGS.header + b"\n")
        for start in range(0, count, 50_000):
            lines = [f"tt{one:08d}\t5.7\t{votes(one)}\n" for one in range(start, start + 50_000)]
            file.write("".join(lines).encode())
    return entry_of(path, count)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc to see the peak")
def test_memory_does_not_grow_with_the_file(warehouse: LoadedWarehouse) -> None:
    count = 1_500_000
    before, after = warehouse.folder / "previous.tsv.gz", warehouse.folder / RATINGS.file_name
    entries = {
        before: many_ratings(before, count, lambda one: one * 7919 % 99_991),
        after: many_ratings(after, count, lambda one: one * 7919 % 99_991 + (one % 10 == 0)),
    }
    assert entries[before].bytes > PARALLEL_FROM

    def load(path: Path) -> dict[str, Any]:
        values = asdict(entries[path])
        done = subprocess.run(
            [sys.executable, "-c", _LOAD_ALONE, warehouse.database.url, str(path),
             json.dumps(values), str(before)],
            check=True,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT / "dags")},
        )  # fmt: skip
        result: dict[str, Any] = json.loads(done.stdout)
        assert result.pop("peak") < 150e6
        return result

    assert load(before) == {"method": "full", "changed": count}
    assert load(after) == {"method": "delta", "changed": count // 10}
    assert warehouse.database.value("select count(*) from raw.imdb_title_ratings") == count


def test_the_pipeline_cannot_load_what_it_does_not_own(loaded: LoadedWarehouse) -> None:
    loaded.database.execute("alter table raw.imdb_title_ratings owner to postgres")
    loaded.database.execute("grant select on raw.imdb_title_ratings to pipeline")

    with pytest.raises(WarehouseRefused, match="permission denied for table imdb_title_ratings"):
        loaded.load(THREE_ROWS)
    assert still_as_before(loaded)
