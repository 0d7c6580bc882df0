"""How long bodies are kept: TMDb's terms allow to store its data for six months.

A body goes when it is older and was not confirmed since. Nothing goes before the models have it, or
the newer one in its place.

Details: the newest body of a thing that was asked for lately is confirmed, however old it is, and
stays. That of a thing that is gone stays until the thing is gone for as long. A thing whose newest
body goes has no content to compare with: the next answer is written again.

Lists: no request confirms a page, so every old page goes. A page of people that is the newest with
a person says what this person is known for: of it stays what the models read, the ids and titles.
The lists of genres are names alone, and a retired genre is in old ones only: they stay.
"""

# ruff: noqa: S608 - the statements are made of constants
import logging

from psycopg2.extensions import connection as Connection

from tmdb_pipeline.config import CHANGES, KINDS, LISTS, SOURCE, MediaKind
from warehouse.raw.ledger import history_begin, scalar

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
_GOES = f"ingested_at < {_OLD} and http_status = 200 and {_IN_MODELS}"
# All parts of a statement see the table as it was before, so a newer row counts also where it goes.
_DETAILS = f"""
    with deleted as (
        delete from raw.{{table}} as old
        where {_GOES} and ({{newer}} or not exists (
            select from raw.tmdb_items as item
            where item.media_type = '{{kind}}' and item.id = old.{{key}}
                and item.checked_at >= {_OLD}
        ))
        returning {{key}}, answer_id
    ),

    forgotten as (
        update raw.tmdb_items as item set content_sha256 = null
        from deleted as old
        where item.media_type = '{{kind}}' and item.id = old.{{key}} and not {{newer}}
    )

    select count(*) from deleted
"""
_NEWER = f"""
    exists (
        select from raw.{{table}} as newer
        where newer.{{key}} = old.{{key}} and newer.answer_id > old.answer_id
            and (newer.http_status = 200 or newer.ingested_at < {_OLD})
            and newer.{_IN_MODELS.strip()}
    )
"""
# The ids are compared as text: TMDb writes each number in one way.
_LISTS = f"""
    with people as (
        select answer_id, jsonb_path_query(raw_data, '$.results[*].id') #>> '{{}}' as person_id
        from raw.{LISTS.table}
        where kind = 'person' and http_status = 200 and {_IN_MODELS}
            and batch_id in (select batch_id from meta.api_batch_log where load_id >= %(history)s)
            and exists (select from raw.{LISTS.table} where kind = 'person' and {_GOES})
    ),

    newest as (
        select person_id, max(answer_id) as answer_id
        from people
        where person_id is not null
        group by person_id
    ),

    deleted as (
        delete from raw.{LISTS.table}
        where {_GOES} and answer_id not in (select answer_id from newest)
        returning answer_id
    ),

    left_over as (
        select old.answer_id, jsonb_build_object('results', jsonb_agg(
            jsonb_build_object('id', element.value -> 'id', 'known_for', known_for.titles)
            order by element.place
        )) as raw_data
        from raw.{LISTS.table} as old
        cross join lateral jsonb_path_query(old.raw_data, '$.results[*]')
            with ordinality as element (value, place)
        inner join newest
            on old.answer_id = newest.answer_id and element.value ->> 'id' = newest.person_id
        cross join lateral (
            select jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                'media_type', title.value -> 'media_type', 'id', title.value -> 'id',
                'title', title.value -> 'title', 'name', title.value -> 'name'
            )) order by title.place) as titles
            from jsonb_path_query(element.value, '$.known_for[*]')
                with ordinality as title (value, place)
        ) as known_for
        where {_GOES}
        group by old.answer_id
    ),

    reduced as (
        update raw.{LISTS.table} as old set raw_data = left_over.raw_data
        from left_over
        where old.answer_id = left_over.answer_id and old.raw_data <> left_over.raw_data
    )

    select count(*) from deleted
"""
_PLAIN = """
    with deleted as (delete from raw.{table} where {goes} returning 1)
    select count(*) from deleted
"""


def prune(connection: Connection, days: int) -> dict[str, int]:
    """Delete bodies that are older than `days` days and not confirmed since (0: none).

    Returns how many rows left, by table.
    """
    if not days:
        return {}
    pruned = {}
    with connection, connection.cursor() as cursor:
        values = {"days": days, "history": history_begin(cursor, SOURCE, LISTS.name)}
        for table, statement in _statements().items():
            cursor.execute(statement, values)
            pruned[table] = scalar(cursor)
    for table, count in pruned.items():
        if count:
            log.info("raw.%s: %s old bodies deleted", table, f"{count:,}")
    return pruned


def _statements() -> dict[str, str]:
    quarantined = f"source = '{SOURCE}' and ingested_at < {_OLD}"
    return {
        **{kind.dataset.table: _of_details(kind) for kind in KINDS},
        LISTS.table: _LISTS,
        CHANGES.table: _PLAIN.format(table=CHANGES.table, goes=_GOES),
        "quarantine": _PLAIN.format(table="quarantine", goes=quarantined),
    }


def _of_details(kind: MediaKind) -> str:
    table, (key,) = kind.dataset.table, kind.dataset.key
    newer = _NEWER.format(table=table, key=key)
    return _DETAILS.format(table=table, key=key, kind=kind.name, newer=newer)
