"""A table's lock for reading or writing rows, waited for as long as one is told, and no longer."""

from collections.abc import Sequence
from typing import Literal

from psycopg2 import errors, sql
from psycopg2.extensions import cursor as Cursor

from warehouse.errors import WarehouseUnavailable

# Which modes of others stand in the way of ours (Postgres' manual, "Explicit Locking").
_IN_THE_WAY = {
    "access share": ["AccessExclusiveLock"],
    "row exclusive": [
        *("ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"),
    ],
}


def wait_for_table(
    cursor: Cursor,
    table: sql.Composable,
    *,
    mode: Literal["access share", "row exclusive"],
    patience: float,
) -> None:
    """Take a lock of `mode` on `table` for the transaction; wait `patience` seconds for it.

    For reading or writing rows: who waits for that keeps no reader waiting. Raises
    `WarehouseUnavailable` naming the sessions that hold the table; what the transaction did before
    stays.
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
            f"{name}: {_who_holds(cursor, name, _IN_THE_WAY[mode])} kept the table locked for "
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
        ", ".join("session {} of {} ({}, since {})".format(*each) for each in found) or "somebody"
    )
