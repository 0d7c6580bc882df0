"""What is published: against the publish log, the dbt project and the ledger."""

from collections.abc import Iterator
from pathlib import Path

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from imdb_pipeline.config import DATASET_NAMES
from include.local.checks.finding import Finding, fail, ok, problems, warn
from include.local.project import PROJECT
from warehouse.builds.builds import rejected_state
from warehouse.builds.publish import current_state, mart_names, published_state, why_build

BUILD_ANEW = "make run FORCE_TRANSFORM=1"


def marts(cursor: Cursor, project: Path = PROJECT) -> Iterator[Finding]:
    """Whether the marts are there, all of them, and as new as the loads and the project."""
    yield from problems(_marts(cursor, project), ok("marts", _said(cursor)))


def _marts(cursor: Cursor, project: Path) -> Iterator[Finding]:
    cursor.execute("select tablename from pg_tables where schemaname = 'marts'")
    found = {str(name) for (name,) in cursor.fetchall()}
    wanted = set(mart_names(project))
    published = published_state(cursor)
    if published is None:
        if found & wanted:
            yield warn("marts", "there are marts, and the publish log has no row", BUILD_ANEW)
        return
    now = current_state(cursor, project)
    missing = sorted(wanted - found)
    if missing and now.project_sha256 == published.project_sha256:
        yield fail(
            "marts", f"{', '.join(missing)} published, but not there", BUILD_ANEW
        )  # fmt: skip
    if now.load_id < published.load_id:
        yield fail(
            "marts",
            f"made from load {published.load_id}; the ledger ends with {now.load_id}: it was cut "
            "short or put back",
            "make run FULL_REFRESH=1",
        )
        return
    if rejected_state(cursor) == now:
        yield warn(
            "marts",
            f"somebody went back from what load {now.load_id} gave; it does not come again by "
            "itself",
            "make run FORCE_TRANSFORM=1 builds it anew, unless the state was chosen.",
        )
    elif why := why_build(now, published):
        yield warn(
            "marts", f"the next run builds them: {why}", "make run, unless the state was chosen."
        )


def _said(cursor: Cursor) -> str:
    cursor.execute("select max(published_at)::timestamptz(0)::text, count(*) from meta.publish_log")
    newest, count = cursor.fetchone() or (None, 0)
    return f"published {newest}, as new as the ledger" if count else "nothing published yet"


def marks(cursor: Cursor) -> Iterator[Finding]:
    """Whether no model thinks that it has processed a load that is not in the ledger."""
    yield from problems(_marks(cursor), ok("marks", "no model is ahead of the ledger"))


def _marks(cursor: Cursor) -> Iterator[Finding]:
    for schema in ("staging", "marts", "marts_next"):
        table = sql.Identifier(schema, "high_water_mark")
        cursor.execute("select to_regclass(%s) is not null", (f"{schema}.high_water_mark",))
        if cursor.fetchone() != (True,):
            continue
        cursor.execute(
            sql.SQL(
                """
                select mark.model, mark.dataset, mark.load_id, coalesce(max(load_log.load_id), 0)
                from {} as mark
                left join meta.load_log using (dataset)
                where dataset = any (%s)
                group by mark.model, mark.dataset, mark.load_id
                having mark.load_id > coalesce(max(load_log.load_id), 0)
                order by 1, 2
                """
            ).format(table),
            # mart_person_career keeps figures of another kind there, too.
            (list(DATASET_NAMES),),
        )
        for model, dataset, mark, newest in cursor.fetchall():
            yield fail(
                "marks",
                f"{schema}.{model} has processed load {mark} of {dataset}, the ledger ends with "
                f"{newest}: later loads would be passed over",
                "make run FULL_REFRESH=1 builds everything anew.",
            )
