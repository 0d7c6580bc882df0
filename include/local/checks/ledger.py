"""The ledger against the tables: raw rows, change tables, leftovers of loads that were killed."""

from collections.abc import Iterator

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from imdb_pipeline.config import DATASETS
from include.local.checks.finding import Finding, fail, ok, problems, warn
from warehouse.raw.dataset import Dataset
from warehouse.raw.ledger import last_load
from warehouse.raw.raw_table import SCHEMA, RawTable

# Postgres' statistics are from a sample, and a delta does not renew them at once.
TOLERANCE = 0.2


def rows(cursor: Cursor, *, full: bool = False) -> Iterator[Finding]:
    """Whether each raw table holds what the ledger says of it; counted only with `full`."""
    how = "counted" if full else "by Postgres' statistics (CHECK=full counts)"
    yield from problems(
        (finding for dataset in DATASETS for finding in _rows(cursor, dataset, full=full)),
        ok("ledger", f"raw tables have the rows of the ledger, {how}"),
    )


def _rows(cursor: Cursor, dataset: Dataset, *, full: bool) -> Iterator[Finding]:
    raw, load = RawTable(dataset), last_load(cursor, dataset.source, dataset.name)
    table = f"{SCHEMA}.{raw.name}"
    again = f"make run DATASETS={dataset.name} FULL_REFRESH=1"
    if not raw.exists(cursor):
        if load is not None:
            yield fail("ledger", f"{table} is gone; the ledger has {load.rows:,} rows", again)
        return
    if load is None:
        if raw.holds_rows(cursor):
            yield warn("ledger", f"{table} has rows that no load of the ledger brought", again)
        return
    if load.rows and not raw.holds_rows(cursor):
        yield fail("ledger", f"{table} is empty; the ledger has {load.rows:,} rows", again)
        return
    found = _counted(cursor, raw) if full else _estimated(cursor, raw)
    if found is None or found == load.rows:
        return
    if full:
        yield fail("ledger", f"{table} has {found:,} rows, the ledger {load.rows:,}", again)
    elif abs(found - load.rows) > TOLERANCE * max(found, load.rows):
        yield warn(
            "ledger",
            f"{table} has about {found:,} rows, the ledger {load.rows:,}",
            "make doctor CHECK=full counts them.",
        )


def _counted(cursor: Cursor, raw: RawTable) -> int:
    cursor.execute(sql.SQL("select count(*) from {}").format(raw.table))
    return int((cursor.fetchone() or (0,))[0])


def _estimated(cursor: Cursor, raw: RawTable) -> int | None:
    """Return the planner's number of rows; None where the table was never analyzed."""
    cursor.execute(
        "select reltuples::bigint from pg_class where oid = to_regclass(%s)",
        (f"{SCHEMA}.{raw.name}",),
    )
    found = int((cursor.fetchone() or (-1,))[0])
    return found if found >= 0 else None


def leftovers(cursor: Cursor) -> Iterator[Finding]:
    """Tables that a load which was killed left behind."""
    cursor.execute(
        "select relname, pg_total_relation_size(oid) / 1000000 from pg_class "
        "where relnamespace = to_regnamespace(%s) and relkind = 'r' and relname ~ '__new$' "
        "order by 1",
        (SCHEMA,),
    )
    found = cursor.fetchall()
    yield from problems(
        (
            warn(
                "leftovers",
                f"{SCHEMA}.{name} ({megabytes:,} MB): a load is at work, or one was killed",
                "nothing: the next load of the file drops it.",
            )
            for name, megabytes in found
        ),
        ok("leftovers", "no half-filled table"),
    )


def changes(cursor: Cursor) -> Iterator[Finding]:
    """Whether the change tables and the ledger know the same loads."""
    yield from problems(
        (finding for dataset in DATASETS for finding in _changes(cursor, dataset)),
        ok("changes", "every change is of a load of the ledger, and every load kept has its own"),
    )


def _changes(cursor: Cursor, dataset: Dataset) -> Iterator[Finding]:
    raw = RawTable(dataset)
    name = f"{SCHEMA}.{dataset.changes_table}"
    cursor.execute("select to_regclass(%s) is not null", (name,))
    if cursor.fetchone() != (True,):
        return  # said by the check of the schema
    # From one load to the next by the index, not through all rows.
    cursor.execute(
        sql.SQL(
            """
            with recursive loads as (
                (select min(load_id) as load_id from {changes})
                union all
                select (select min(load_id) from {changes} where load_id > loads.load_id)
                from loads where loads.load_id is not null
            )
            select coalesce(array_agg(load_id order by load_id), '{{}}') from loads
            where load_id is not null and not exists (
                select from meta.load_log
                where load_log.load_id = loads.load_id
                    and source = %(source)s
                    and dataset = %(dataset)s
            )
            """
        ).format(changes=raw.changes),
        {"source": dataset.source, "dataset": dataset.name},
    )
    strange = _numbers(cursor)
    if strange:
        yield fail(
            "changes",
            f"{name} has changes of load {strange}, which the ledger does not know",
            f"as pipeline, take the rows of load {strange} out of {name}; then make run "
            "FULL_REFRESH=1",
        )
    cursor.execute(
        sql.SQL(
            """
            select coalesce(array_agg(load_id order by load_id), '{{}}') from meta.load_log
            where
                source = %(source)s
                and dataset = %(dataset)s
                and changes_kept
                and rows_inserted + rows_updated + rows_deleted > 0
                and not exists (
                    select from {changes} where {changes}.load_id = load_log.load_id
                )
            """
        ).format(changes=raw.changes),
        {"source": dataset.source, "dataset": dataset.name},
    )
    lost = _numbers(cursor)
    if lost:
        yield fail(
            "changes",
            f"{name} has lost the changes of load {lost}; the ledger says that they are kept",
            "make run FULL_REFRESH=1 builds everything from the raw tables.",
        )


def _numbers(cursor: Cursor) -> str:
    row = cursor.fetchone()
    return ", ".join(map(str, row[0])) if row else ""
