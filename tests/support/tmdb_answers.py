"""TMDb's raw tables, filled as the sync leaves them: answers of a batch, and its load."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from tests.support.postgres import Database

Body = dict[str, Any]
# The columns of the key of each dataset that has answers.
KEYS = {
    "movies": ("movie_id",),
    "shows": ("show_id",),
    "people": ("person_id",),
    "genres": ("kind",),
    "lists": ("kind", "page"),
}
_BATCH = """
    insert into meta.api_batch_log (source, dataset, dag_id, run_id, origin, began_at)
    values ('tmdb', %s, 'a DAG', 'a run', %s, %s) returning batch_id
"""
_LOAD = """
    insert into meta.load_log (
        source, dataset, origin, history_begins, rows, rows_inserted, rows_updated, rows_deleted,
        seconds, dag_id, run_id, loaded_at, method, changes_kept
    )
    select
        'tmdb', %(dataset)s, %(origin)s, last.origin is distinct from %(origin)s, %(rows)s,
        %(inserted)s, 0, %(gone)s, 1, 'a DAG', 'a run', %(at)s, 'append',
        last.origin is null or last.origin = %(origin)s
    from (
        select (array_agg(origin order by load_id desc))[1] as origin
        from meta.load_log where source = 'tmdb' and dataset = %(dataset)s
    ) as last
    returning load_id
"""


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """The answer for a key; without a body it is a 404."""

    key: tuple[object, ...]
    body: Body | None


@dataclass(frozen=True, slots=True)
class RawMeasure:
    """The numbers of a thing on a day."""

    media_type: str
    id: int
    day: date
    popularity: float | None = None
    vote_average: float | None = None
    vote_count: int | None = None
    list_rank: int | None = None


def add_answers(
    database: Database,
    dataset: str,
    answers: Sequence[RawAnswer],
    at: datetime,
    *,
    origin: str = "sample",
) -> int | None:
    """Write a batch of answers that came at `at`, with its load; return the load's id."""
    if not answers:
        return None
    columns = ", ".join(KEYS[dataset])
    with database.session() as session, session, session.cursor() as cursor:
        batch = _first(cursor, _BATCH, (dataset, origin, at))
        execute_values(
            cursor,
            f"insert into raw.tmdb_{dataset} (batch_id, {columns}, raw_data, body_sha256, "
            "content_sha256, http_status, source_url, language, ingested_at) values %s",
            [(batch, *answer.key, *_content(answer.body), at) for answer in answers],
            page_size=500,
        )
        gone = sum(each.body is None for each in answers)
        return _end(cursor, dataset, batch, at, origin, gone=gone)


def add_measures(
    database: Database, measures: Sequence[RawMeasure], at: datetime, *, origin: str = "sample"
) -> int | None:
    """Write the numbers of things on days, with their load; the last of a day stays."""
    if not measures:
        return None
    with database.session() as session, session, session.cursor() as cursor:
        batch = _first(cursor, _BATCH, ("measures", origin, at))
        execute_values(
            cursor,
            """
            insert into raw.tmdb_measures (
                media_type, id, observed_on, popularity, vote_average, vote_count, list_rank,
                batch_id
            ) values %s
            on conflict (media_type, id, observed_on) do update set
                popularity = excluded.popularity,
                vote_average = excluded.vote_average,
                vote_count = excluded.vote_count,
                list_rank = coalesce(
                    least(excluded.list_rank, tmdb_measures.list_rank), excluded.list_rank
                ),
                batch_id = excluded.batch_id
            """,
            [
                (
                    *(each.media_type, each.id, each.day, each.popularity, each.vote_average),
                    *(each.vote_count, each.list_rank, batch),
                )
                for each in measures
            ],
            page_size=1000,
        )
        return _end(cursor, "measures", batch, at, origin)


def _content(body: Mapping[str, Any] | None) -> tuple[str | None, str, str, int, str, str]:
    text = json.dumps(body, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    found = body is not None
    return (text if found else None, digest, digest, 200 if found else 404, "http://tmdb", "en-US")


def _end(cursor: Cursor, dataset: str, batch: int, at: datetime, origin: str, gone: int = 0) -> int:
    written = _first(
        cursor, f"select count(*) from raw.tmdb_{dataset} where batch_id = %s", (batch,)
    )
    load = {"dataset": dataset, "origin": origin, "at": at, "gone": gone}
    load_id = _first(cursor, _LOAD, load | {"rows": 0, "inserted": written - gone})
    cursor.execute(
        "update meta.api_batch_log set load_id = %s, ended_at = %s where batch_id = %s",
        (load_id, at, batch),
    )
    rows = _first(cursor, f"select count(*) from raw.tmdb_{dataset}_newest")
    cursor.execute("update meta.load_log set rows = %s where load_id = %s", (rows, load_id))
    return load_id


def _first(
    cursor: Cursor, statement: str, values: Sequence[object] | Mapping[str, object] = ()
) -> int:
    cursor.execute(statement, values)
    row = cursor.fetchone()
    assert row is not None
    return int(row[0])
