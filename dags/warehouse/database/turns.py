"""Turns: who may load, build or publish beside whom.

Loads work beside loads, and models beside models; but while a model is built, no load may come in,
since some models would see it and others not. What changes whose turn it is (a build that begins, a
publish, a rollback) is alone among builders. All of it rests on advisory locks of Postgres: they go
with the session that holds them, however that ends.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from warehouse.database.sessions import sessions
from warehouse.errors import WarehouseUnavailable

LOADING, BUILDING = "loading", "building"
# Whoever looks who is at work and then joins in does both behind this one.
_GATE = "gate"
_WAIT = (
    "Wait for it to end, or end the task or command that it belongs to; the lock goes with the "
    "session."
)


def hold(cursor: Cursor, name: str) -> None:
    """Hold the advisory lock `name` to the end of the transaction; fail at once where it is taken.

    Raises `WarehouseUnavailable` naming the session that holds it.
    """
    _take(cursor, "select pg_try_advisory_xact_lock(hashtextextended(%s, 0))", name)


@contextmanager
def held(connection: Connection, name: str) -> Iterator[None]:
    """Hold it for a block of several transactions, at most as long as the session; else as `hold`.

    It is let go at the end of the block, not only with the session: a server notices that somebody
    left a little later.
    """
    with connection, connection.cursor() as cursor:
        _take(cursor, "select pg_try_advisory_lock(hashtextextended(%s, 0))", name)
    try:
        yield
    finally:
        with suppress(psycopg2.Error), connection, connection.cursor() as cursor:
            cursor.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", (name,))


@contextmanager
def sharing(connection: Connection, work: str, *, never_with: str) -> Iterator[None]:
    """Be at `work`, beside others who are, for a block of several transactions.

    Raises `WarehouseUnavailable` naming them where somebody shares `never_with`, or holds `work`
    alone.
    """
    with connection, connection.cursor() as cursor:
        _pass_gate(cursor)
        refuse_beside(cursor, work, never_with)
        _take(cursor, "select pg_try_advisory_lock_shared(hashtextextended(%s, 0))", work)
    try:
        yield
    finally:
        with suppress(psycopg2.Error), connection, connection.cursor() as cursor:
            cursor.execute("select pg_advisory_unlock_shared(hashtextextended(%s, 0))", (work,))


def alone(cursor: Cursor, work: str, *, never_with: str) -> None:
    """As `sharing`, with nobody beside, to the end of the transaction, which must be short."""
    _pass_gate(cursor)
    refuse_beside(cursor, work, never_with)
    hold(cursor, work)


def refuse_beside(cursor: Cursor, work: str, other: str) -> None:
    """Raise `WarehouseUnavailable` naming them where sessions share the lock `other`."""
    pids = _holders(cursor, other, "ShareLock")
    if pids:
        raise WarehouseUnavailable(
            f"{work} cannot begin: {sessions(cursor, pids)} is {other} at this moment. {_WAIT}"
        )


def _pass_gate(cursor: Cursor) -> None:
    """Nobody holds it for more than a few statements."""
    cursor.execute("set local lock_timeout = '10s'")
    cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (_GATE,))
    cursor.execute("set local lock_timeout to default")


def _take(cursor: Cursor, statement: str, name: str) -> None:
    cursor.execute(statement, (name,))
    if cursor.fetchone() == (True,):
        return
    pids = _holders(cursor, name, "ExclusiveLock", "ShareLock")
    raise WarehouseUnavailable(f"{name}: {sessions(cursor, pids)} is at the same work. {_WAIT}")


def _holders(cursor: Cursor, name: str, *modes: str) -> list[int]:
    """The server processes of others that hold the advisory lock `name` in one of `modes`."""
    cursor.execute(
        """
        select distinct pid from pg_locks
        where locktype = 'advisory' and granted and objsubid = 1 and mode = any(%s)
            and pid <> pg_backend_pid()
            and database = (select oid from pg_database where datname = current_database())
            and (classid::bigint << 32 | objid::bigint) = hashtextextended(%s, 0)
        """,
        (list(modes), name),
    )
    return [int(pid) for (pid,) in cursor.fetchall()]
