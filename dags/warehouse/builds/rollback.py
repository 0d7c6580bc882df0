"""Rollback: the marts of a source before its last publish become visible again.

Until the source's next build begins, `marts_next` holds the state before the last publish. Going
back is the same exchange of tables as a publish.
"""

import time
from collections.abc import Callable

from psycopg2.extensions import cursor as Cursor

from warehouse.builds.builds import newest_build
from warehouse.builds.dependents import dependents, warn_of_stale
from warehouse.builds.project import DbtProject
from warehouse.builds.publish import last_writers
from warehouse.builds.publish_log import Live, newest_publishes, note
from warehouse.builds.swap import exchange, lock, tables_of
from warehouse.database.connection import Connection
from warehouse.database.turns import building_lock, hold
from warehouse.errors import WarehouseRefused

_TIME = "%Y-%m-%d %H:%M:%S"


def rollback(
    connection: Connection,
    project: DbtProject,
    *,
    source: str,
    dag_id: str,
    run_id: str,
    live: str = "marts",
    built: str = "marts_next",
    reader: str = "analyst",
    patience: float = 600.0,
    pause: Callable[[float], None] = time.sleep,
) -> Live:
    """Put the marts of `source` before its last publish back; return what is live now.

    A run that asks again gets its rollback. Raises `WarehouseRefused` saying why there is nothing
    to go back to: no earlier publish, a rollback already, or a build that has written over it
    since; `WarehouseUnavailable` as `publish` does. A rejected state comes again only with a new
    load, another dbt project or when it is asked for (`why_build`).
    """
    with connection, connection.cursor() as cursor:
        own = {"source": source, "dag_id": dag_id, "run_id": run_id}
        # Before the lock, too: a rollback that is refused must not be in the way of a build.
        if _to_go_back_to(cursor, **own, built=built):
            hold(cursor, building_lock(source))
            before = _to_go_back_to(cursor, **own, built=built)
            if before:
                last = newest_publishes(cursor, source, most=1)[0]
                tables = {
                    table
                    for publish in (last, before)
                    # A row of an earlier version does not say which tables are meant.
                    for table in publish.marts or project.marts(source)
                }
                lock(cursor, tables, live=live, built=built, patience=patience, pause=pause)
                _refuse_overwritten(cursor, last, before, built)
                back = tables_of(cursor, built, tables)
                exchange(cursor, tables, source=source, live=live, built=built, reader=reader)
                stale = dependents(cursor, [built], tables)
                warn_of_stale(stale)
                note(
                    cursor,
                    "rollback",
                    **own,
                    build_id=before.build_id,
                    state=before.state,
                    marts=before.marts or back,
                    stale=stale,
                )
        return newest_publishes(cursor, source, most=1)[0]


def _to_go_back_to(
    cursor: Cursor, *, source: str, dag_id: str, run_id: str, built: str
) -> Live | None:
    """The state that `built` holds; None where the run went back to it already."""
    rows = newest_publishes(cursor, source)
    if len(rows) < 2:
        raise WarehouseRefused(
            f"rollback: there is no state of {source} before the "
            + ("first publish" if rows else "first: nothing was published yet")
            + ", so the marts stay as they are."
        )
    last, before = rows
    if last.action == "rollback":
        if (last.dag_id, last.run_id) == (dag_id, run_id):
            return None
        raise WarehouseRefused(
            f"rollback: run {last.run_id} went back already, at {last.published_at:{_TIME}}; what "
            "is kept in marts_next is the state that was rejected, so the marts stay as they are. "
            "To publish what is loaded now, run with force_transform."
        )
    _refuse_overwritten(cursor, last, before, built)
    return before


def _refuse_overwritten(cursor: Cursor, last: Live, before: Live, built: str) -> None:
    by = (
        _build_since(cursor, last)
        or _dbt_since(cursor, last, before, built)
        or _other_writer(cursor, before, built)
    )
    if by:
        raise WarehouseRefused(
            f"rollback: {by} has written into {built} since the last publish, so the state before "
            "is gone and the marts stay as they are. Correct the cause and run again; the next "
            "publish replaces what is live."
        )


def _build_since(cursor: Cursor, last: Live) -> str | None:
    """The build that began since, or continued after it was published."""
    newest = newest_build(cursor, last.source)
    if newest and (
        newest.last_begun_at > last.published_at
        or (last.build_id and newest.build_id > last.build_id)
    ):
        begun = f"{newest.last_begun_at:{_TIME}}"
        return f"build {newest.build_id} of run {newest.run_id}, begun {begun},"
    return None


def _dbt_since(cursor: Cursor, last: Live, before: Live, built: str) -> str | None:
    """dbt that ran by hand, without a build."""
    known = {*(last.marts or ()), *(before.marts or ())}
    cursor.execute(
        """
        select run_id, finished_at::timestamptz(0)::text
        from meta.model_log
        where finished_at > %s and relation like %s and (%s or model = any (%s))
        order by model_log_id
        limit 1
        """,
        (last.published_at, f"{built}.%", not known, list(known)),
    )
    row = cursor.fetchone()
    return "dbt (run {}, at {})".format(*row) if row else None


def _other_writer(cursor: Cursor, before: Live, built: str) -> str | None:
    """A writer that left no row in the logs, where the tables say so."""
    if before.marts is None:
        return None
    for table, writer in last_writers(cursor, before.marts, built).items():
        if writer != f"build {before.build_id}":
            return f"another writer than build {before.build_id} ({table}: {writer})"
    return None
