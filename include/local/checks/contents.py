"""The data: raw tables against the ledger, marts against the publish log, the last runs."""

from collections.abc import Iterator
from datetime import timedelta

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from imdb_pipeline.config import DATASETS
from include.local.checks.diagnosis import Diagnosis, age, fail, ok, warn
from warehouse.runs.service_levels import MET, budget_left, newest_levels

OLD = timedelta(days=2)


def ledger(cursor: Cursor, *, full: bool = False) -> Iterator[Diagnosis]:
    """Check that each raw table has rows if its last load has; counted with `full`."""
    for dataset in DATASETS:
        name = f"raw.{dataset.table}"
        cursor.execute(
            "select rows, to_regclass(%s) is not null from meta.load_log "
            "where source = 'imdb' and dataset = %s order by load_id desc limit 1",
            (name, dataset.name),
        )
        load = cursor.fetchone()
        if load is None:
            continue
        logged, exists = load
        do = f"make run DATASETS={dataset.name} FULL_REFRESH=1"
        if not exists:
            yield fail("ledger", f"{name} does not exist; its last load has {logged:,} rows", do)
            continue
        cursor.execute(
            sql.SQL("select count(*) from (select from {} limit %s) as found").format(
                sql.Identifier("raw", dataset.table)
            ),
            (None if full else 1,),
        )
        (found,) = cursor.fetchone() or (0,)
        if found != (logged if full else min(1, logged)):
            yield fail("ledger", f"{name} has {found:,} rows, its last load {logged:,}", do)


def marts(cursor: Cursor) -> Iterator[Diagnosis]:
    """Check of each source that what was published last is there."""
    cursor.execute(
        """
        select
            source, action, to_char(published_at, 'YYYY-MM-DD HH24:MI'), load_id,
            array(
                select mart from unnest(marts) as mart
                where to_regclass(format('marts.%I', mart)) is null
            ),
            (
                select coalesce(max(load_log.load_id), 0) from meta.load_log
                where load_log.source = publish_log.source
            )
        from meta.publish_log
        where publish_id in (select max(publish_id) from meta.publish_log group by source)
        order by source
        """
    )
    for source, action, at, load_id, missing, newest in cursor.fetchall():
        if missing:
            yield fail("marts", f"{source}: {', '.join(missing)} published, but missing",
                       "make run FORCE_TRANSFORM=1")  # fmt: skip
        if newest < load_id:
            yield fail(
                "marts",
                f"{source}: made from load {load_id}, but the ledger ends with load {newest}: a "
                "part of the warehouse was restored or deleted",
                "make run FULL_REFRESH=1",
            )
        elif action == "rollback":
            yield warn("marts", f"{source}: rolled back at {at}",
                       "make run FORCE_TRANSFORM=1 builds the newest state again.")  # fmt: skip
        elif not missing:
            yield ok("marts", f"{source}: published at {at} from load {load_id} of {newest}")


def last_runs(cursor: Cursor, old: timedelta = OLD) -> Iterator[Diagnosis]:
    """Check that the newest run of each DAG succeeded within the last days."""
    cursor.execute(
        """
        select distinct on (dag_id)
            dag_id, run_id, state, extract(epoch from clock_timestamp() - finished_at),
            summary -> 'failed_tasks'
        from meta.run_log
        order by dag_id, finished_at desc
        """
    )
    for dag_id, run_id, state, seconds, failed in cursor.fetchall():
        run = f"{dag_id}: {run_id} {state}, {age(float(seconds))} ago"
        if state != "success":
            yield fail(
                "last run",
                f"{run}: {', '.join(map(str, failed or ()))}",
                "read the log of the first of these tasks, correct the cause, make run.",
            )
        elif seconds > old.total_seconds():
            yield warn("last run", f"{run}; the files change daily",
                       "make run, or see why the schedule does not run (make up).")  # fmt: skip
        else:
            yield ok("last run", run)


def service_levels(cursor: Cursor) -> Iterator[Diagnosis]:
    """Report what each source promises and warn where little of an error budget is left."""
    cursor.execute("select to_regclass('meta.slo_daily') is null")
    if cursor.fetchone() == (True,):
        return  # The check of the schema says so.
    levels = newest_levels(cursor)
    for source in dict.fromkeys(level.source for level in levels):
        found = [level for level in levels if level.source == source and level.state]
        bad = [level for level in found if level.state != MET]
        for level in bad:
            yield warn("levels", f"{source}: {level.objective} {level.text}",
                       "see docs/service-levels.md and the runbooks beside it.")  # fmt: skip
        if found and not bad:
            names = ", ".join(level.objective for level in found)
            yield ok("levels", f"{source}: {names} as promised")
        if budget_left(cursor, source).is_used_up:
            yield warn("levels", f"{source}: backfills pause",
                       "correct the cause; bad days leave the budget after 28 days.")  # fmt: skip
