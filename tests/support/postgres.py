"""A real Postgres for tests: one embedded cluster, a database from a template per test."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from include.local.layout import LOOPBACK
from include.local.postgres import SUPERUSER, EmbeddedPostgres
from include.local.warehouse import apply_schema, set_password

PASSWORD = "between-us"
TEMPLATE = "template_warehouse"
# Nothing has to survive a crash here, and nobody but the test may write.
_SETTINGS = ("fsync", "synchronous_commit", "full_page_writes", "autovacuum")


@dataclass(frozen=True, slots=True)
class Database:
    """A database with the schema of include/sql, its tables empty."""

    port: int
    name: str

    @property
    def url(self) -> str:
        """How the pipeline reaches it."""
        return self.url_of("pipeline")

    def url_of(self, role: str, password: str = PASSWORD) -> str:
        """How `role` (pipeline, analyst, postgres) reaches it."""
        return f"postgresql://{role}:{password}@{LOOPBACK}:{self.port}/{self.name}"

    @contextlib.contextmanager
    def session(self, role: str = "pipeline") -> Iterator[Connection]:
        """A session with a transaction of its own, rolled back at the end."""
        with contextlib.closing(psycopg2.connect(self.url_of(role))) as connection:
            yield connection

    def query(self, statement: str, *values: object, role: str = "postgres") -> list[Any]:
        """The rows of a query, in a session of its own."""
        with self.session(role) as connection, connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall()

    def value(self, statement: str, *values: object, role: str = "postgres") -> Any:
        """The first value of a query's first row."""
        return self.query(statement, *values, role=role)[0][0]

    def execute(self, statement: str, *values: object, role: str = "postgres") -> None:
        """Run a statement and commit it, in a session of its own."""
        with self.session(role) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement, values or None)


class Cluster:
    """The running server; `database()` lends a fresh database. A `durable` one survives `crash`."""

    def __init__(self, server: EmbeddedPostgres, *, durable: bool = False) -> None:
        self._server = server
        self._numbers = count(1)
        port = server.port()
        assert port is not None
        self.port = port
        self._admin = server.connect()
        self._admin.autocommit = True
        for setting in () if durable else _SETTINGS:
            self._do("alter system set {} = off", setting)
        # A test that would wait for ever fails instead.
        self._do("alter system set lock_timeout = '20s'")
        self._do("select pg_reload_conf()")
        self._do("create database {}", TEMPLATE)
        with contextlib.closing(server.connect(TEMPLATE)) as connection:
            apply_schema(connection)
            set_password(connection, "pipeline", PASSWORD)
            set_password(connection, "analyst", PASSWORD)

    @contextlib.contextmanager
    def database(self, template: str = TEMPLATE) -> Iterator[Database]:
        """A copy of the template, dropped at the end with whoever is still connected."""
        database = Database(self.port, f"warehouse_{next(self._numbers)}")
        # Copying the files of a template this small beats writing all of it to the log.
        self._do("create database {} template {} strategy file_copy", database.name, template)
        if template != "template0":
            # What include/sql grants on the database itself is not copied.
            self._do("revoke connect, temporary on database {} from public", database.name)
            self._do("grant connect, create, temporary on database {} to pipeline", database.name)
            self._do("grant connect on database {} to analyst", database.name)
        try:
            yield database
        finally:
            self._do("drop database {} with (force)", database.name)

    def crash(self) -> None:
        """Kill the server, all its processes at once, as a power cut would."""
        pid = int((self._server.data / "postmaster.pid").read_text().split()[0])
        postmaster = psutil.Process(pid)
        processes = [postmaster, *postmaster.children(recursive=True)]
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes, timeout=30)

    def stop(self) -> None:
        """Stop the server, its sessions ended."""
        self._server.stop()

    def start_again(self) -> None:
        """Start the server where it was."""
        self._admin.close()
        assert self._server.start(self.port) == self.port
        self._admin = self._server.connect()
        self._admin.autocommit = True

    def close(self) -> None:
        """End our own session."""
        self._admin.close()

    def _do(self, statement: str, *names: str) -> None:
        with self._admin.cursor() as cursor:
            cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextlib.contextmanager
def running_cluster(folder: Path, *, durable: bool = False) -> Iterator[Cluster]:
    """Start a cluster in `folder`, stop it at the end."""
    server = EmbeddedPostgres(folder, PASSWORD)
    server.start()
    try:
        with contextlib.closing(Cluster(server, durable=durable)) as cluster:
            yield cluster
    finally:
        server.stop()


__all__ = ["PASSWORD", "SUPERUSER", "Cluster", "Database", "running_cluster"]
