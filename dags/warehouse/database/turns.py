"""Turns: who may load and who may build the tables of one source at the same time.

Loads of a source work beside each other. There is one builder of a source at a time: a dbt session,
a publish or a rollback. A dbt session also keeps the source's loads out, because these replace the
tables that its models read; a publish and a rollback do not. What one source does is of no concern
to another: the name of the source is part of the name of every lock.

The locks are advisory locks of Postgres. They end with the session that holds them.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

import psycopg2
from psycopg2 import errors
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from warehouse.database.sessions import sessions
from warehouse.errors import WarehouseUnavailable

_WAIT = (
    "Wait for it to end, or end the task or command that it belongs to; the lock ends with the "
    "session."
)


@dataclass(frozen=True, slots=True)
class _Statements:
    """How to take a lock of a session without and with waiting, and how to release it."""

    attempt: str
    wait: str
    release: str


_ALONE = _Statements(
    "select pg_try_advisory_lock(hashtextextended(%s, 0))",
    "select pg_advisory_lock(hashtextextended(%s, 0))",
    "select pg_advisory_unlock(hashtextextended(%s, 0))",
)
_SHARED = _Statements(
    "select pg_try_advisory_lock_shared(hashtextextended(%s, 0))",
    "select pg_advisory_lock_shared(hashtextextended(%s, 0))",
    "select pg_advisory_unlock_shared(hashtextextended(%s, 0))",
)


def loading_lock(source: str) -> str:
    """Return the name of the lock that loads of `source` share and a dbt session holds alone."""
    return f"{source}: loading"


def building_lock(source: str) -> str:
    """Return the name of the lock that each builder of `source` holds alone."""
    return f"{source}: building"


@contextmanager
def loading(connection: Connection, source: str, *, patience: float = 0.0) -> Iterator[None]:
    """Load tables of `source` in this block, beside other loads.

    Waits up to `patience` seconds for a dbt session of the source. Raises `WarehouseUnavailable`
    naming the session that builds.
    """
    with held(connection, loading_lock(source), shared=True, patience=patience):
        yield


@contextmanager
def building(connection: Connection, source: str, *, patience: float = 0.0) -> Iterator[None]:
    """Be the only builder of `source` in this block, with no load of the source beside.

    Waits up to `patience` seconds for each of the two, then raises `WarehouseUnavailable` naming
    the sessions that build or load.
    """
    with ExitStack() as stack:
        for name in (building_lock(source), loading_lock(source)):
            stack.enter_context(held(connection, name, patience=patience))
        yield


def hold(cursor: Cursor, name: str) -> None:
    """Hold the advisory lock `name` to the end of the transaction; fail at once where it is taken.

    Raises `WarehouseUnavailable` naming the session that holds it.
    """
    cursor.execute("select pg_try_advisory_xact_lock(hashtextextended(%s, 0))", (name,))
    if cursor.fetchone() != (True,):
        raise _taken(cursor, name)


@contextmanager
def held(
    connection: Connection, name: str, *, shared: bool = False, patience: float = 0.0
) -> Iterator[None]:
    """Hold the advisory lock `name` for a block of several transactions.

    `shared` is beside others that share it. Waits up to `patience` seconds, then raises
    `WarehouseUnavailable` naming the sessions that hold it. The lock is released at the end of the
    block and not with the session only, because the server may notice later that a session ended.
    """
    statements = _SHARED if shared else _ALONE
    try:
        with connection, connection.cursor() as cursor:
            _take(cursor, statements, name, patience)
    except errors.LockNotAvailable as error:
        with connection, connection.cursor() as cursor:
            raise _taken(cursor, name) from error
    try:
        yield
    finally:
        with suppress(psycopg2.Error), connection, connection.cursor() as cursor:
            cursor.execute(statements.release, (name,))


def _take(cursor: Cursor, statements: _Statements, name: str, patience: float) -> None:
    cursor.execute(statements.attempt, (name,))
    if cursor.fetchone() == (True,):
        return
    if patience <= 0:
        raise _taken(cursor, name)
    limit = f"{max(1, round(patience * 1000))}ms"
    cursor.execute("select set_config('lock_timeout', %s, true)", (limit,))
    cursor.execute(statements.wait, (name,))


def _taken(cursor: Cursor, name: str) -> WarehouseUnavailable:
    return WarehouseUnavailable(
        f"{name}: {sessions(cursor, _holders(cursor, name))} holds the lock. Nothing was changed. "
        f"{_WAIT}"
    )


def _holders(cursor: Cursor, name: str) -> list[int]:
    """The server processes of others that hold the advisory lock `name`."""
    cursor.execute(
        """
        select distinct pid from pg_locks
        where locktype = 'advisory' and granted and objsubid = 1
            and pid <> pg_backend_pid()
            and database = (select oid from pg_database where datname = current_database())
            and (classid::bigint << 32 | objid::bigint) = hashtextextended(%s, 0)
        """,
        (name,),
    )
    return [int(pid) for (pid,) in cursor.fetchall()]
