"""Locks: one writer per thing, and table locks that never make readers queue behind us."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psycopg2
from psycopg2 import errors, sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from warehouse.errors import WarehouseUnavailable


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


def _take(cursor: Cursor, statement: str, name: str) -> None:
    cursor.execute(statement, (name,))
    if cursor.fetchone() == (True,):
        return
    cursor.execute(
        """
        select pid, usename, application_name, backend_start::timestamptz(0)::text
        from pg_stat_activity
        where pid in (
            select pid from pg_locks
            where locktype = 'advisory' and granted and objsubid = 1
                and database = (select oid from pg_database where datname = current_database())
                and (classid::bigint << 32 | objid::bigint) = hashtextextended(%s, 0)
        )
        """,
        (name,),
    )
    holder = cursor.fetchone()
    who = "another session"
    if holder:
        who = "session {} of {} ({}, since {})".format(*holder)
    raise WarehouseUnavailable(
        f"{name}: {who} is at the same work. Wait for it to end, or end it with "
        "pg_terminate_backend; the lock goes with the session."
    )


def lock_table_patiently(
    cursor: Cursor,
    table: sql.Composable,
    *,
    patience: float,
    each: float = 0.2,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Take ACCESS EXCLUSIVE on `table` without ever blocking its readers for long.

    A request that waits would block every later reader. So each try gives up after `each` seconds
    and leaves a gap as long, until `patience` seconds are over; then `WarehouseUnavailable`.
    Must run inside a transaction; what it did before stays.
    """
    tries = max(1, round(patience / (2 * each)))
    cursor.execute("savepoint patient_lock")
    for attempt in range(1, tries + 1):
        cursor.execute(
            "select set_config('lock_timeout', %s, true)", (f"{max(1, round(each * 1000))}ms",)
        )
        try:
            cursor.execute(sql.SQL("lock table {} in access exclusive mode").format(table))
        except errors.LockNotAvailable:
            cursor.execute("rollback to savepoint patient_lock")
            if attempt < tries:
                pause(each)
            continue
        cursor.execute("release savepoint patient_lock")
        cursor.execute("set local lock_timeout to default")
        return
    raise WarehouseUnavailable(
        f"{table.as_string(cursor)}: somebody kept the table locked for {patience:.0f} s, so the "
        "new rows could not take its place. Nothing was changed. See pg_stat_activity for the "
        "long query; then run again."
    )
