"""How long bodies are kept: TMDb's terms allow to store its data for six months.

A body goes when it is older and was not confirmed since. The newest body of a thing that was asked
for lately is confirmed, however old it is, and stays. Nothing goes before the models have it. A
thing whose newest body goes has no content to compare with: the next answer is written again.
"""

# ruff: noqa: S608 - the statements are made of constants
import logging

from psycopg2.extensions import connection as Connection

from tmdb_pipeline.config import CHANGES, GENRES, KINDS, LISTS, SOURCE
from warehouse.raw.ledger import scalar

log = logging.getLogger(__name__)

_OLD = "clock_timestamp() - make_interval(days => %(days)s)"
_IN_MODELS = f"""
    batch_id in (
        select batch_id from meta.api_batch_log where load_id <= (
            select load_id from meta.publish_log where source = '{SOURCE}'
            order by publish_id desc limit 1
        )
    )
"""
_NEWER = """
    exists (
        select from raw.{table} as newer
        where ({newer}) = ({old}) and newer.answer_id > old.answer_id
    )
"""
_NOT_CONFIRMED = """
    not exists (
        select from raw.tmdb_items as item
        where item.media_type = '{kind}' and item.id = old.{key} and item.checked_at >= {limit}
    )
"""
# All parts of a statement see the table as it was before, so a newer row counts also where it goes.
_COUNTED = "with deleted as ({deleted}) {forgotten} select count(*) from deleted"
_FORGOTTEN = """
    , forgotten as (
        update raw.tmdb_items as item set content_sha256 = null
        from deleted as old
        where item.media_type = '{kind}' and item.id = old.{key} and not {newer}
    )
"""


def prune(connection: Connection, days: int) -> dict[str, int]:
    """Delete bodies that are older than `days` days and not confirmed since (0: none).

    Returns how many rows left, by table. Pages of lists and changes and genres are confirmed by
    none but a newer one, so the newest of each stays.
    """
    if not days:
        return {}
    pruned = {}
    with connection, connection.cursor() as cursor:
        for table, statement in _statements():
            cursor.execute(statement, {"days": days})
            pruned[table] = scalar(cursor)
    for table, count in pruned.items():
        if count:
            log.info("raw.%s: %s old bodies deleted", table, f"{count:,}")
    return pruned


def _statements() -> list[tuple[str, str]]:
    kinds = {kind.dataset.table: kind for kind in KINDS}
    statements = []
    for dataset in (*(kind.dataset for kind in KINDS), GENRES, LISTS, CHANGES):
        newer = _NEWER.format(
            table=dataset.table,
            newer=", ".join(f"newer.{key}" for key in dataset.key),
            old=", ".join(f"old.{key}" for key in dataset.key),
        )
        forgotten = ""
        if dataset.table in kinds:
            kind, key = kinds[dataset.table].name, dataset.key[0]
            forgotten = _FORGOTTEN.format(kind=kind, key=key, newer=newer)
            not_confirmed = _NOT_CONFIRMED.format(kind=kind, key=key, limit=_OLD)
            newer = f"({newer} or {not_confirmed})"
        deleted = f"""
            delete from raw.{dataset.table} as old
            where ingested_at < {_OLD} and http_status = 200 and {newer} and {_IN_MODELS}
            returning {", ".join(dataset.key)}, answer_id
        """
        statements.append((dataset.table, _COUNTED.format(deleted=deleted, forgotten=forgotten)))
    deleted = (
        f"delete from raw.quarantine where source = '{SOURCE}' and ingested_at < {_OLD} "
        "returning quarantine_id"
    )
    return [*statements, ("quarantine", _COUNTED.format(deleted=deleted, forgotten=""))]
