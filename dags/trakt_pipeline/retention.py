"""How long words and old answers are kept.

The bodies of pages hold people's words and names. They go once they are old: what is known of a
comment stays, and a page with the same body is still known by its hash. Answers about titles go
once they are as old and a newer one about the same is in the models; the newest stays, however old
it is. Items in quarantine go, too.
"""

import logging

from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from trakt_pipeline.config import RATINGS, SEASONS, SOURCE, STATS, TITLES
from warehouse.raw.api_batch import ApiDataset

log = logging.getLogger(__name__)

_ANSWERED = (TITLES, SEASONS, RATINGS, STATS)
_OLD = sql.SQL("clock_timestamp() - make_interval(days => %(days)s)")
_BODIES = sql.SQL(
    "update raw.trakt_pages set body = null where body is not null and answered_at < {old}"
).format(old=_OLD)
_QUARANTINE = sql.SQL(
    "delete from raw.quarantine where source = %(source)s and ingested_at < {old}"
).format(old=_OLD)
# Rows of a batch that no publish has seen stay: the models have not read them.
_ANSWERS = """
    delete from {table} as old
    where
        old.ingested_at < {old}
        and exists (
            select from {table} as newer
            inner join meta.api_batch_log as batch using (batch_id)
            where ({newer}) = ({same}) and newer.answer_id > old.answer_id
                and newer.http_status = 200 and batch.load_id <= %(live)s
        )
        and old.batch_id in (select batch_id from meta.api_batch_log where load_id <= %(live)s)
"""


def prune(connection: Connection, days: int) -> dict[str, int]:
    """Take out what is older than `days` days (0: nothing); return how many rows, by table."""
    if not days:
        return {}
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select coalesce(max(load_id), 0) from ("
            "select load_id from meta.publish_log where source = %s "
            "order by publish_id desc limit 1) as live",
            (SOURCE,),
        )
        (live,) = cursor.fetchone() or (0,)
        values = {"days": days, "live": live, "source": SOURCE}
        pruned = {
            "trakt_pages": _rows(cursor, _BODIES, values),
            **{
                dataset.table: _rows(cursor, _old_answers(dataset), values) for dataset in _ANSWERED
            },
            "quarantine": _rows(cursor, _QUARANTINE, values),
        }
    for table, count in pruned.items():
        if count:
            what = "bodies taken out" if table == "trakt_pages" else "old rows deleted"
            log.info("raw.%s: %s %s", table, f"{count:,}", what)
    return pruned


def _rows(cursor: Cursor, statement: sql.Composed, values: dict[str, object]) -> int:
    cursor.execute(statement, values)
    return cursor.rowcount


def _old_answers(dataset: ApiDataset) -> sql.Composed:
    def key(table: str) -> sql.Composed:
        return sql.SQL(", ").join(sql.Identifier(table, each) for each in dataset.key)

    return sql.SQL(_ANSWERS).format(
        table=sql.Identifier("raw", dataset.table), old=_OLD, newer=key("newer"), same=key("old")
    )
