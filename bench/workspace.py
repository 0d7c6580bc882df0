"""The benchmarks' own installation: cluster, databases, files, in a folder that goes at the end.

The user's warehouse is never touched. What outlives a benchmark is beside the work folder: made
samples, which take long to make, and the stored results.
"""

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit, urlunsplit

from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from include.local.layout import REPOSITORY, Layout, locked
from include.local.processes import Processes
from include.local.warehouse import Warehouse, apply_schema, embedded_server, start_embedded

FOLDER_VARIABLE = "BENCH_DIR"


def progress(text: str) -> None:
    """Say on stderr what is being done."""
    print(text, file=sys.stderr, flush=True)


def bench_folder() -> Path:
    """Return where samples, results and work are kept."""
    name = os.environ.get(FOLDER_VARIABLE, "").strip()
    return Path(name).resolve() if name else REPOSITORY / ".local" / "bench"


@dataclass(frozen=True, slots=True)
class Database:
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

    def main(self) -> Database:
        """Return the database that Airflow's connection leads to."""
        warehouse = self.warehouse
        return Database("warehouse", warehouse.url, warehouse.analyst_url)

    @contextlib.contextmanager
    def database(self, name: str) -> Iterator[Database]:
        """Yield a new database called `name`; it is dropped afterwards."""
        warehouse = self.warehouse
        self._drop(name)
        with contextlib.closing(self.admin("postgres")) as session:
            session.autocommit = True
            session.cursor().execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        with contextlib.closing(self.admin(name)) as session:
            apply_schema(session)
        try:
            yield Database(
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
def workspace() -> Iterator[Workspace]:
    """Yield an empty workspace and remove it at the end, after Ctrl-C and TERM, too."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    root = bench_folder()
    busy = f"Another benchmark is at work in {root}: wait until it has ended."
    with locked(root / "lock", busy=busy):
        space = Workspace(root / "work")
        space.remove()  # what a killed one left
        space.layout.make()
        try:
            yield space
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            space.remove()


def _renamed(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))
