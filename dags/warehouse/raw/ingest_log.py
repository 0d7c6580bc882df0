"""What each step that asks an API did (`meta.ingest_log`): the figures of the service levels."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from warehouse.database.connection import connected
from warehouse.errors import PipelineError
from warehouse.raw.api_batch import ApiRun

log = logging.getLogger(__name__)


@dataclass(slots=True)
class IngestCounts:
    """What a step did. `is_complete` where it read all that it was to read.

    `requests` are those that were sent, `bans` answers with the status 429. Of
    `pages_announced` pages the step committed `pages_landed`; of `items` that were compared with
    their contract, `quarantined` do not keep to it.
    """

    is_complete: bool = False
    requests: int = 0
    bans: int = 0
    pages_announced: int = 0
    pages_landed: int = 0
    items: int = 0
    quarantined: int = 0


@contextmanager
def logged_step(
    url: str, source: str, run: ApiRun, step: str, counts: IngestCounts
) -> Iterator[None]:
    """Write the row of a step at the end of the block, also where the block raises."""
    with connected(url, purpose=f"begin of {step}") as session, session.cursor() as cursor:
        cursor.execute("select clock_timestamp()")
        (began_at,) = cursor.fetchone() or (None,)
    try:
        yield
    except BaseException:
        counts.is_complete = False
        try:
            _write(url, source, run, step, began_at, counts)
        except PipelineError as error:
            log.warning("%s: its row of the log was not written: %s", step, error)
        raise
    _write(url, source, run, step, began_at, counts)


def _write(
    url: str,
    source: str,
    run: ApiRun,
    step: str,
    began_at: datetime | None,
    counts: IngestCounts,
) -> None:
    with (
        connected(url, purpose=f"log of {step}") as session,
        session,
        session.cursor() as cursor,
    ):
        cursor.execute(
            "insert into meta.ingest_log (source, dag_id, run_id, step, began_at, is_complete, "
            "requests, bans, pages_announced, pages_landed, items, quarantined) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                source,
                run.dag_id,
                run.run_id,
                step,
                began_at,
                counts.is_complete,
                counts.requests,
                counts.bans,
                counts.pages_announced,
                counts.pages_landed,
                counts.items,
                counts.quarantined,
            ),
        )
