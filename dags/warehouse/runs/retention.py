"""How long the records of runs are kept.

Pruned are reports, log rows of models and tests, rows about steps that asked an API, statistics of
columns, and the tables of failing rows that only pruned rows name. What a later run relies on is
kept: the load ledger, the change tables, builds and publishes, and all log rows of the newest build
and of the builds that a source published last.
"""

# ruff: noqa: S608 - the statements are made of constants
import os
from collections.abc import Collection, Mapping

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from warehouse.builds.dependents import dependents
from warehouse.errors import PermanentError

VARIABLE = "WAREHOUSE_KEEP_RUNS_DAYS"
DEFAULT_DAYS = 90
# mart_load_quality judges a load by up to 30 loads before it.
LEAST_LOADS = 60

_OLD = "clock_timestamp() - make_interval(days => %(days)s)"
# What the audit of a publish, the report and a rollback may read.
_NEEDED_BUILDS = """
    select max(build_id) from meta.build_log group by source
    union all
    select build_id from (
        select build_id, row_number() over (partition by source order by publish_id desc) as place
        from meta.publish_log
    ) as publishes
    where place <= 2 and build_id is not null
"""
_STATEMENTS = {
    "meta.run_log": f"delete from meta.run_log where finished_at < {_OLD}",
    # The days that are measured again, and those of the newest complete try before them.
    "meta.ingest_log": f"""
        delete from meta.ingest_log
        where ended_at < {_OLD} and coalesce(
            ended_at < (
                select max(day) - interval '30 days'
                from meta.slo_measurement
                where slo_measurement.source = ingest_log.source
            ),
            true
        )
    """,
    "meta.model_log": f"delete from meta.model_log where finished_at < {_OLD} "
    f"and coalesce(build_id, 0) not in ({_NEEDED_BUILDS})",
    "meta.test_log": f"delete from meta.test_log where finished_at < {_OLD} "
    f"and coalesce(build_id, 0) not in ({_NEEDED_BUILDS}) returning failures_table",
    "meta.column_log": f"""
        delete from meta.column_log
        where load_id in (
            select load_id from (
                select
                    load_id, loaded_at,
                    row_number() over (
                        partition by source, dataset order by load_id desc
                    ) as place
                from meta.load_log
            ) as loads
            where loaded_at < {_OLD} and place > {LEAST_LOADS}
        )
    """,
}


def days_to_keep(environment: Mapping[str, str] = os.environ) -> int:
    """Read `WAREHOUSE_KEEP_RUNS_DAYS`, 0 for ever. Raises `PermanentError` for anything else."""
    text = environment.get(VARIABLE, "").strip() or str(DEFAULT_DAYS)
    if not (text.isascii() and text.isdecimal() and int(text) <= 36_500):
        raise PermanentError(
            f"{VARIABLE} must be a number of days, 0 to keep all (at most 36500), found {text!r}."
        )
    return int(text)


def prune(cursor: Cursor, days: int) -> dict[str, int]:
    """Delete what is older than `days` (0: nothing); return the rows by table, and the tables.

    In the caller's transaction. `quality` counts tables.
    """
    if days == 0:
        return {}
    pruned = {}
    tables: set[str] = set()
    for table, statement in _STATEMENTS.items():
        cursor.execute(statement, {"days": days})
        pruned[table] = cursor.rowcount
        if table == "meta.test_log":
            tables = {str(named) for (named,) in cursor.fetchall() if named}
    pruned["quality"] = _drop_unnamed(cursor, tables)
    return {name: count for name, count in pruned.items() if count}


def _drop_unnamed(cursor: Cursor, tables: Collection[str]) -> int:
    """Drop those of `tables` (`schema.table`) that the test log does not name; return how many."""
    cursor.execute(
        """
        select schemaname, tablename from pg_tables
        where
            schemaname || '.' || tablename = any (%s)
            and tableowner = current_user
            and schemaname || '.' || tablename not in (
                select failures_table from meta.test_log where failures_table is not null
            )
        order by tablename
        """,
        (list(tables),),
    )
    unnamed = cursor.fetchall()
    unused = [name for name in unnamed if not dependents(cursor, [name[0]], [name[1]])]
    for name in unused:
        cursor.execute(sql.SQL("drop table {}").format(sql.Identifier(*name)))
    return len(unused)
