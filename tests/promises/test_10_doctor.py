"""`make doctor` on a machine and an installation: each is made ill for real, and it is said."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import psycopg2
import pytest
from cryptography.fernet import Fernet

from include.local import doctor as doctors
from include.local.checks import files, installation, machine, processes, sessions, warehouse
from include.local.checks.finding import FAIL, OK, WARN, Finding, guarded
from include.local.checks.place import Place
from include.local.layout import Layout, LocalError, Ports, Secrets, free_port, write_private
from include.local.postgres import GIGABYTE
from include.local.processes import Processes
from include.local.warehouse import SCHEMA_STAMP, embedded_server, start_embedded
from tests.support.postgres import PASSWORD, Database
from tests.support.snapshots import RATINGS, TWO_ROWS, written
from warehouse.http.cache import CacheEntry
from warehouse.http.part_file import PartFile, Validators

# They say a line when they are ready, and end when their input does.
LISTEN = "s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True)"
HOLD = "f = open(sys.argv[1], 'a'); fcntl.flock(f, fcntl.LOCK_EX); print(flush=True)"
HOLD_BY_A_CHILD = (
    "f = open(sys.argv[1], 'a'); fcntl.flock(f, fcntl.LOCK_EX)\n"
    "if os.fork(): os._exit(0)\n"
    "os.setsid(); print(flush=True)"
)
NOTHING = "print(flush=True)"


@contextlib.contextmanager
def running(
    code: str,
    *arguments: str | Path,
    program: str | Path = sys.executable,
    cwd: Path | None = None,
    **env: str,
) -> Iterator[tuple[int, str]]:
    """Run a Python until the end of the block; yield its pid and the line that it says."""
    script = f"import fcntl, os, socket, sys\n{code}\nsys.stdin.read()"
    with subprocess.Popen(
        [str(program), "-S", "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env={**os.environ, **env},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.pid, process.stdout.readline().strip()
        finally:
            process.stdin.close()


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """An installation in which nothing was started yet."""
    layout = Layout(tmp_path / "local")
    layout.make()
    layout.root.chmod(0o755)
    Secrets.of(layout)
    return layout


@pytest.fixture
def place(layout: Layout) -> Place:
    return Place(layout, {})


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """An installation with its server, whose Airflow has nothing but its Variables."""
    layout = Layout(tmp_path_factory.mktemp("doctor") / "local")
    start_embedded(layout)
    server = embedded_server(layout)
    with contextlib.closing(server.connect()) as session:
        session.autocommit = True
        session.cursor().execute("alter system set max_prepared_transactions = 1")
    server.stop()
    start_embedded(layout)
    with session_on(layout, "airflow") as cursor:
        cursor.execute("create table variable (key text, val text, is_encrypted boolean)")
        cursor.execute("grant select on variable to airflow")
    yield Place(layout, {"LOCAL_DIR": str(layout.root)})
    server.stop()


@contextlib.contextmanager
def session_on(layout: Layout, database: str) -> Iterator[psycopg2.extensions.cursor]:
    with (
        contextlib.closing(embedded_server(layout).connect(database)) as session,
        session,
        session.cursor() as cursor,
    ):
        yield cursor


def levels(findings: Iterable[Finding]) -> list[str]:
    found = list(findings)
    for finding in found:
        assert bool(finding.do) is (finding.level != OK), finding
    return [finding.level for finding in found]


def only(findings: Iterable[Finding], level: str, *words: object) -> Finding:
    """The one finding, which is of `level` and says `words`."""
    (finding,) = findings
    assert finding.level == level, finding
    for word in words:
        assert str(word) in finding.found, finding
    assert bool(finding.do) is (level != OK)
    return finding


# The machine


def test_a_python_that_does_not_fit() -> None:
    only(machine.python(), OK)
    only(machine.python((3, 14, 0)), FAIL, "3.14.0")


def test_little_memory() -> None:
    only(machine.memory(8 * GIGABYTE, 6 * GIGABYTE), OK)
    only(machine.memory(2 * GIGABYTE, 2 * GIGABYTE), WARN, "2.1 GB")
    only(machine.memory(8 * GIGABYTE, GIGABYTE // 2), WARN, "537 MB of it available")


def test_no_postgres_that_runs(tmp_path: Path) -> None:
    assert levels(machine.programs())[0] == OK
    finding = only(machine.programs([tmp_path]), FAIL, tmp_path)
    assert "WAREHOUSE_URL" in str(finding.do)


def test_a_disk_without_room_for_the_files_that_are_there(layout: Layout) -> None:
    (layout.data / "title.ratings.tsv.gz").write_bytes(bytes(1000))
    (finding,) = machine.disk(layout, layout.postgres)
    assert "1 kB of files" in finding.found
    files_there = 2 * GIGABYTE
    needed = (machine.DATABASE_FACTOR + machine.FILES_FACTOR) * files_there
    assert machine.room(layout.root, needed, needed, files_there).level == OK
    assert machine.room(layout.root, needed - 1, needed, files_there).level == WARN
    assert machine.room(layout.root, GIGABYTE // 4, 0, 0).level == FAIL


# The installation


def test_passwords_that_others_can_read(layout: Layout) -> None:
    only(installation.rights(layout), OK)
    for path in (layout.root / "secrets.json", layout.warehouse_env):
        path.touch()
        path.chmod(0o640)
        finding = only(installation.rights(layout), FAIL, path, "0640")
        assert "chmod 600" in str(finding.do)
        path.chmod(0o600)


def test_a_folder_that_others_can_write_to(layout: Layout) -> None:
    layout.root.chmod(0o777)
    only(installation.rights(layout), FAIL, layout.root, "0777")


def test_a_server_whose_passwords_are_lost(layout: Layout) -> None:
    layout.postgres.mkdir()
    only(installation.rights(layout), OK)
    (layout.root / "secrets.json").write_text("{}")
    only(installation.rights(layout), FAIL, "secrets.json")


def test_a_port_that_somebody_else_has(place: Place) -> None:
    with running(LISTEN) as (pid, port):
        Ports(place.layout).remember("api", int(port))
        spare = Place(place.layout, {"UP_PORT": str(free_port())})
        only(installation.ports(spare), WARN, port, "api", f"process {pid}")
        (place.layout.root / "ports.json").unlink()
        wanted = Place(place.layout, {"UP_PORT": port})
        assert "UP_PORT=" in str(only(installation.ports(wanted), WARN, port).do)


def test_a_port_that_our_own_process_has_is_ours(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as ours:
        Ports(place.layout).remember("source", ours.getsockname()[1])
        spare = Place(place.layout, {"UP_PORT": str(free_port())})
        only(installation.ports(spare), OK, "source")


def test_a_port_that_is_none_and_a_list_that_is_broken(place: Place) -> None:
    odd = Place(place.layout, {"UP_PORT": "http"})
    only(guarded("ports", lambda: installation.ports(odd)), FAIL, "UP_PORT=http")
    (place.layout.root / "ports.json").write_text("[]")
    first, *_ = installation.ports(place)
    assert (first.level, "not readable" in first.found) == (WARN, True)


# Its processes


@pytest.mark.parametrize(
    ("name", "advice"), [("scheduler", "make down, then make up"), ("dag-run", "make run")]
)
def test_a_record_of_a_process_that_is_gone(place: Place, name: str, advice: str) -> None:
    only(processes.recorded(place), OK)
    with running(NOTHING) as (pid, _):
        record = {"pid": pid, "created": 1}
        write_private(place.layout.pids / f"{name}.json", json.dumps(record))
    assert advice in str(only(processes.recorded(place), WARN, f"{name} is recorded").do)


def test_a_process_of_airflow_that_nobody_knows(place: Place) -> None:
    with running(NOTHING, AIRFLOW_HOME=str(place.layout.airflow)) as (pid, _):
        finding = only(processes.orphans(place), WARN, f"process {pid} ")
        assert f"kill {pid}" in str(finding.do)
    with running(NOTHING, AIRFLOW_HOME=f"{place.layout.airflow}2"):
        only(processes.orphans(place), OK)


def test_a_process_that_is_recorded_is_no_orphan(place: Place, tmp_path: Path) -> None:
    started = Processes(place.layout.pids)
    process = started.start(
        "triggerer",
        [sys.executable, "-c", "import signal; signal.pause()"],
        env={"AIRFLOW_HOME": str(place.layout.airflow)},
        log=tmp_path / "log",
        cwd=tmp_path,
    )
    try:
        only(processes.orphans(place), OK)
        only(processes.recorded(place), OK, "triggerer")
    finally:
        started.stop()
        process.wait()


def test_a_server_that_outlived_its_postmaster(place: Place, tmp_path: Path) -> None:
    data = place.layout.postgres / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").touch()
    # In that folder and of that name, as what a killed postmaster leaves is.
    (tmp_path / "postgres").symlink_to(sys.executable)
    with running(NOTHING, program=tmp_path / "postgres", cwd=data) as (pid, _):
        only(processes.orphans(place), WARN, f"process {pid} (postgres")


def test_the_lock_of_a_command(place: Place) -> None:
    path = place.layout.root / "work.lock"
    only(processes.work_lock(place), OK, "free")
    with running(HOLD, path) as (pid, _):
        only(processes.work_lock(place), WARN, f"process {pid},", "does not look like")
    with running(f"# include.local\n{HOLD}", path, "include.local") as (pid, _):
        only(processes.work_lock(place), OK, "a command is at work")


def test_a_lock_whose_holder_is_gone(place: Place) -> None:
    with running(HOLD_BY_A_CHILD, place.layout.root / "work.lock") as (pid, _):
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        os.waitpid(pid, 0)
        only(processes.work_lock(place), FAIL, f"process {pid} ", "a child")


# Its files


@pytest.mark.parametrize(
    ("noted", "hours", "level"), [(True, 1, OK), (True, 30, WARN), (False, 1, WARN)]
)
def test_a_download_that_broke_off(place: Place, noted: bool, hours: int, level: str) -> None:
    only(files.parts(place), OK)
    part = PartFile(place.layout.data / "title.ratings.tsv.gz")
    part.begin(Validators('"one"', None))
    part.append([b"half"])
    if not noted:
        (place.layout.data / "title.ratings.tsv.gz.part.json").unlink()
    now = part.path.stat().st_mtime + hours * 3600
    only(files.parts(place, now), level, part.path, "4 bytes")


def noted(place: Place, entry: CacheEntry | str | None, *, encrypted: bool = False) -> None:
    """Put a cache entry where Airflow keeps it."""
    text = entry if isinstance(entry, str | None) else json.dumps(asdict(entry))
    secrets = place.secrets()
    assert secrets is not None
    if text is not None and encrypted:
        text = Fernet(secrets.fernet).encrypt(text.encode()).decode()
    with session_on(place.layout, "airflow") as cursor:
        cursor.execute("delete from variable")
        if text is not None:
            row = ("imdb_cache__title_ratings", text, encrypted)
            cursor.execute("insert into variable values (%s, %s, %s)", row)


def test_files_that_are_not_those_of_the_cache(whole: Place) -> None:
    path, entry = written(whole.layout.data, RATINGS, TWO_ROWS)
    full = replace(whole, full=True)

    noted(whole, entry, encrypted=True)
    only(files.cache(full), OK, "1 of 7")

    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"!")
    only(files.cache(whole), OK)
    only(files.cache(full), WARN, path, "SHA-256")

    path.write_bytes(content + b"!")
    only(files.cache(whole), WARN, f"{len(content) + 1:,} bytes, the entry says {len(content):,}")

    path.unlink()
    only(files.cache(whole), WARN, "not there")

    noted(whole, replace(entry, file="../secrets.json"))
    only(files.cache(whole), WARN, "'../secrets.json'")

    noted(whole, "{")
    only(files.cache(whole), WARN, "imdb_cache__title_ratings is not readable")

    noted(whole, None)
    only(files.cache(whole), OK, "0 of 7")
    path.write_bytes(content)
    only(files.cache(whole), WARN, "no entry knows it")
    path.unlink()


def test_a_cache_in_sqlite_is_read_and_not_made(layout: Layout) -> None:
    import sqlite3

    place = Place(layout, {"WAREHOUSE_URL": "postgresql://nowhere"})
    only(files.cache(place), OK, "not looked at")
    assert not layout.airflow.exists()
    layout.airflow.mkdir()
    with contextlib.closing(sqlite3.connect(layout.airflow / "airflow.db")) as session, session:
        session.execute("create table variable (key text, val text, is_encrypted boolean)")
        session.execute("insert into variable values ('imdb_cache__title_crew', '{', false)")
    only(files.cache(place), WARN, "imdb_cache__title_crew")


# Its server


def test_a_healthy_installation_has_nothing_that_fails(
    whole: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(whole.layout.root)
    code = doctors.doctor({**whole.environment, "CHECK": "full"})
    said = capsys.readouterr().out
    assert (code, FAIL in said) == (0, False), said
    # The server's own files change as it likes.
    assert tree(whole.layout.root) == before
    secrets = whole.secrets()
    assert secrets is not None
    assert not [word for word in asdict(secrets).values() if word in said]


def test_ddl_that_was_not_applied(whole: Place) -> None:
    assert whole.data is not None
    stamp = whole.data.with_name(SCHEMA_STAMP)
    applied = stamp.read_text()
    stamp.write_text("of another day")
    try:
        with session_on(whole.layout, "warehouse") as cursor:
            only(warehouse.schema(cursor, whole), WARN, "include/sql is not what was applied last")
    finally:
        stamp.write_text(applied)


def test_a_password_that_is_not_the_servers(whole: Place) -> None:
    path = whole.layout.root / "secrets.json"
    kept = path.read_text()
    write_private(path, json.dumps(json.loads(kept) | {"analyst": "wrong-word"}))
    try:
        pipeline, analyst = warehouse.reach(whole)
    finally:
        write_private(path, kept)
    assert (pipeline.level, analyst.level) == (OK, FAIL)
    assert "password" in analyst.found
    assert "wrong-word" not in analyst.found


def test_a_server_that_is_stopped_or_was_killed_is_not_started(whole: Place) -> None:
    server = embedded_server(whole.layout)
    assert whole.data is not None
    port = server.port()
    only(processes.server(whole), OK, f"port {port}")
    recorded = (whole.data / "postmaster.pid").read_text()
    server.stop()
    try:
        before = tree(whole.layout.root)
        only(processes.server(whole), WARN, "stopped")
        assert [f.level for f in doctors.examine(whole.environment) if f.level == FAIL] == []
        assert tree(whole.layout.root) == before
        # What a kill leaves: the record of a process that is not there.
        (whole.data / "postmaster.pid").write_text(recorded)
        only(processes.server(whole), WARN, "ended without being stopped")
        assert whole.server() is None
    finally:
        start_embedded(whole.layout)


def test_a_transaction_that_waits_for_its_commit(whole: Place) -> None:
    with contextlib.closing(embedded_server(whole.layout).connect("warehouse")) as session:
        session.autocommit = True
        statements = session.cursor()
        statements.execute("begin; create table raw.prepared (x int)")
        statements.execute("prepare transaction 'forgotten'")
        with session_on(whole.layout, "warehouse") as cursor:
            only(sessions.forgotten(cursor), WARN, "'forgotten' of postgres")
        statements.execute("rollback prepared 'forgotten'")


# All of it


def tree(root: Path) -> dict[str, int]:
    """Every file of an installation but the server's own, with the time it was written."""
    return {
        str(path): path.stat().st_mtime_ns
        for path in sorted(root.rglob("*"))
        if path.is_file() and root / "postgres" not in path.parents
    }


