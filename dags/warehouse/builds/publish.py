"""Write, audit, publish: a source's marts become visible together.

The marts are built and tested in schema `marts_next`. Publishing exchanges the source's tables with
those in `marts`, in one short transaction: readers see the whole old state or the whole new one.
The state before stays in `marts_next` until the source's next build begins (`rollback`).
"""

import time
from collections.abc import Callable, Collection

from psycopg2.extensions import cursor as Cursor

from warehouse.builds.builds import Build, own_build
from warehouse.builds.dependents import dependents, warn_of_stale
from warehouse.builds.project import DbtProject
from warehouse.builds.publish_log import newest_publishes, note, tables_to_leave
from warehouse.builds.swap import drop, exchange, lock, take_marks, wait_for_old_snapshots
from warehouse.database.connection import Connection
from warehouse.database.turns import building_lock, hold
from warehouse.errors import WarehouseRefused


def publish(
    connection: Connection,
    project: DbtProject,
    *,
    source: str,
    dag_id: str,
    run_id: str,
    build_id: int | None = None,
    live: str = "marts",
    built: str = "marts_next",
    reader: str = "analyst",
    patience: float = 600.0,
    pause: Callable[[float], None] = time.sleep,
) -> int:
    """Exchange the marts of `source` and note it in `meta.publish_log`; return its `publish_id`.

    Publishes the newest build of the source, which must be `build_id` (without it: of the run).
    Before, an audit asks the log tables and the tables themselves: the build wrote each mart since
    the last publish, nothing else wrote it after that, a test of each ran with it, and no test of
    severity error failed. Loads that came in after the build's upper bound do not matter. A run
    that asks again without having built again (a task that was cleared) gets the id of its publish.

    A mart that the last publish listed and the project no longer has leaves `live`. Tables that no
    publish of the source listed are left alone. Grants and views of others are on the new tables
    afterwards (`dependents`); what stays on the old ones is named in the log.

    After a build from nothing, the state before can be rolled back to, but the next build begins
    from nothing as well.

    Raises `WarehouseRefused` saying what is missing; `WarehouseUnavailable` naming the session that
    builds at this moment, or that reads the marts for more than `patience` seconds. A reader sees
    one build to the end of the transaction and waits for no longer than a third of a second.
    """
    with connection, connection.cursor() as cursor:
        own = {"source": source, "dag_id": dag_id, "run_id": run_id}
        # Before the lock, too: a run that lost its turn must not be in the way of its successor.
        build = own_build(cursor, **own, build_id=build_id)
        done = _published_already(cursor, build)
        if done is not None:
            return done
        hold(cursor, building_lock(source))
        build = own_build(cursor, **own, build_id=build_id)
        tables = project.marts(source)
        _audit_logs(cursor, build, tables)
        _audit_tables(cursor, build, tables, built)
        wait_for_old_snapshots(cursor, patience=patience, pause=pause)
        before = newest_publishes(cursor, source, most=1)
        leaving = tables_to_leave(cursor, source).difference(tables)
        lock(
            cursor,
            {*tables, *leaving},
            live=live,
            built=built,
            patience=patience,
            pause=pause,
        )
        # Nothing can write to the tables from here on.
        _audit_tables(cursor, build, tables, built)
        for table in leaving:
            drop(cursor, built, table)
        kept = set(before[0].marts or ()) & leaving if before else set()
        for table in leaving - kept:
            drop(cursor, live, table)
        exchange(cursor, {*tables, *kept}, source=source, live=live, built=built, reader=reader)
        if build.from_nothing:
            take_marks(cursor, built, {*tables, *leaving})
        _forget_dropped_tables(cursor)
        stale = dependents(cursor, [built], {*tables, *leaving})
        warn_of_stale(stale)
        return note(
            cursor, "publish", **own, build_id=build.build_id, state=build.state, marts=tables,
            stale=stale,
        )  # fmt: skip


