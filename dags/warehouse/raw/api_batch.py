"""Batches of answers of an API: what was committed answer by answer becomes a load of the ledger.

A batch has a row in `meta.api_batch_log` from its beginning. Its answers name it. When it ends, one
transaction writes its row in the ledger, and models may read it. A batch whose process was killed
is ended, with what it has, by the next batch of the dataset.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from warehouse.database.turns import loading
from warehouse.errors import WarehouseUnavailable
from warehouse.raw.batch_owners import lock_batch, refuse_other_origins, unlock_batch
from warehouse.raw.ledger import Load, history_begin, last_load, next_load_id, record, scalar

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ApiDataset:
    """A dataset of an API: its name in the ledger, its raw table and the key of that.

    With `appended` the table holds answers, a row for each that was another than the one before;
    without, one row per key that is written over.
    """

    source: str
    name: str
    table: str
    key: tuple[str, ...]
    appended: bool = True


@dataclass(frozen=True, slots=True)
class ApiRun:
    """Which run asks, and the name of the place that answers."""

    dag_id: str
    run_id: str
    origin: str


@dataclass(slots=True)
class ApiBatch:
    """A batch that has begun. `checked` and `quarantined` count items of this process.

    `load` is its row of the ledger once it has ended.
    """

    batch_id: int
    dataset: ApiDataset
    run: ApiRun
    checked: int = 0
    quarantined: int = 0
    load: Load | None = None


@contextmanager
def api_batch(
    connection: Connection, dataset: ApiDataset, run: ApiRun, *, patience: float
) -> Iterator[ApiBatch]:
    """Begin a batch, and end it at the end of the block, also where the block raises.

    `patience` is how many seconds the end waits for a dbt session of the source. Batches that were
    killed are ended first. `connection` is idle at begin and end. Raises as `refuse_other_origins`.
    """
    end_killed(connection, dataset, patience=patience)
    with connection, connection.cursor() as cursor:
        refuse_other_origins(
            cursor, dataset.source, dag_id=run.dag_id, run_id=run.run_id, origin=run.origin
        )
        cursor.execute(
            "insert into meta.api_batch_log (source, dataset, dag_id, run_id, origin) "
            "values (%s, %s, %s, %s, %s) returning batch_id",
            (dataset.source, dataset.name, run.dag_id, run.run_id, run.origin),
        )
        batch = ApiBatch(scalar(cursor), dataset, run)
        # As long as this session lives, no other process ends the batch.
        lock_batch(cursor, dataset.source, batch.batch_id)
    try:
        yield batch
    finally:
        connection.rollback()
        with (
            loading(connection, dataset.source, patience=patience),
            connection,
            connection.cursor() as cursor,
        ):
            _end(cursor, batch)
        _unlock(connection, dataset.source, batch.batch_id)


def end_killed(connection: Connection, dataset: ApiDataset, *, patience: float) -> list[int]:
    """End the dataset's batches whose session is gone, with what they have; return their ids."""
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select batch_id, dag_id, run_id, origin from meta.api_batch_log "
            "where source = %s and dataset = %s and load_id is null order by batch_id",
            (dataset.source, dataset.name),
        )
        begun = [
            ApiBatch(batch_id, dataset, ApiRun(dag_id, run_id, origin))
            for batch_id, dag_id, run_id, origin in cursor.fetchall()
        ]
    ended = []
    for batch in begun:
        with connection, connection.cursor() as cursor:
            if not lock_batch(cursor, dataset.source, batch.batch_id):
                continue
        with (
            loading(connection, dataset.source, patience=patience),
            connection,
            connection.cursor() as cursor,
        ):
            if _end(cursor, batch):
                ended.append(batch.batch_id)
                log.warning(
                    "%s: batch %s of run %s was not ended and is ended now, with what it has",
                    dataset.name, batch.batch_id, batch.run.run_id,
                )  # fmt: skip
        _unlock(connection, dataset.source, batch.batch_id)
    return ended


def keep_open(cursor: Cursor, batch: ApiBatch) -> None:
    """Keep others from ending the batch before the caller's transaction ends.

    Each writer of rows of the batch calls it first. How many items were checked is written with
    them, so that a kill does not lose it. Raises `WarehouseUnavailable` where the batch has ended:
    no model would read the rows.
    """
    cursor.execute(
        "update meta.api_batch_log set checked = greatest(checked, %s) "
        "where batch_id = %s and load_id is null",
        (batch.checked, batch.batch_id),
    )
    if not cursor.rowcount:
        raise WarehouseUnavailable(
            f"{batch.dataset.name}: batch {batch.batch_id} of run {batch.run.run_id} was ended by "
            "another process, because its session was lost. Nothing more is written into it; what "
            "came before is kept. Run the task again."
        )