def test_a_check_that_breaks_is_a_finding() -> None:
    def broken() -> Iterator[Finding]:
        yield Finding(OK, "x", "looked at")
        raise KeyError("what")

    first, second = guarded("x", broken)
    assert (first.level, second.level) == (OK, FAIL)
    assert "KeyError: 'what'" in second.found


def test_where_nothing_is_nothing_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctors.doctor({"LOCAL_DIR": str(tmp_path / "none")}) == 0
    assert "make run makes it" in capsys.readouterr().out
    assert not (tmp_path / "none").exists()


def test_a_folder_of_somebody_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.tex").touch()
    assert doctors.doctor({"LOCAL_DIR": str(tmp_path)}) == 1
    assert "no installation of this project" in capsys.readouterr().out


def test_a_depth_that_there_is_not() -> None:
    with pytest.raises(LocalError, match="CHECK=thorough: quick"):
        doctors.doctor({"CHECK": "thorough"})


def test_a_warehouse_of_ones_own(database: Database, tmp_path: Path) -> None:
    ours = {
        "LOCAL_DIR": str(tmp_path / "none"),
        "WAREHOUSE_URL": database.url,
        "ANALYST_URL": database.url_of("analyst"),
    }
    found = list(doctors.examine(ours, full=True))
    assert [finding for finding in found if finding.level == FAIL] == []
    assert {"pipeline", "roles", "ledger", "last run"} <= {finding.subject for finding in found}
    assert not (tmp_path / "none").exists()

    del ours["ANALYST_URL"]
    found = list(doctors.examine(ours))
    assert [f.do for f in found if f.subject == "analyst"] == ["export ANALYST_URL=…"]


