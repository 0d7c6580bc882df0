"""Full disks, lost connections, locks and limits: a clean failure that says what to do, then on.

Each test looks that the error is one of ours and names the thing, that nothing visible has changed,
and that the same call works when the fault is over. Faults that need a mount are skipped where
mounting is not allowed.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from imdb_pipeline.config import dataset_named
from imdb_pipeline.loader import Loader
from tests.support.downloads import Workbench
from tests.support.faults import held, on_a_small_disk, set_for_pipeline
from tests.support.fingerprint import fingerprint, left_behind, wait_until_alone
from tests.support.loads import LoadedWarehouse
from tests.support.mounts import small_disk
from tests.support.proxy import breaking_line
from tests.support.snapshots import RATINGS, N, Row, snapshot, written
from tests.support.source import good_server, running_source
from warehouse.errors import (
    PipelineError,
    StorageRefused,
    TransientError,
    WarehouseRefused,
    WarehouseUnavailable,
)

CREW = dataset_named("title.crew")
OLD: list[Row] = [(f"tt{number:07d}", f"nm{number % 97:07d}", N) for number in range(5_000)]
NEW: list[Row] = [(row[0], row[1], "nm1" if at % 3 == 0 else N) for at, row in enumerate(OLD)]
OUGHT_TO_BE = sorted(NEW)


@pytest.fixture
def loaded(warehouse: LoadedWarehouse) -> LoadedWarehouse:
    """A warehouse with some thousand rows, and the settings of an impatient run."""
    warehouse.load(OLD, dataset=CREW)
    warehouse.settings = replace(warehouse.settings, lock_patience=0.05, copy_connections=2)
    return warehouse


Load = Callable[[str], object]


@pytest.fixture(params=["full", "delta"])
def load(request: pytest.FixtureRequest, loaded: LoadedWarehouse) -> Load:
    """Load the new file by a URL of the warehouse: all of it, or what differs."""
    previous = loaded.folder / "previous.tsv.gz"
    (loaded.folder / CREW.file_name).replace(previous)
    path, entry = written(loaded.folder, CREW, NEW)

    def load(url: str) -> object:
        loader = Loader(url, loaded.settings)
        older = previous if request.param == "delta" else None
        outcome = loader.load(CREW, path, entry, previous=older)
        assert outcome.load.method == request.param
        return outcome

    return load


def fails_cleanly(
    loaded: LoadedWarehouse, load: Callable[[], object], kind: type[PipelineError]
) -> str:
    """Fail, with nothing changed and nothing left; return what was said."""
    before = fingerprint(loaded.database)
    with pytest.raises(kind) as caught:
        load()
    wait_until_alone(loaded.database)
    after = fingerprint(loaded.database)
    # Where the session was lost nobody could drop it; the next load does.
    half_made = "raw.imdb_title_crew__new (r)"
    if issubclass(kind, WarehouseUnavailable) and half_made in after:
        del after[half_made]
    assert after == before
    return str(caught.value)


def works_again(loaded: LoadedWarehouse, load: Callable[[], object]) -> None:
    """The same call works, and nothing is left of the one before."""
    load()
    assert sorted(loaded.rows(CREW)) == OUGHT_TO_BE
    wait_until_alone(loaded.database)
    assert left_behind(loaded.database) == []


# The data folder.


def test_a_full_disk_under_the_data_folder_ends_the_download_which_goes_on_later(
    tmp_path: Path,
) -> None:
    rows = [(f"tt{number:07d}", "5.7", str(number * 7919 % 99_991)) for number in range(40_000)]
    body = snapshot(RATINGS, rows)
    old = snapshot(RATINGS, rows[:9])
    room = len(body) // 2048
    with small_disk(tmp_path / "disk", room) as disk, running_source() as source:
        bench = Workbench(source.url, disk.folder)
        source.answers(good_server(old))
        bench.download()
        noted = bench.entry
        source.always(good_server(body, etag='"two"'))

        with pytest.raises(StorageRefused) as caught:
            bench.download()

        said = str(caught.value)
        assert "title.ratings.tsv.gz.part: cannot be written: No space left on device" in said
        assert "Make room" in said
        assert (bench.path.read_bytes(), bench.entry) == (old, noted)

        disk.grow(2 * room + 64)
        done = bench.download()
        assert 0 < done.fetched_bytes < len(body)
        assert bench.path.read_bytes() == body
        assert bench.files == {bench.path.name}


def test_a_full_disk_under_the_note_of_a_download_is_told(tmp_path: Path) -> None:
    body = snapshot(RATINGS, [("tt0000001", "5.7", "210")])
    with small_disk(tmp_path / "disk", 64) as disk, running_source() as source:
        bench = Workbench(source.url, tmp_path / "data")
        bench.cache.store.path = disk.folder / "cache.json"  # type: ignore[attr-defined]
        source.always(good_server(body))
        with suppress(OSError), (disk.folder / "ballast").open("wb", buffering=0) as ballast:
            while ballast.write(b"x" * 4096):
                pass

        with pytest.raises(StorageRefused, match=r"cache\.json: cannot be written: No space left"):
            bench.download()

        (disk.folder / "ballast").unlink()
        assert bench.download().entry.rows == 1


# The database.


def test_a_full_disk_under_the_database_is_told_and_no_fault_of_the_file(
    loaded: LoadedWarehouse,
) -> None:
    path, entry = written(loaded.folder, CREW, NEW)
    with on_a_small_disk(loaded.database, loaded.folder, 128) as grow:
        load = partial(Loader(loaded.database.url, loaded.settings).load, CREW, path, entry)

        said = fails_cleanly(loaded, load, WarehouseRefused)

        assert "imdb: load title.crew: Postgres refused: could not extend file" in said
        assert "No space left on device. Free space on the server's disk" in said
        grow(8192)
        works_again(loaded, load)


def test_a_limit_on_temporary_files_is_told(loaded: LoadedWarehouse) -> None:
    path, entry = written(loaded.folder, CREW, NEW)
    load = partial(Loader(loaded.database.url, loaded.settings).load, CREW, path, entry)
    with (
        set_for_pipeline(loaded.database, "temp_file_limit", "8kB"),
        set_for_pipeline(loaded.database, "work_mem", "64kB"),
    ):
        said = fails_cleanly(loaded, load, WarehouseRefused)

    assert 'temporary file size exceeds "temp_file_limit" (8kB)' in said
    assert "Raise that limit" in said
    works_again(loaded, load)


# The connection.


def test_a_line_that_breaks_in_the_middle_of_copy(loaded: LoadedWarehouse, load: Load) -> None:
    url = loaded.database.url
    with breaking_line(loaded.database.port, limit=20_000) as line:
        broken = url.replace(f":{loaded.database.port}/", f":{line.port}/")

        said = fails_cleanly(loaded, lambda: load(broken), WarehouseUnavailable)

        assert line.broken > 0
    assert said.startswith("imdb: load title.crew: the warehouse is not available: ")
    assert "It may pass" in said
    works_again(loaded, lambda: load(url))


def test_no_connection_to_be_had(loaded: LoadedWarehouse) -> None:
    path, entry = written(loaded.folder, CREW, NEW)
    load = partial(Loader(loaded.database.url, loaded.settings).load, CREW, path, entry)
    limit = f"alter database {loaded.database.name} connection limit"
    loaded.database.execute(f"{limit} 1")  # The first session of a load, and no second to copy.

    said = fails_cleanly(loaded, load, WarehouseUnavailable)

    assert "too many connections for database" in said
    assert "the setting COPY_CONNECTIONS of the source" in said
    loaded.database.execute(f"{limit} -1")
    works_again(loaded, load)


# Time and locks.


LOCKS = {
    "raw is rebuilt by hand": "lock table raw.imdb_title_crew in access exclusive mode",
    "raw gets an index by hand": "lock table raw.imdb_title_crew in share mode",
    "the change table is rebuilt by hand": (
        "lock table raw.imdb_title_crew_changes in access exclusive mode"
    ),
}


@pytest.mark.parametrize("statement", LOCKS.values(), ids=LOCKS)
def test_who_holds_a_table_is_named(loaded: LoadedWarehouse, load: Load, statement: str) -> None:
    with held(loaded.database, statement) as pid:
        before = loaded.ledger()
        with pytest.raises(WarehouseUnavailable) as caught:
            load(loaded.database.url)
        said = str(caught.value)
        assert loaded.ledger() == before

    assert f"session {pid} of postgres (a long lunch, since" in said
    assert '"raw"."imdb_title_crew' in said
    assert "Nothing was changed. Wait for that to end" in said
    works_again(loaded, lambda: load(loaded.database.url))


def test_the_question_whether_a_file_is_loaded_does_not_wait_for_ever(
    loaded: LoadedWarehouse,
) -> None:
    path, entry = written(loaded.folder, CREW, OLD)
    loader = Loader(loaded.database.url, loaded.settings)
    with held(loaded.database, LOCKS["raw is rebuilt by hand"]) as pid:
        for ask in (
            partial(loader.loaded_already, CREW, entry),
            partial(loader.load, CREW, path, entry),
        ):
            with pytest.raises(WarehouseUnavailable, match=rf"session {pid} of postgres"):
                ask()
    assert loader.loaded_already(CREW, entry) is not None


def test_a_lock_that_is_let_go_in_time_is_waited_for(loaded: LoadedWarehouse, load: Load) -> None:
    """Whoever waits in line gets the table; the session that has it is asked to end by us."""
    loaded.settings = replace(loaded.settings, lock_patience=20.0)
    waiting = (
        "select count(*) from pg_locks where not granted and relation = "
        "'raw.imdb_title_crew'::regclass"
    )
    with held(loaded.database, LOCKS["raw gets an index by hand"]) as pid:
        done: list[object] = []
        thread = threading.Thread(target=lambda: done.append(load(loaded.database.url)))
        thread.start()
        for _ in range(2000):
            if loaded.database.value(f"{waiting} and pg_sleep(0.005) is not null"):
                break
        assert loaded.database.value("select pg_terminate_backend(%s, 10000)", pid)
        thread.join()
    assert len(done) == 1
    assert sorted(loaded.rows(CREW)) == OUGHT_TO_BE


def test_a_statement_that_may_not_take_so_long(loaded: LoadedWarehouse, load: Load) -> None:
    loaded.settings = replace(loaded.settings, lock_patience=20.0)
    with (
        held(loaded.database, LOCKS["raw gets an index by hand"]),
        set_for_pipeline(loaded.database, "statement_timeout", "50ms"),
        pytest.raises(WarehouseUnavailable) as caught,
    ):
        load(loaded.database.url)

    said = str(caught.value)
    assert "canceling statement due to statement timeout" in said
    assert "set statement_timeout = 0" in said
    assert sorted(loaded.rows(CREW)) == OLD
    works_again(loaded, lambda: load(loaded.database.url))


def test_what_can_pass_is_told_apart_from_what_somebody_has_to_change() -> None:
    """Airflow tries the one again, and ends with the other at once."""
    assert issubclass(WarehouseUnavailable, TransientError)
    assert not issubclass(WarehouseRefused, TransientError)
    assert not issubclass(StorageRefused, TransientError)
