"""At most N requests in any P seconds, over all threads, processes and restarts together.

A source that counts a rolling window refuses everything once it is over. So each request holds one
of N places in Postgres until P seconds after its answer: the source cannot count more than N, even
where a request reaches it late. A process that is killed keeps its places for as long.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg2.extensions import cursor as Cursor

from warehouse.http.rate_limit import SharedLimit, Stopped

log = logging.getLogger(__name__)

_TAKE = "select place, wait from meta.take_request(%s, %s, %s)"
_ANSWERED = """
    update meta.request_window set free_at = clock_timestamp() + %s * interval '1 second'
    where source = %s and place = %s
"""
_PAUSE = """
    insert into meta.request_window as request_window (source, place, free_at)
    values (%s, 0, clock_timestamp() + %s * interval '1 second')
    on conflict (source, place) do update
    set free_at = greatest(request_window.free_at, excluded.free_at)
"""
# A request that is open holds its place for so much longer than the period.
_OPEN_FOR = 600.0
# What is slept at a time: a pause that another process was asked for, and a place whose request
# was answered, are seen soon.
_LONGEST_SLEEP = 5.0
_SLEEPS_IN_PERIOD = 20


class WindowLimit(SharedLimit):
    """At most `requests` in any `period` seconds (0: any number), `at_once` are open.

    `source` names the limit, as in `SharedLimit`. A pause holds also where there is no limit. Who
    waits when `stop` is set gets `Stopped`.
    """

    def __init__(
        self,
        url: str,
        source: str,
        *,
        requests: int,
        period: float,
        at_once: int,
        stop: threading.Event | None = None,
    ) -> None:
        super().__init__(url, source, per_second=0.0, at_once=at_once)
        self._requests, self._period = requests, period
        self._longest_sleep = min(_LONGEST_SLEEP, period / _SLEEPS_IN_PERIOD)
        self._stop = stop or threading.Event()

    def pause(self, seconds: float) -> None:
        """Let no request begin for so long, in no process."""
        with self._session().cursor() as cursor:
            cursor.execute(_PAUSE, (self._source, seconds))

    @contextmanager
    def _paced(self, cursor: Cursor) -> Iterator[None]:
        place = self._wait_for_place(cursor)
        try:
            yield
        finally:
            if place:
                cursor.execute(_ANSWERED, (self._period, self._source, place))

    def _wait_for_place(self, cursor: Cursor) -> int | None:
        is_waiting = False
        while not self._stop.is_set():
            cursor.execute(_TAKE, (self._source, self._requests, self._period + _OPEN_FOR))
            place, wait = cursor.fetchone() or (None, None)
            if wait is None:
                return None if place is None else int(place)
            if not is_waiting and wait > _LONGEST_SLEEP:
                log.info("%s: the next request may begin in at most %.0f s", self._source, wait)
                is_waiting = True
            self._stop.wait(min(float(wait), self._longest_sleep))
        raise Stopped(f"{self._source}: not asked, because the work was stopped.")