def quarantined_share(cursor: Cursor, source: str, run: ApiRun) -> tuple[int, int]:
    """Return how many items of a run were quarantined, of how many that were checked."""
    cursor.execute(
        "select coalesce(sum(quarantined), 0), coalesce(sum(checked), 0) from meta.api_batch_log "
        "where source = %s and dag_id = %s and run_id = %s",
        (source, run.dag_id, run.run_id),
    )
    quarantined, checked = cursor.fetchone() or (0, 0)
    return int(quarantined), int(checked)


def _end(cursor: Cursor, batch: ApiBatch) -> bool:
    """End the batch, after those who write into it; False where it has ended."""
    dataset, run = batch.dataset, batch.run
    last = last_load(cursor, dataset.source, dataset.name)
    begins = last is None or last.origin != run.origin
    load_id = next_load_id(cursor)
    cursor.execute(
        "update meta.api_batch_log set load_id = %s, ended_at = clock_timestamp(), "
        "checked = greatest(checked, %s) where batch_id = %s and load_id is null "
        "returning extract(epoch from ended_at - began_at)::double precision",
        (load_id, batch.checked, batch.batch_id),
    )
    ended = cursor.fetchone()
    if ended is None:
        return False
    (seconds,) = ended
    cursor.execute(
        "update meta.api_batch_log as batch "
        "set quarantined = bad.items, checked = greatest(checked, bad.items) "
        "from (select count(*) as items from raw.quarantine where batch_id = %s) as bad "
        "where batch.batch_id = %s",
        (batch.batch_id, batch.batch_id),
    )
    rows, inserted, updated, deleted = _counts(cursor, batch, begins=begins)
    load = Load(
        source=dataset.source,
        dataset=dataset.name,
        origin=run.origin,
        rows=rows,
        rows_inserted=inserted,
        rows_updated=updated,
        rows_deleted=deleted,
        seconds=max(0.0, seconds),
        dag_id=run.dag_id,
        run_id=run.run_id,
        method="append",
        # What another origin left is in no batch: models are built whole.
        changes_kept=last is None or not begins,
        history_begins=begins,
    )
    record(cursor, load, load_id)
    batch.load = load
    return True


def _counts(cursor: Cursor, batch: ApiBatch, *, begins: bool) -> tuple[int, int, int, int]:
    """How many keys have a body, and how many this batch brought, changed and lost."""
    dataset = batch.dataset
    table = sql.Identifier("raw", dataset.table)
    if not dataset.appended:
        cursor.execute(
            sql.SQL("select count(*), count(*) filter (where batch_id = %s) from {}").format(table),
            (batch.batch_id,),
        )
        rows, written = cursor.fetchone() or (0, 0)
        return rows, written, 0, 0
    key = sql.SQL(", ").join(map(sql.Identifier, dataset.key))
    cursor.execute(
        sql.SQL(
            """
            with before as (
                select coalesce(max(rows), 0) as rows from (
                    select rows from meta.load_log
                    where source = %(source)s and dataset = %(dataset)s and not %(begins)s
                    order by load_id desc limit 1
                ) as load
            ),

            own as (
                select distinct on ({key}) {key}, answer_id, http_status
                from {table} where batch_id = %(batch)s order by {key}, answer_id desc
            ),

            compared as (
                select own.http_status, exists (
                    select from {table} as earlier
                    inner join meta.api_batch_log as batch using (batch_id)
                    where ({earlier}) = ({mine}) and earlier.http_status = 200
                        and earlier.batch_id <> %(batch)s
                        and earlier.answer_id < own.answer_id
                        and batch.origin = %(origin)s
                        and (batch.load_id is null or batch.load_id >= %(history)s)
                ) as was_there
                from own
            )

            select
                before.rows,
                count(*) filter (where http_status = 200 and not was_there),
                count(*) filter (where http_status = 200 and was_there),
                count(*) filter (where http_status <> 200)
            from before left join compared on true
            group by before.rows
            """
        ).format(
            key=key,
            table=table,
            earlier=sql.SQL(", ").join(sql.Identifier("earlier", each) for each in dataset.key),
            mine=sql.SQL(", ").join(sql.Identifier("own", each) for each in dataset.key),
        ),
        {
            "source": dataset.source,
            "dataset": dataset.name,
            "begins": begins,
            "batch": batch.batch_id,
            "origin": batch.run.origin,
            "history": history_begin(cursor, dataset.source, dataset.name),
        },
    )
    before, inserted, updated, deleted = cursor.fetchone() or (0, 0, 0, 0)
    return before + inserted, inserted, updated, deleted


def _unlock(connection: Connection, source: str, batch_id: int) -> None:
    try:
        with connection, connection.cursor() as cursor:
            unlock_batch(cursor, source, batch_id)
    except psycopg2.Error:
        log.debug("the lock of batch %s ends with its session", batch_id)
