"""Deletions: comments that complete scans miss are asked for by their id.

404 says that a comment is gone: then its replies are asked for, too, and its words are taken out of
the pages. 200 says that it is hidden, where no list shows it; an answer that breaks its contract
says nothing. Before the first 404 counts, a comment that lists show is asked for: where that is a
404 as well, the address is wrong, and nothing is gone.
"""

import logging
from typing import Any

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from trakt_pipeline import missing, workers
from trakt_pipeline.config import COMMENT_DATASETS, COMMENTS, SOURCE
from trakt_pipeline.erasure import erase_comments
from trakt_pipeline.landing import CommentsLanding
from trakt_pipeline.steps import TraktRun, TraktStep
from trakt_pipeline.workers import Failures
from warehouse.errors import SourceUnavailable, TransientError
from warehouse.http.api_client import Stopped

log = logging.getLogger(__name__)

STEP = "deletions"
# So many comments that lists show are asked for before a 404 is doubted.
_CONTROLS = 3


def deletions(run: TraktRun) -> dict[str, Any]:
    """Ask for all comments that are missing; take out the words of those that are gone.

    Returns the figures. What fails stays due and is counted.
    """
    with run.step(STEP, COMMENT_DATASETS) as step:
        failures = Failures(STEP, run.settings.give_up_after)
        with step.connection, step.connection.cursor() as cursor:
            due = missing.due(cursor)
        try:
            if due:
                _check_address(step)
                workers.run(
                    lambda connection: _worker(connection, step, failures),
                    url=run.url,
                    purpose=f"{SOURCE} {STEP}",
                    threads=run.settings.max_at_once,
                    stop=step.client.api.stop,
                )
            step.figures.is_complete = not failures.keys
        finally:
            figures = step.figures
            figures.failed = len(failures.keys)
            figures.pages_announced = figures.pages_landed + figures.failed
        with step.connection, step.connection.cursor() as cursor:
            figures.due = missing.due(cursor)
            changed = erase_comments(cursor, _to_erase(cursor))
        if changed:
            log.info("words were taken out of %s pages", f"{changed:,}")
    return run.report(step)


def _worker(connection: Connection, step: TraktStep, failures: Failures) -> workers.Work:
    landing = step.landing()
    return lambda: _ask_next(connection, step, landing, failures)


def _ask_next(
    connection: Connection, step: TraktStep, landing: CommentsLanding, failures: Failures
) -> bool:
    """Ask for one comment; False where none is due."""
    failure = None
    with connection, connection.cursor() as cursor:
        comment = missing.claim(cursor, [int(key) for key in failures.keys])
        if comment is None:
            return False
        try:
            page = step.client.comment(comment.comment_id)
        except Stopped:
            raise
        except TransientError as error:
            failure = error
        else:
            now, batch_id = page.answer.answered_at, step.batch(COMMENTS).batch_id
            landed = landing.land(cursor, "comment", page, comment.subject)
            step.figures.pages_landed += 1
            if page.is_gone:
                replies = missing.set_gone(cursor, comment.comment_id, batch_id, now)
                missing.ask_for(cursor, replies, now)
            elif comment.is_unlisted and not landed.quarantined:
                missing.set_hidden(cursor, comment, batch_id, now)
            else:
                missing.checked(cursor, comment.comment_id, now)
    if failure is None:
        failures.succeeded()
    else:
        log.warning("stays due: %s", failure)
        failures.failed(str(comment.comment_id), failure)
    return True


def _check_address(step: TraktStep) -> None:
    """Raise `SourceUnavailable` where comments that lists show are answered with 404."""
    with step.connection, step.connection.cursor() as cursor:
        cursor.execute(
            "select comment_id from raw.trakt_comments "
            "where gone_at is null and hidden_at is null and missing_scans = 0 "
            "order by last_seen_at desc, comment_id limit %s",
            (_CONTROLS,),
        )
        seen = [comment_id for (comment_id,) in cursor.fetchall()]
    if seen and all(step.client.comment(comment_id).is_gone for comment_id in seen):
        raise SourceUnavailable(
            f"comments/:id: {len(seen)} comments that lists have just shown were answered with "
            "404. Nothing is noted as gone. Compare the address with the API's documentation, and "
            "run again later."
        )


def _to_erase(cursor: Cursor) -> list[int]:
    """Comments that are gone, or whose author is deleted, since the last complete step began."""
    cursor.execute(
        """
        select comment_id
        from raw.trakt_comments
        where
            (gone_at is not null or is_deleted_user)
            and batch_id in (
                select batch_id from meta.api_batch_log
                where
                    source = %(source)s
                    and dataset = %(dataset)s
                    and (
                        ended_at is null
                        or ended_at > coalesce(
                            (
                                select max(began_at) from meta.ingest_log
                                where source = %(source)s and step = %(step)s and is_complete
                            ),
                            '-infinity'
                        )
                    )
            )
        """,
        {"source": SOURCE, "dataset": COMMENTS.name, "step": STEP},
    )
    return [comment_id for (comment_id,) in cursor.fetchall()]