def _published_already(cursor: Cursor, build: Build) -> int | None:
    """The newest publish of the source where it is of `build` and the build wrote nothing since."""
    newest = newest_publishes(cursor, build.source, most=1)
    if not newest or (newest[0].action, newest[0].build_id) != ("publish", build.build_id):
        return None
    cursor.execute(
        "select exists (select from meta.model_log where build_id = %s and finished_at > %s)",
        (build.build_id, newest[0].published_at),
    )
    return newest[0].publish_id if cursor.fetchone() == (False,) else None


def _audit_logs(cursor: Cursor, build: Build, tables: Collection[str]) -> None:
    """Raise `WarehouseRefused` unless `build` built and tested all `tables` since the publish."""
    cursor.execute(
        """
        select distinct on (model)
            model, status, exists (
                select from meta.test_log
                where
                    test_log.build_id = model_log.build_id
                    and test_log.invocation_id = model_log.invocation_id
                    and test_log.model = model_log.model
                    and test_log.resource_type = 'test'
                    and test_log.status <> 'skipped'
            )
        from meta.model_log
        where build_id = %s and finished_at > coalesce(
            (select max(published_at) from meta.publish_log where source = %s),
            '-infinity'::timestamptz
        )
        order by model, model_log_id desc
        """,
        (build.build_id, build.source),
    )
    last = {model: (status, tested) for model, status, tested in cursor.fetchall()}
    built = {model for model, (status, _) in last.items() if status == "success"}
    missing = sorted(set(tables) - built)
    if missing or not tables:
        raise WarehouseRefused(
            f"publish: run {build.run_id} (build {build.build_id}) did not build "
            f"{', '.join(missing) or 'anything'} since the last publish, so the marts stay as they "
            "are. Run the dbt part (parameter force_transform)."
        )
    untested = sorted(model for model in tables if not last[model][1])
    if untested:
        raise WarehouseRefused(
            f"publish: no test of {', '.join(untested)} was run with its build in run "
            f"{build.run_id}, so the marts stay as they are. Every mart needs a test, and dbt has "
            "to `build`, not `run`."
        )
    cursor.execute(
        """
        select test from (
            select distinct on (test) test, status
            from meta.test_log
            where build_id = %s
            order by test, test_log_id desc
        ) as newest
        where status in ('fail', 'error')
        order by test
        """,
        (build.build_id,),
    )
    failed = [str(test) for (test,) in cursor.fetchall()]
    if failed:
        raise WarehouseRefused(
            f"publish: {', '.join(failed)} failed in run {build.run_id}, so the marts stay as they "
            "are."
        )


def _audit_tables(cursor: Cursor, build: Build, tables: Collection[str], built: str) -> None:
    """Raise `WarehouseRefused` where another writer than `build` wrote one of `tables` last."""
    for table, writer in last_writers(cursor, tables, built).items():
        if writer != f"build {build.build_id}":
            raise WarehouseRefused(
                f"publish: {built}.{table} is not what build {build.build_id} wrote and tested: "
                f"the last to write it was {writer}. The marts stay as they are. Run the dbt part "
                "again (parameter force_transform)."
            )


def last_writers(cursor: Cursor, tables: Collection[str], schema: str) -> dict[str, str]:
    """Return who wrote each of `tables` in `schema` last, in words.

    That is `build <id>` where a model of this build wrote it, as its transaction noted in
    `meta.mart_writer`, and nothing replaced the table or its file since.
    """
    cursor.execute(
        """
        select
            wanted.name,
            case
                when class.oid is null then 'none: there is no such table'
                when writer.file_id is distinct from class.relfilenode then 'not dbt'
                when writer.build_id is null then 'dbt without a build'
                else 'build ' || writer.build_id
            end
        from unnest(%s::text[]) as wanted (name)
        left join pg_class as class
            on class.relname = wanted.name
            and class.relkind = 'r'
            and class.relnamespace = to_regnamespace(quote_ident(%s))
        left join meta.mart_writer as writer on writer.table_id = class.oid
        order by 1
        """,
        (list(tables), schema),
    )
    return dict(cursor.fetchall())


def _forget_dropped_tables(cursor: Cursor) -> None:
    cursor.execute(
        "delete from meta.mart_writer where not exists (select from pg_class where oid = table_id)"
    )
