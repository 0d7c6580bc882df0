"""How fast a source may be asked, over all threads, processes and restarts together.

Both limits are in Postgres, which all workers share. At most N requests begin in any P seconds:
each holds one of N places (`meta.request_window`) until P seconds after its answer, so the source
cannot count more than N, even where a request reaches it late. A process that is killed keeps its
places for as long as a request can be open. Each open request also holds one of a fixed number of
advisory locks, which end with the session of a process that was killed.
"""

import logging
import random
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Protocol, Self

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from warehouse.database.connection import connected
from warehouse.errors import TransientError

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
_FREE = """
    select place
    from (
        select (number + %(start)s) %% %(places)s as place
        from generate_series(0, %(places)s - 1) as number
    ) as places
    where pg_try_advisory_lock(hashtextextended(%(source)s || ': request ' || place, 0))
    limit 1
"""
_WAIT = "select pg_advisory_lock(hashtextextended(%s || ': request ' || %s, 0))"
_RELEASE = "select pg_advisory_unlock(hashtextextended(%s || ': request ' || %s, 0))"


class Stopped(TransientError):
    """Another thread of the same work met a fault that ends it."""


class RequestLimit(Protocol):
    """Lets requests begin when they may."""

    def request(self) -> AbstractContextManager[None]:
        """Wait until a request may begin; it is open for the length of the block."""
        ...

    def pause(self, seconds: float) -> None:
        """Let no request begin for so long."""
        ...


class NoLimit:
    """No limit."""

    def request(self) -> AbstractContextManager[None]:
        """Begin at once."""
        return nullcontext()

    def pause(self, seconds: float) -> None:
        """Do nothing."""


class SharedLimit:
    """At most `requests` in any `period` seconds (0: any number), `at_once` are open.

    `source` names the limit; all processes that use this name on this warehouse share it. A pause
    holds also where there is no limit. Who waits when `stop` is set gets `Stopped`. Each thread has
    a session of its own, closed with the limit.
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
        self._url, self._source = url, source
        self._requests, self._period = requests, period
        self._longest_sleep = min(_LONGEST_SLEEP, period / _SLEEPS_IN_PERIOD)
        self._places = at_once
        self._stop = stop or threading.Event()
        self._threads = threading.local()
        self._sessions = ExitStack()
        self._opening = threading.Lock()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the sessions."""
        self._sessions.close()

    @contextmanager
    def request(self) -> Iterator[None]:
        """Wait until a request may begin; it is open for the length of the block."""
        with self._session().cursor() as cursor:
            lock = self._lock(cursor)
            try:
                place = self._wait_for_place(cursor)
                try:
                    yield
                finally:
                    if place:
                        cursor.execute(_ANSWERED, (self._period, self._source, place))
            finally:
                cursor.execute(_RELEASE, (self._source, lock))

    def pause(self, seconds: float) -> None:
        """Let no request begin for so long, in no process."""
        with self._session().cursor() as cursor:
            cursor.execute(_PAUSE, (self._source, seconds))

    def _lock(self, cursor: Cursor) -> int:
        start = random.randrange(self._places)  # noqa: S311 - any place is as good
        values = {"source": self._source, "start": start, "places": self._places}
        cursor.execute(_FREE, values)
        if row := cursor.fetchone():
            return int(row[0])
        cursor.execute(_WAIT, (self._source, start))
        return start

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

    def _session(self) -> Connection:
        session: Connection | None = getattr(self._threads, "session", None)
        if session is None or session.closed:
            with self._opening:
                session = self._sessions.enter_context(
                    connected(self._url, purpose=f"requests to {self._source}")
                )
            session.autocommit = True
            # A place that is free a moment earlier after a crash of the server is still taken for
            # long enough; what takes it is committed for certain.
            with session.cursor() as cursor:
                cursor.execute("set synchronous_commit = off")
            self._threads.session = session
        return session
