"""The swap of two schemas' names that makes marts visible, or puts the ones before back.

Names are looked up outside a reader's snapshot: who has read one mart and asks for another would
find the tables of the next build. So the swap takes the tables for itself for its few milliseconds:
it waits until nobody reads them, in short tries that keep no reader waiting for long, and whoever
has begun to read sees one build to the end of the transaction.
"""

import time
from collections.abc import Callable, Collection

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from warehouse.database.sessions import sessions
from warehouse.database.table_locks import lock_tables_patiently
from warehouse.errors import WarehouseUnavailable

# The most seconds that a try may keep a reader waiting, and shares of it. A reader who has read
# some marts and wants one that we have will not let us have the others: then soon again beats long.
_EACH = 0.3
_RHYTHM = (1 / 15, 1 / 15, 1 / 15, 1 / 15, 1 / 6, 1 / 6, 1 / 3, 1)
_LIVE = "What analysts and BI read (mart_*): the last published state."
_BUILT = "Where the next marts are built and tested; after a publish, the state before."
_SWAP = (
    "alter schema {live} rename to {between}",
    "alter schema {built} rename to {live}",
    "alter schema {between} rename to {built}",
    "comment on schema {live} is {live_comment}",
    "comment on schema {built} is {built_comment}",
    "grant usage on schema {live} to {reader}",
    "grant select on all tables in schema {live} to {reader}",
    "revoke usage on schema {built} from {reader}",
)


def swap(
    cursor: Cursor,
    *,
    live: str,
    built: str,
    reader: str,
    patience: float,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Swap the schemas `live` and `built`; `reader` may read what is live then.

    Waits up to `patience` seconds for those who read, then raises `WarehouseUnavailable` naming
    them. Nobody who wants to read waits for longer than a third of a second at a time.
    """
    most = _below_deadlock_timeout(cursor)
    rhythm = [most * share for share in _RHYTHM]
    tables = [sql.Identifier(live, table) for table in tables_of(cursor, live)]
    if tables:
        lock_tables_patiently(cursor, tables, patience=patience, rhythm=rhythm, pause=pause)
    names = {
        "live": sql.Identifier(live),
        "built": sql.Identifier(built),
        "between": sql.Identifier(f"{live}__swap"),
        "reader": sql.Identifier(reader),
        "live_comment": sql.Literal(_LIVE),
        "built_comment": sql.Literal(_BUILT),
    }
    cursor.execute("set local lock_timeout = '30s'")
    for statement in _SWAP:
        cursor.execute(sql.SQL(statement).format(**names))


def tables_of(cursor: Cursor, schema: str) -> list[str]:
    """Return the tables of `schema` by name."""
    cursor.execute("select tablename from pg_tables where schemaname = %s order by 1", (schema,))
    return [str(table) for (table,) in cursor.fetchall()]


def drop_all_but(cursor: Cursor, schema: str, known: Collection[str]) -> None:
    """Drop the tables of `schema` that are not among `known`."""
    for table in tables_of(cursor, schema):
        if table not in known:
            drop(cursor, schema, table)


def drop(cursor: Cursor, schema: str, table: str) -> None:
    """Drop a table where it is there."""
    cursor.execute(sql.SQL("drop table if exists {}").format(sql.Identifier(schema, table)))


def wait_for_old_snapshots(
    cursor: Cursor, *, patience: float, pause: Callable[[float], None] = time.sleep
) -> None:
    """Wait for the transactions whose snapshot may be older than what was built.

    Even those that read no mart so far: after the swap they would find the new tables by name, and
    in these the rows of their own time, which are of whatever was half built then. Raises
    `WarehouseUnavailable` naming them after `patience` seconds.
    """
    cursor.execute(
        """
        select array_agg(distinct locks.virtualtransaction)
        from pg_stat_activity as activity
        inner join pg_locks as locks using (pid)
        where
            activity.backend_xmin is not null
            and activity.datname = current_database()
            and activity.usename <> current_user
            and locks.locktype = 'virtualxid'
        """
    )
    (old,) = cursor.fetchone() or (None,)
    if not old:
        return
    tries = max(1, round(patience / _EACH))
    for attempt in range(1, tries + 1):
        cursor.execute(
            "select distinct pid from pg_locks "
            "where locktype = 'virtualxid' and granted and virtualtransaction = any(%s)",
            (old,),
        )
        pids = [int(pid) for (pid,) in cursor.fetchall()]
        if not pids:
            return
        if attempt < tries:
            pause(_EACH)
    raise WarehouseUnavailable(
        f"{sessions(cursor, pids)} kept a transaction open for {patience:.0f} s that began before "
        "the new marts were there and would see half of them. Nothing was changed. See "
        "pg_stat_activity for what it does; end it, or wait for its end, then run again."
    )


def _below_deadlock_timeout(cursor: Cursor) -> float:
    """The longest try in seconds: whoever waits for us must not wait for longer than that."""
    cursor.execute("select setting::float / 1000 from pg_settings where name = 'deadlock_timeout'")
    (timeout,) = cursor.fetchone() or (1.0,)
    return min(_EACH, float(timeout) / 2)
