"""Details: one request per thing that is due, by several threads that take from one queue.

A thread locks a thing, asks for it, and commits the answer with the note that it was got. Whatever
happens, what was committed is not asked for again, and what was not stays due.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from tmdb_pipeline import items
from tmdb_pipeline.client import TmdbClient
from tmdb_pipeline.config import MediaKind, TmdbSettings
from tmdb_pipeline.content import content_sha256
from tmdb_pipeline.figures import Figures
from tmdb_pipeline.items import Item
from tmdb_pipeline.landing import (
    Checks,
    Measure,
    checked,
    refused,
    write_answer,
    write_measures,
)
from warehouse.database.connection import connected
from warehouse.errors import SourceUnavailable, TransientError
from warehouse.http.api_client import ApiAnswer, Stopped
from warehouse.raw.api_batch import ApiBatch
from warehouse.raw.quarantine import QuarantinedItem, quarantine, record_drift

log = logging.getLogger(__name__)

_GONE = "gone"


@dataclass(frozen=True, slots=True)
class DetailsBatches:
    """Where details go: the batch of their dataset, and that of the numbers."""

    things: ApiBatch
    measures: ApiBatch


class DetailsStep:
    """Asks for all things of `kind` that are due, by `threads` threads."""

    def __init__(
        self,
        url: str,
        client: TmdbClient,
        settings: TmdbSettings,
        kind: MediaKind,
        batches: DetailsBatches,
        figures: Figures,
    ) -> None:
        self._url, self._client, self._settings = url, client, settings
        self._kind, self._batches, self._figures = kind, batches, figures
        self._counting = threading.Lock()
        self._failed_in_a_row = 0
        self._error: BaseException | None = None

    def run(self, since: datetime, threads: int) -> None:
        """Return when nothing is due any more but what failed after `since`.

        Raises what ended a thread first: then all end.
        """
        workers = [
            threading.Thread(target=self._work, args=(since,), name=f"details-{number}")
            for number in range(threads)
        ]
        try:
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
        finally:
            # A timeout or signal reaches this thread only; the others end after their request.
            self._client.api.stop.set()
            for worker in workers:
                if worker.ident is not None:
                    worker.join()
        if self._error is not None:
            raise self._error

    def _work(self, since: datetime) -> None:
        checks = Checks(self._kind.name)
        try:
            with (
                connected(self._url, purpose=f"details of {self._kind.name}") as connection,
                self._noting_drift(connection, checks),
            ):
                more = True
                while more and not self._client.api.stop.is_set():
                    more = self._next(connection, checks, since)
        except Stopped:
            pass
        except BaseException as error:
            with self._counting:
                self._error = self._error or error
            self._client.api.stop.set()

    def _next(self, connection: Connection, checks: Checks, since: datetime) -> bool:
        """Take one thing from the queue; False where there is none."""
        with connection, connection.cursor() as cursor:
            item = items.claim(cursor, self._kind, since)
            if item is None:
                return False
            try:
                answer = self._client.details(self._kind, item.number)
            except Stopped:
                raise
            except TransientError as error:
                items.failed(cursor, self._kind, item, str(error))
                failure: TransientError | None = error
            else:
                what = self._land(cursor, item, answer, checks)
                failure = None
        # Counted after the commit.
        if failure is None:
            self._count(what)
        else:
            self._count_failure(failure)
        return True

    def _land(self, cursor: Cursor, item: Item, answer: ApiAnswer, checks: Checks) -> str:
        """Write what the answer says; return the name of the figure that it counts for."""
        kind, batch = self._kind, self._batches.things
        if item.checked_at is not None and answer.answered_at < item.checked_at:
            # It comes from a cache that is older than what is there.
            items.still(cursor, kind, item)
            return "unchanged"
        if answer.status == 404:
            if item.http_status != 404:
                write_answer(cursor, batch, (item.number,), answer, "", None)
            checked(cursor, kind, item, answer, None)
            return _GONE
        if breach := checks.breach(answer.data, answer.body):
            text = answer.body.decode()
            bad = QuarantinedItem(str(item.number), breach, text, answer.answered_at)
            quarantine(cursor, batch, bad)
            refused(cursor, kind, item, answer, breach)
            return "quarantined"
        content = content_sha256(answer.data)
        is_new = content != item.content_sha256
        if is_new:
            write_answer(cursor, batch, (item.number,), answer, content, answer.body.decode())
        # Of a title that is as it was, too: the setting may be another.
        people = credited(kind, answer, self._settings.people_per_title)
        items.follow(cursor, "person", people, "credit", answer.answered_at)
        checked(cursor, kind, item, answer, content)
        write_measures(
            cursor, self._batches.measures, kind, [Measure.of(answer.data)], answer.answered_at
        )
        return "written" if is_new else "unchanged"

    def _count(self, what: str) -> None:
        with self._counting:
            self._failed_in_a_row = 0
            self._figures.answers += 1
            setattr(self._figures, what, getattr(self._figures, what) + 1)
            self._batches.things.checked += what != _GONE
            self._batches.things.quarantined += what == "quarantined"

    def _count_failure(self, error: TransientError) -> None:
        with self._counting:
            self._figures.failed += 1
            self._failed_in_a_row += 1
            in_a_row = self._failed_in_a_row
        log.warning("stays due: %s", error)
        if in_a_row >= self._settings.give_up_after:
            raise SourceUnavailable(
                f"{self._kind.name} details: {in_a_row} things in a row failed; the last: "
                f"{error} What came before is kept, the others stay due; run again later."
            )

    @contextmanager
    def _noting_drift(self, connection: Connection, checks: Checks) -> Iterator[None]:
        """Record at the end of a thread's work which keys its contract did not name."""
        dataset = self._batches.things.dataset
        try:
            yield
        finally:
            if not connection.closed:
                connection.rollback()
                with connection, connection.cursor() as cursor:
                    record_drift(cursor, dataset.source, dataset.name, checks.drift)


def credited(kind: MediaKind, answer: ApiAnswer, most: int) -> list[int]:
    """Return the first `most` of a title's cast, by their place in it."""
    if not kind.credits or not most:
        return []
    cast = answer.data[kind.credits]["cast"]
    placed = sorted(enumerate(cast), key=lambda each: (each[1].get("order") or 0, each[0]))
    return list(dict.fromkeys(member["id"] for _, member in placed))[:most]
