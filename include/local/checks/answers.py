"""TMDb's answers: raw tables against the ledger, what cannot be had, what broke its contract."""

from collections.abc import Iterator

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from include.local.checks.diagnosis import Diagnosis, fail, warn
from tmdb_pipeline.config import KINDS, SOURCE

_RUN = f"make run PIPELINES={SOURCE}"


def answers(cursor: Cursor) -> Iterator[Diagnosis]:
    """Check that each kind has bodies if its last load has, is not failing, and was well-formed.

    Bodies are not counted: the terms of the API let old ones be deleted.
    """
    for kind in KINDS:
        name = f"raw.{kind.dataset.table}"
        cursor.execute(
            "select rows, to_regclass(%s) is not null from meta.load_log "
            "where source = %s and dataset = %s order by load_id desc limit 1",
            (name, SOURCE, kind.dataset.name),
        )
        logged, exists = cursor.fetchone() or (0, True)
        do = f"{_RUN} KINDS={kind.name} FULL_REFRESH=1"
        if not exists:
            yield fail("answers", f"{name} does not exist; its last load has {logged:,} rows", do)
            continue
        cursor.execute(
            sql.SQL("select exists (select from {} where http_status = 200)").format(
                sql.Identifier("raw", kind.dataset.table)
            )
        )
        if logged and cursor.fetchone() == (False,):
            yield fail("answers", f"{name} has no body, its last load {logged:,}", do)
        yield from _failing(cursor, kind.name)
        yield from _quarantined(cursor, kind.dataset.name)


def _failing(cursor: Cursor, kind: str) -> Iterator[Diagnosis]:
    cursor.execute(
        """
        select count(*), min(due_since)::date::text, max(tries),
            (array_agg(last_error order by tried_at desc))[1]
        from raw.tmdb_items
        where media_type = %s and due_since is not null and tries > 0
        """,
        (kind,),
    )
    count, since, tries, error = cursor.fetchone() or (0, None, None, None)
    if count:
        yield warn(
            "answers",
            f"{kind}: {count:,} things could not be had, since {since}, up to {tries} tries; "
            f"the last: {error}",
            f"{_RUN} asks again; what is there of them stays. See raw.tmdb_items.",
        )


def _quarantined(cursor: Cursor, dataset: str) -> Iterator[Diagnosis]:
    cursor.execute(
        """
        select count(*), min(path || ': ' || rule)
        from raw.quarantine
        where batch_id = (
            select max(batch_id) from meta.api_batch_log where source = %s and dataset = %s
        )
        """,
        (SOURCE, dataset),
    )
    count, rule = cursor.fetchone() or (0, None)
    if count:
        yield warn(
            "answers",
            f"{dataset}: {count:,} items of the last batch broke their contract, e.g. {rule}",
            "see raw.quarantine; a contract is in dags/tmdb_pipeline/contracts.",
        )
