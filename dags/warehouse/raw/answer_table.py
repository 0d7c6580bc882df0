"""Reads and writes the tables that `meta.make_answer_table` makes, in the caller's transaction."""

import hashlib

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from warehouse.http.api_client import ApiAnswer
from warehouse.raw.api_batch import ApiBatch, keep_open
from warehouse.raw.ledger import history_begin


def last_content(cursor: Cursor, batch: ApiBatch, key: tuple[object, ...]) -> str | None:
    """Return the content of the newest answer about `key` in this history; None before the first.

    Answers of an earlier history of the same origin do not count: no model reads them.
    """
    dataset = batch.dataset
    cursor.execute(
        sql.SQL(
            "select answer.content_sha256 from {} as answer "
            "inner join meta.api_batch_log as batch using (batch_id) "
            "where ({}) = ({}) and batch.origin = %s "
            "and (batch.load_id is null or batch.load_id >= %s) order by answer_id desc limit 1"
        ).format(
            sql.Identifier("raw", dataset.table),
            sql.SQL(", ").join(map(sql.Identifier, dataset.key)),
            sql.SQL(", ").join(sql.Placeholder() * len(key)),
        ),
        (*key, batch.run.origin, history_begin(cursor, dataset.source, dataset.name)),
    )
    row = cursor.fetchone()
    return None if row is None else str(row[0])


def append_answer(
    cursor: Cursor,
    batch: ApiBatch,
    key: tuple[object, ...],
    answer: ApiAnswer,
    content: str,
    body: str | None,
    *,
    language: str,
) -> None:
    """Append the answer about `key`; `body` is what is kept of it, `content` the SHA-256 of that.

    `language` is the one that was asked for.
    """
    keep_open(cursor, batch)
    columns = (
        *batch.dataset.key,
        *("batch_id", "raw_data", "body_sha256", "content_sha256", "http_status", "source_url"),
        *("language", "ingested_at"),
    )
    cursor.execute(
        sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier("raw", batch.dataset.table),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join(sql.Placeholder() * len(columns)),
        ),
        (
            *key,
            batch.batch_id,
            body,
            hashlib.sha256(answer.body).hexdigest(),
            content,
            answer.status,
            answer.url,
            language,
            answer.answered_at,
        ),
    )
