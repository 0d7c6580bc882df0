"""The installation's folder: its passwords, its server, its processes."""

import contextlib
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from include.local.bootstrap import LOCK, Environment
from include.local.checks.diagnosis import Diagnosis, age, fail, megabytes, ok, warn
from include.local.layout import REPOSITORY, Layout, Secrets
from include.local.postgres import Postmaster, recorded_postmaster, shared_home
from include.local.processes import Processes


def cluster(layout: Layout) -> Path | None:
    """Return the data folder of the embedded server, None where none was made."""
    homes = (layout.postgres, shared_home(layout.postgres))
    return next((home / "data" for home in homes if (home / "data/PG_VERSION").exists()), None)


def postmaster(layout: Layout) -> Postmaster | None:
    """Return the embedded server's process where it runs."""
    data = cluster(layout)
    recorded = recorded_postmaster(data) if data else None
    return recorded if recorded and recorded.is_running() else None


def environment(folder: Path = REPOSITORY / ".venv") -> Iterator[Diagnosis]:
    """Check that the packages are those of the project, and that it was not moved since."""
    if fault := Environment(folder, LOCK).fault():
        yield fail("environment", fault, "make run makes it again; the data stays.")


def sizes(layout: Layout) -> Iterator[Diagnosis]:
    """Report what the folders of the installation take on the disk."""
    airflow = layout.airflow / "logs"
    folders = {"files": layout.data, "samples": layout.sample, "logs": layout.logs,
               "Airflow's logs": airflow, "backups": layout.backups}  # fmt: skip
    found = [f"{name} {megabytes(_size(folder))}" for name, folder in folders.items()]
    yield ok("sizes", ", ".join(found))


def _size(folder: Path) -> int:
    """Return the bytes of the files below `folder`; they may come and go meanwhile."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += path.lstat().st_size if not path.is_dir() else 0
    return total


def rights(layout: Layout) -> Iterator[Diagnosis]:
    """Check that only the owner can read the passwords, and that they are there."""
    for path, forbidden, do in (
        (layout.secrets, stat.S_IRWXG | stat.S_IRWXO, "chmod 600"),
        (layout.warehouse_env, stat.S_IRWXG | stat.S_IRWXO, "chmod 600"),
        (layout.root, stat.S_IWGRP | stat.S_IWOTH, "chmod go-w"),
    ):
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0
        if mode & forbidden:
            yield fail("file rights", f"other users have access to {path}: {mode:04o}",
                       f"{do} '{path}'; for new passwords: make clean, make run.")  # fmt: skip
    if cluster(layout) and Secrets.read(layout) is None:
        yield fail("file rights", f"{layout.secrets} with the server's passwords is not readable",
                   "restore it from a copy; without one: make clean, make run.")  # fmt: skip


def server(layout: Layout) -> Iterator[Diagnosis]:
    """Check whether the embedded server runs, was stopped or crashed."""
    data, running = cluster(layout), postmaster(layout)
    if running:
        yield ok("server", f"Postgres runs: process {running.pid}, port {running.port}")
    elif data and recorded_postmaster(data):
        yield warn(
            "server",
            f"Postgres ended without a stop (a crash, a kill, a reboot): see "
            f"{data.with_name('server.log')}",
            "make run or make up: it recovers, and nothing that was committed is lost.",
        )
    elif data:
        yield warn("server", "Postgres is stopped, so its contents were not checked",
                   "make run or make up starts it; then make doctor again.")  # fmt: skip
    else:
        yield ok("server", "there is no warehouse yet: make run makes it")


def orphans(layout: Layout) -> Iterator[Diagnosis]:
    """Check for processes of this installation that `make down` would not stop."""
    running = postmaster(layout)
    heads = {process.pid for process in Processes(layout.pids).running().values()}
    heads |= {running.pid} if running else set()
    own = {psutil.Process().pid, *(parent.pid for parent in psutil.Process().parents())}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid in own or not _belongs(process, layout):
                continue
            ancestors = [process, *process.parents()]
            if any(each.pid in heads or "include.local" in each.cmdline() for each in ancestors):
                continue
            if process.status() != psutil.STATUS_ZOMBIE:
                yield warn(
                    "processes",
                    f"process {process.pid} ({process.name()}, started "
                    f"{age(time.time() - process.create_time())} ago) is of this installation, "
                    "but make down does not know it",
                    f"kill {process.pid}; if it does not end: kill -9 {process.pid}",
                )


def _belongs(process: psutil.Process, layout: Layout) -> bool:
    data = cluster(layout)
    if data and "postgres" in process.name() and Path(process.cwd()) == data.resolve():
        return True
    return process.environ().get("AIRFLOW_HOME") == str(layout.airflow)
