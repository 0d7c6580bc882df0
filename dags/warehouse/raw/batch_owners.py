"""Who works on batches of answers: the lock of each, and runs of two origins at once.

The session that began a batch holds its lock, so a batch without one was killed. Answers of one
origin are one history: a source lands those of one origin at a time.
"""

from psycopg2.extensions import cursor as Cursor

from warehouse.errors import WarehouseRefused, WarehouseUnavailable

_LOCK = "select pg_try_advisory_lock(hashtextextended(%s || ': batch ' || %s, 0))"
_UNLOCK = "select pg_advisory_unlock(hashtextextended(%s || ': batch ' || %s, 0))"
_TURN = "select pg_advisory_xact_lock(hashtextextended(%s || ': batches begin', 0))"


def lock_batch(cursor: Cursor, source: str, batch_id: int) -> bool:
    """Lock the batch for this session; False where another session has it."""
    cursor.execute(_LOCK, (source, str(batch_id)))
    return cursor.fetchone() == (True,)


def unlock_batch(cursor: Cursor, source: str, batch_id: int) -> None:
    """Release the lock of the batch."""
    cursor.execute(_UNLOCK, (source, str(batch_id)))


def origins(cursor: Cursor, source: str) -> dict[str, str]:
    """Return by dataset the name of the place that answered, or answers, its newest batch."""
    cursor.execute(
        "select distinct on (dataset) dataset, origin from meta.api_batch_log "
        "where source = %s order by dataset, batch_id desc",
        (source,),
    )
    return dict(cursor.fetchall())


def refuse_other_origins(
    cursor: Cursor, source: str, *, dag_id: str, run_id: str, origin: str
) -> None:
    """Raise where this run must not land answers of `origin`; one run at a time is looked at.

    Raises `WarehouseUnavailable` where a run with another origin is landing answers now, and
    `WarehouseRefused` where one has begun another history since this run began.
    """
    cursor.execute(_TURN, (source,))
    cursor.execute(
        """
        select other.run_id, other.origin
        from meta.api_batch_log as other
        where other.source = %(source)s and other.origin <> %(origin)s and other.batch_id > (
            select min(own.batch_id) from meta.api_batch_log as own
            where (own.source, own.dag_id, own.run_id, own.origin)
                = (%(source)s, %(dag_id)s, %(run_id)s, %(origin)s)
        )
        order by other.batch_id desc
        limit 1
        """,
        {"source": source, "dag_id": dag_id, "run_id": run_id, "origin": origin},
    )
    if later := cursor.fetchone():
        raise WarehouseRefused(
            "run {}: run {} has begun the history of {} since, and this run lands answers of {}. "
            "What it landed stays, and it lands no more. Start a new run to come back to "
            "{}.".format(run_id, *later, origin, origin)
        )
    cursor.execute(
        "select batch_id, run_id, origin from meta.api_batch_log "
        "where source = %s and load_id is null and origin <> %s order by batch_id",
        (source, origin),
    )
    for batch_id, other_run, other_origin in cursor.fetchall():
        if lock_batch(cursor, source, batch_id):
            # Its session is gone: the next batch of the dataset ends it.
            unlock_batch(cursor, source, batch_id)
            continue
        raise WarehouseUnavailable(
            f"run {run_id}: run {other_run} is landing answers of {other_origin}, and this run "
            f"wants those of {origin}, which begin another history of {source}. Nothing was "
            "changed. Wait for the other run to end, or end it; then run again."
        )
