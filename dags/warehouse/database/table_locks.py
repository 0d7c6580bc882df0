"""Locks on tables, waited for with a limit, that never make readers queue for long."""

import time
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Literal

from psycopg2 import errors, sql
from psycopg2.extensions import cursor as Cursor

from warehouse.database.sessions import sessions
from warehouse.errors import WarehouseUnavailable

# Which modes of others conflict with ours (Postgres' manual, "Explicit Locking").
_CONFLICTING = {
    "access share": ["AccessExclusiveLock"],
    "row exclusive": [
        *("ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"),
    ],
    "access exclusive": [
        *("AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock"),
        *("ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"),
    ],
}


def wait_for_table(
    cursor: Cursor,
    table: sql.Composable,
    *,
    mode: Literal["access share", "row exclusive", "access exclusive"],
    patience: float,
) -> None:
    """Take a lock of `mode` on `table` for the transaction; wait `patience` seconds for it.

    For reading or writing rows, which keeps no reader waiting, or for a table without readers.
    Raises `WarehouseUnavailable` naming the sessions that hold the table; what the transaction did
    before stays.
    """
    cursor.execute("savepoint wait_for_table")
    cursor.execute(
        "select set_config('lock_timeout', %s, true)", (f"{max(1, round(patience * 1000))}ms",)
    )
    try:
        cursor.execute(sql.SQL("lock table {} in {} mode").format(table, sql.SQL(mode)))
    except errors.LockNotAvailable as error:
        cursor.execute("rollback to savepoint wait_for_table")
        name = table.as_string(cursor)
        raise WarehouseUnavailable(
            f"{name}: {_who_holds(cursor, name, _CONFLICTING[mode])} kept the table locked for "
            f"{patience:.0f} s. Nothing was changed. Wait for that to end, or end it with "
            "pg_terminate_backend; then run again."
        ) from error
    cursor.execute("release savepoint wait_for_table")
    cursor.execute("set local lock_timeout to default")


def _who_holds(cursor: Cursor, table: str, modes: Sequence[str]) -> str:
    """Who holds `table` in one of `modes`, in words."""
    cursor.execute(
        """
        select distinct pid, usename, application_name, backend_start::timestamptz(0)::text
        from pg_locks
        left join pg_stat_activity using (pid)
        where
            locktype = 'relation'
            and pg_locks.database = (select oid from pg_database where datname = current_database())
            and relation = to_regclass(%s)
            and granted
            and mode = any (%s)
            and pid <> pg_backend_pid()
        order by pid
        """,
        (table, list(modes)),
    )
    found = cursor.fetchall()
    return (
        ", ".join("session {} of {} ({}, since {})".format(*each) for each in found) or "a session"
    )


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