@pytest.mark.parametrize("wrong", ["password", "port", "nonsense"])
def test_a_warehouse_that_cannot_be_reached(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: str
) -> None:
    url = {
        "password": database.url_of("pipeline", "not-the-password"),
        "port": f"postgresql://pipeline:{PASSWORD}@127.0.0.1:1/warehouse",
        "nonsense": f"postgresql://pipeline:{PASSWORD}@[/warehouse",
    }[wrong]
    assert doctors.doctor({"LOCAL_DIR": str(tmp_path / "none"), "WAREHOUSE_URL": url}) == 1
    said = capsys.readouterr().out
    assert "FAIL  pipeline" in said
    assert "Traceback" not in said
    assert PASSWORD not in said
    assert "not-the-password" not in said


def test_findings_are_a_line_and_what_to_do() -> None:
    assert Finding(OK, "disk", "room").lines() == ["ok    disk           room"]
    assert Finding(FAIL, "disk", "full", "free some").lines() == [
        "FAIL  disk           full",
        "      do: free some",
    ]


def test_a_cluster_in_a_folder_that_its_user_can_reach_is_found(tmp_path: Path) -> None:
    from include.local.postgres import shared_home

    layout = Layout(tmp_path / "local")
    home = shared_home(layout.postgres)
    (home / "data").mkdir(parents=True)
    try:
        (home / "data" / "PG_VERSION").touch()
        assert Place(layout, {}).data == home / "data"
    finally:
        shutil.rmtree(home)
