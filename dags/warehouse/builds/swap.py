"""The exchange of tables between two schemas that makes a source's marts visible.

Names are looked up outside a reader's snapshot: a reader who has read one mart and then reads
another would find the table of the next build. So the exchange locks the source's tables for its
few milliseconds. It waits until nobody reads them, in short tries that keep no reader waiting for
long, and a reader sees one build to the end of the transaction. All other tables are left alone.
"""

import logging
import time
from collections.abc import Callable, Collection, Iterator

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from warehouse.builds.dependents import make_again, own_views, take_over
from warehouse.database.sessions import sessions
from warehouse.database.table_locks import lock_tables_patiently, wait_for_table
from warehouse.errors import WarehouseUnavailable

log = logging.getLogger(__name__)

# Where incremental models keep the loads that they have processed: (model, dataset, load_id).
MARKS = "high_water_mark"
# The most seconds that a try may keep a reader waiting, and shares of it. A reader who has read
# some marts and wants one that we have will not release the others: retry soon rather than wait
# long.
_EACH = 0.3
_RHYTHM = (1 / 15, 1 / 15, 1 / 15, 1 / 15, 1 / 6, 1 / 6, 1 / 3, 1)


def lock(
    cursor: Cursor,
    tables: Collection[str],
    *,
    live: str,
    built: str,
    patience: float,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Lock those of `tables` that are in the schemas `live` and `built`, to exchange them.

    Waits up to `patience` seconds for those who read, then raises `WarehouseUnavailable` naming
    them. A reader waits for no longer than a third of a second at a time.
    """
    for table in tables_of(cursor, built, tables):
        # The analyst cannot read these, so a long wait keeps no reader waiting.
        name = sql.Identifier(built, table)
        wait_for_table(cursor, name, mode="access exclusive", patience=patience)
    read = [sql.Identifier(live, table) for table in tables_of(cursor, live, tables)]
    if read:
        # A reader of a view locks it before the mart, so we do, too.
        read[:0] = [view.identifier for view in own_views(cursor, live, tables)]
        most = _below_deadlock_timeout(cursor)
        rhythm = [most * share for share in _RHYTHM]
        lock_tables_patiently(cursor, read, patience=patience, rhythm=rhythm, pause=pause)


def exchange(
    cursor: Cursor,
    tables: Collection[str],
    *,
    source: str,
    live: str,
    built: str,
    reader: str,
) -> None:
    """Move those of `tables` that are in `built` to `live`, and those in `live` to `built`.

    Their high-water marks move with them. `reader` may read what is in `live` then; grants, and
    views that this role may make again, are on the new tables (`dependents`). The tables must be
    locked (`lock`).
    """
    views = own_views(cursor, live, tables)
    for table in tables_of(cursor, built, tables_of(cursor, live, tables)):
        take_over(cursor, table, live=live, built=built)
    for statement in _statements(cursor, tables, source, live, built, reader):
        cursor.execute(statement)
    _exchange_marks(cursor, tables, live, built)
    make_again(cursor, views)


def _statements(
    cursor: Cursor, tables: Collection[str], source: str, live: str, built: str, reader: str
) -> Iterator[sql.Composable]:
    before, after = tables_of(cursor, live, tables), tables_of(cursor, built, tables)
    # Tables and their indexes need a place where neither schema has their names.
    between = f"{live}__{source}"
    yield sql.SQL("create schema {}").format(sql.Identifier(between))
    for moved, origin, target in (
        (before, live, between),
        (after, built, live),
        (before, between, built),
    ):
        for table in moved:
            yield sql.SQL("alter table {} set schema {}").format(
                sql.Identifier(origin, table), sql.Identifier(target)
            )
    yield sql.SQL("drop schema {}").format(sql.Identifier(between))
    for table in after:
        yield sql.SQL("grant select on {} to {}").format(
            sql.Identifier(live, table), sql.Identifier(reader)
        )


def _exchange_marks(cursor: Cursor, tables: Collection[str], live: str, built: str) -> None:
    taken = {schema: take_marks(cursor, schema, tables) for schema in (live, built)}
    for schema, marks in ((live, taken[built]), (built, taken[live])):
        if not marks:
            continue
        table = sql.Identifier(schema, MARKS)
        if not tables_of(cursor, schema, [MARKS]):
            other = sql.Identifier(built if schema == live else live, MARKS)
            cursor.execute(sql.SQL("create table {} (like {} including all)").format(table, other))
        insert = sql.SQL("insert into {} (model, dataset, load_id) values (%s, %s, %s)")
        cursor.executemany(insert.format(table), marks)


def take_marks(cursor: Cursor, schema: str, models: Collection[str]) -> list[tuple[str, str, int]]:
    """Delete the high-water marks of `models` in `schema`; return them."""
    if not tables_of(cursor, schema, [MARKS]):
        return []
    cursor.execute(
        sql.SQL("delete from {} where model = any (%s) returning model, dataset, load_id").format(
            sql.Identifier(schema, MARKS)
        ),
        (list(models),),
    )
    return cursor.fetchall()


def tables_of(cursor: Cursor, schema: str, names: Collection[str]) -> list[str]:
    """Return those of `names` that are tables of `schema`, sorted."""
    cursor.execute(
        "select tablename from pg_tables where schemaname = %s and tablename = any (%s) order by 1",
        (schema, list(names)),
    )
    return [str(table) for (table,) in cursor.fetchall()]


def drop(cursor: Cursor, schema: str, table: str) -> None:
    """Drop a table where it is there; one that an object of others reads stays, with a warning."""
    cursor.execute("savepoint drop_table")
    try:
        cursor.execute(sql.SQL("drop table if exists {}").format(sql.Identifier(schema, table)))
    except psycopg2.errors.DependentObjectsStillExist as error:
        cursor.execute("rollback to savepoint drop_table")
        log.warning(
            "%s.%s left the dbt project and stays with its last rows, because another object reads "
            "it: %s. Drop that object; the next publish drops the table.",
            schema, table, (error.diag.message_detail or "another object").split("\n")[0],
        )  # fmt: skip
    cursor.execute("release savepoint drop_table")


def wait_for_old_snapshots(
    cursor: Cursor, *, patience: float, pause: Callable[[float], None] = time.sleep
) -> None:
    """Wait for the transactions whose snapshot may be older than what was built.

    Even for those that have read no mart so far: after the exchange they would find the new tables
    by name, and in these the rows of their own time, when the tables were half built. Raises
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
    """The longest try in seconds: a session that waits for us must not wait for longer."""
    cursor.execute("select setting::float / 1000 from pg_settings where name = 'deadlock_timeout'")
    (timeout,) = cursor.fetchone() or (1.0,)
    return min(_EACH, float(timeout) / 2)
