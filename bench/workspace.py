"""The installation of a benchmark: cluster, databases and files, removed at the end.

The user's warehouse is never touched. The made samples stay beside the work folder, because they
take long to make.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit, urlunsplit

from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from include.local.layout import REPOSITORY, Layout, LocalError, locked
from include.local.processes import Processes
from include.local.warehouse import Warehouse, apply_schema, embedded_server, start_embedded

# Variables that would change a command.
_NOT_INHERITED = ("AIRFLOW", "IMDB_", "DBT_", "WAREHOUSE", "ANALYST", "MAKE", "MFLAGS", "LOCAL_",
                  "SOURCE", "DATASETS", "DAY", "TITLES", "FULL", "FORCE_", "BENCH_",
                  "TMDB_", "TRAKT_", "BACKFILL", "PIPELINES", "KINDS", "PAGES", "INGEST",
                  "DRY_RUN")  # fmt: skip
_SETTINGS = {"IMDB_DOWNLOAD_TRIES": "2", "IMDB_BACKOFF_START": "0.2"}


def progress(text: str) -> None:
    """Print a line of progress on stderr."""
    print(text, file=sys.stderr, flush=True)


def bench_folder() -> Path:
    """Return the folder of samples and work."""
    name = os.environ.get("BENCH_DIR", "").strip()
    return Path(name).resolve() if name else REPOSITORY / ".local" / "bench"


def whole_number(name: str, default: int, least: int = 1) -> int:
    """Return the environment variable `name` as a number of at least `least`, or the default."""
    text = os.environ.get(name, "").strip() or str(default)
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise LocalError(f"{name}={text}: a whole number of at least {least} is needed.")
    return int(text)


@dataclass(frozen=True, slots=True)
class BenchDatabase:
    """One database with the schema of include/sql, empty at first: how its roles reach it."""

    name: str
    url: str
    analyst_url: str

    @property
    def parts(self) -> dict[str, str]:
        """The pipeline's connection as the dbt profile reads it from the environment."""
        return Warehouse(self.url, self.analyst_url, None, embedded=True).parts


class Workspace:
    """The installation in `folder`; its server starts when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.layout = Layout(folder)

    @cached_property
    def warehouse(self) -> Warehouse:
        """The embedded warehouse, up, its database `warehouse` ready."""
        progress("starting a cluster of the benchmark's own")
        return start_embedded(self.layout)

    def admin(self, database: str = "warehouse") -> Connection:
        """Open a session as the superuser."""
        return embedded_server(self.layout).connect(database)

    def make(self, verb: str, log: Path, **variables: str) -> subprocess.Popen[bytes]:
        """Start `make VERB` on this installation as a person would, its output to `log`."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)
        }
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            return subprocess.Popen(
                ["make", "--no-print-directory", verb],
                env=kept | _SETTINGS | {"LOCAL_DIR": str(self.layout.root)} | variables,
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def main(self) -> BenchDatabase:
        """Return the database that Airflow's connection leads to."""
        warehouse = self.warehouse
        return BenchDatabase("warehouse", warehouse.url, warehouse.analyst_url)

    @contextlib.contextmanager
    def database(self, name: str) -> Iterator[BenchDatabase]:
        """Yield a new database called `name`; it is dropped afterwards."""
        warehouse = self.warehouse
        self._drop(name)
        with contextlib.closing(self.admin("postgres")) as session:
            session.autocommit = True
            session.cursor().execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        with contextlib.closing(self.admin(name)) as session:
            apply_schema(session)
        try:
            yield BenchDatabase(
                name, _renamed(warehouse.url, name), _renamed(warehouse.analyst_url, name)
            )
        finally:
            self._drop(name)

    def remove(self) -> None:
        """End every process of the installation and remove its folder."""
        if not self.layout.root.exists():
            return
        Processes(self.layout.pids).stop()
        if self.layout.postgres.exists():
            server = embedded_server(self.layout)
            server.stop()
            if server.data.parent != self.layout.postgres:
                shutil.rmtree(server.data.parent)
        shutil.rmtree(self.layout.root)

    def _drop(self, name: str) -> None:
        with contextlib.closing(self.admin("postgres")) as session:
            session.autocommit = True
            session.cursor().execute(
                sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
            )


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Run as the only benchmark or soak of the folder; TERM and HUP end it as Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    root = bench_folder()
    busy = f"Another benchmark or soak runs in {root}. Wait for its end."
    with locked(root / "lock", busy=busy):
        yield


@contextlib.contextmanager
def workspace() -> Iterator[Workspace]:
    """Yield an empty workspace and remove it at the end, also after Ctrl-C and TERM."""
    with alone():
        space = Workspace(bench_folder() / "work")
        space.remove()  # files of a killed benchmark
        space.layout.make()
        try:
            yield space
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            space.remove()


def _renamed(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))
