"""How a fault strikes: never by the clock, always when the run is seen at the place.

A table's writer is held up by a lock, a download by an answer that stops in its middle. So the run
is known to be there when it is struck, however fast the machine is.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import psycopg2
from psycopg2 import sql

from bench.soak.installation import Installation
from bench.soak.plan import DOWNLOAD, LOAD, MODEL, PUBLISH, REPORT, Fault, Place
from bench.soak.source import Source
from imdb_pipeline.config import DATASETS, dataset_named
from include.local.airflow import API_SERVER, RUN

# What the data folder can hold, more than the files need, and what is left when it is full.
DATA_FOLDER_BYTES, BYTES_A_TITLE = 64 << 20, 1 << 10
LEFT_BYTES = 16 << 10
_DEATH_PATIENCE = 20.0
_FILLER = "somebody-elses-large-file"

Reached = Callable[[], "Client | None"]


class Client:
    """Who stopped at the place: its end of the connection; of a session also its server process."""

    def __init__(self, port: int, backend: int | None = None) -> None:
        self.port = port
        self.backend = backend


@contextmanager
def held_up(installation: Installation, source: Source, place: Place) -> Iterator[Reached | None]:
    """Hold the run up at `place` for the block; yield how to ask who stopped there.

    Yields None where there is no such place yet: the table that would be locked is not there.
    """
    if place.step == DOWNLOAD:
        hold = source.hold(dataset_named(place.what).file_name)
        try:
            yield lambda: Client(hold.client_port or 0) if hold.reached.is_set() else None
        finally:
            source.heal()
        return
    table = _table(installation, place)
    if table is None:
        yield None
        return
    with ExitStack() as stack:
        locking = installation.admin()
        # The server may be gone by the end.
        stack.callback(lambda: _close(locking))
        watching = stack.enter_context(contextlib.closing(installation.admin()))
        watching.autocommit = True
        with locking.cursor() as cursor:
            cursor.execute(sql.SQL("lock table {} in share mode").format(table))
        pid = locking.info.backend_pid

        def waiting() -> Client | None:
            with watching.cursor() as cursor:
                cursor.execute(
                    "select client_port, pid from pg_stat_activity "
                    "where %s = any (pg_blocking_pids(pid)) and backend_type = 'client backend'",
                    (pid,),
                )
                found = cursor.fetchone()
            return Client(*found) if found else None

        yield waiting


def _close(session: "psycopg2.extensions.connection") -> None:
    with contextlib.suppress(psycopg2.Error):
        session.close()


def _table(installation: Installation, place: Place) -> sql.Identifier | None:
    if place.step == LOAD:
        name = ("raw", dataset_named(place.what).table)
    elif place.step == MODEL:
        name = ("staging" if place.what.startswith("stg_") else "marts_next", place.what)
    else:
        name = ("meta", {PUBLISH: "publish_log", REPORT: "run_log"}[place.step])
    there = installation.rows("select to_regclass(%s) is not null", ".".join(name))[0][0]
    return sql.Identifier(*name) if there else None


def strike(
    installation: Installation, make: "subprocess.Popen[bytes]", fault: Fault, client: Client
) -> str | None:
    """Do what the kind of `fault` is to the run of `make`, of which `client` is at the place.

    Returns what was wrong with how it went, None where nothing was.
    """
    name = fault.kind.name
    if name == "kill-run":
        while members := installation.family():
            kill(members)
    elif name == "kill-make":
        os.killpg(make.pid, signal.SIGKILL)
    elif name == "kill-postgres":
        kill(installation.server())
    elif name == "end-session":
        installation.rows("select pg_terminate_backend(%s)", client.backend)
    elif name == "second-run":
        return _second_run(installation)
    elif name != "lock":
        process = {
            "kill-task": lambda: installation.client(client.port),
            "kill-scheduler": lambda: installation.recorded(RUN),
            "kill-api": lambda: installation.recorded(API_SERVER),
        }[name]()
        if process is None:
            return "the process to kill was not found"
        kill([process])
    return None


def kill(processes: Sequence[psutil.Process]) -> None:
    """Kill the processes and wait until they are no more.

    Not with psutil's own wait, which would take the exit code of our child away from us.
    """
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    end = time.monotonic() + _DEATH_PATIENCE
    while any(map(_lives, processes)) and time.monotonic() < end:
        time.sleep(0.02)


def _lives(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _second_run(installation: Installation) -> str | None:
    log = installation.layout.logs / "second-run.log"
    second = installation.command("run", log)
    code = installation.ended(second, 300)
    said = log.read_text("utf-8", "replace")
    if code in {0, None} or "Another command is at work" not in said:
        return f"the second run ended with {code}: {said.strip()[-200:]}"
    return None


def _roll_back(installation: Installation) -> str | None:
    log = installation.layout.logs / "rollback.log"
    code = installation.ended(installation.command("rollback", log), 300)
    said = log.read_text("utf-8", "replace").strip()
    return None if code == 0 else f"the rollback ended with {code}: {said[-200:]}"


@contextmanager
def beforehand(installation: Installation, source: Source, fault: Fault) -> Iterator[str | None]:
    """Bring about, for the block, what a run will find; yield why that cannot be, else None."""
    file_name = next((d.file_name for d in DATASETS if d.name == fault.place.what), "")
    data = installation.layout.data
    problem = None
    if fault.kind.name == "breaks-off":
        source.break_off(file_name, 2)
    elif fault.kind.name == "unavailable":
        source.refuse(file_name, 2)
    elif fault.kind.name == "lost-file":
        (data / file_name).unlink()
    elif fault.kind.name == "edited-file":
        _edit(data / file_name)
    elif fault.kind.name == "rollback":
        problem = _roll_back(installation)
    elif fault.kind.name == "disk-full":
        problem = None if data.is_mount() else "the data folder is no file system of its own"
        if problem is None:
            _fill(data)
    try:
        yield problem
    finally:
        (data / _FILLER).unlink(missing_ok=True)


def own_file_system(data: Path, titles: int) -> bool:
    """Put the data folder onto a small file system, where that is allowed; return whether it is."""
    size = DATA_FOLDER_BYTES + BYTES_A_TITLE * titles
    data.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", data],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def _edit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _fill(folder: Path) -> None:
    """Leave no more than `LEFT_BYTES`."""
    figures = os.statvfs(folder)
    size = figures.f_bavail * figures.f_frsize - LEFT_BYTES
    with (folder / _FILLER).open("wb") as filler:
        for start in range(0, max(0, size), 1 << 20):
            filler.write(b"\0" * min(1 << 20, size - start))
