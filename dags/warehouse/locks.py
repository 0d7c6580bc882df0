"""Locks: who may be at work beside whom, and table locks that never make readers queue for long.

Loads work beside loads, and models beside models; but while a model is built, no load may come in,
since some models would see it and others not. What changes whose turn it is (a build that begins, a
publish, a rollback) is alone among builders. All of it rests on advisory locks of Postgres: they go
with the session that holds them, however that ends.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import cycle

import psycopg2
from psycopg2 import errors, sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from warehouse.errors import WarehouseUnavailable

LOADING, BUILDING = "loading", "building"
# Whoever looks who is at work and then joins in does both behind this one.
_GATE = "gate"
_NAMED = 3
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


def sessions(cursor: Cursor, pids: Iterable[int]) -> str:
    """Name server processes, the oldest transactions first: pid, role, program, since when."""
    cursor.execute(
        """
        select pid, usename, application_name, since::timestamptz(0)::text
        from meta.sessions(%s)
        """,
        (list(pids),),
    )
    found = ["session {} of {} ({}, since {})".format(*row) for row in cursor.fetchall()]
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return ", ".join(found[:_NAMED]) + more or "another session"


def lock_table_patiently(
    cursor: Cursor,
    table: sql.Composable,
    *,
    patience: float,
    each: float = 0.2,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Take ACCESS EXCLUSIVE on `table`, as `lock_tables_patiently` does."""
    lock_tables_patiently(cursor, [table], patience=patience, rhythm=[each], pause=pause)


def lock_tables_patiently(
    cursor: Cursor,
    tables: Sequence[sql.Composable],
    *,
    patience: float,
    rhythm: Sequence[float],
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Take ACCESS EXCLUSIVE on all of `tables` without ever blocking their readers for long.

    A request that waits blocks every later reader. So each try gives up, and gives back what it
    got, after so many seconds for all tables together, and leaves a gap as long. `rhythm` says how
    many, again and again until `patience` seconds are over; then `WarehouseUnavailable` with the
    sessions in the way. All must be below the server's deadlock_timeout: of a reader who has one
    table and waits for another, and us, it is we who give up. Must run inside a transaction; what
    it did before stays.
    """
    statement = sql.SQL("lock table {} in access exclusive mode").format(sql.SQL(", ").join(tables))
    spent = 0.0
    cursor.execute("savepoint patient_lock")
    for each in cycle(rhythm):
        if _locked(cursor, statement, each):
            cursor.execute("release savepoint patient_lock")
            cursor.execute("set local lock_timeout to default")
            cursor.execute("set local statement_timeout to default")
            return
        spent += 2 * each
        if spent > patience - each:
            break
        pause(each)
    names = [table.as_string(cursor) for table in tables]
    raise WarehouseUnavailable(
        f"{', '.join(names)}: {sessions(cursor, _lockers(cursor, names))} kept "
        f"{'the table' if len(names) == 1 else 'tables'} locked for {patience:.0f} s, so the new "
        "rows could not take their place. Nothing was changed. See pg_stat_activity for what they "
        "do; end it, or wait for its end, then run again."
    )


def _locked(cursor: Cursor, statement: sql.Composable, each: float) -> bool:
    """Try for `each` seconds; of the two limits, one is for a lock, the other for all of them."""
    limit = f"{max(1, round(each * 1000))}ms"
    cursor.execute(
        "select set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true)",
        (limit, limit),
    )
    began = time.monotonic()
    try:
        cursor.execute(statement)
    except (errors.LockNotAvailable, errors.QueryCanceled) as error:
        if isinstance(error, errors.QueryCanceled) and time.monotonic() - began < each / 2:
            raise  # A person did it.
        cursor.execute("rollback to savepoint patient_lock")
        return False
    return True


def _lockers(cursor: Cursor, tables: Sequence[str]) -> list[int]:
    """The server processes of others that hold a lock on one of `tables`."""
    cursor.execute(
        """
        select distinct pid from pg_locks
        where
            locktype = 'relation' and granted and pid <> pg_backend_pid()
            and database = (select oid from pg_database where datname = current_database())
            and relation in (select to_regclass(name)::oid from unnest(%s::text[]) as name)
        """,
        (list(tables),),
    )
    return [int(pid) for (pid,) in cursor.fetchall()]
