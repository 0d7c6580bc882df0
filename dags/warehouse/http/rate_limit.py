"""How fast a source may be asked, over all threads and processes together.

Both limits are in Postgres, which all workers share: the time of the next request is a row that
every request moves on, and each open request holds one of a fixed number of advisory locks, which
end with the session of a process that was killed.
"""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Protocol, Self

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from warehouse.database.connection import connected
from warehouse.errors import TransientError

# Requests are spread a little wider than the limit says, and one that comes too late for its turn
# takes another: so the server never counts more in any second, however the machine is loaded.
_WIDER = 1.1
_LATE = 0.05
_NEXT = """
    insert into meta.request_slot as slot (source, next_at)
    values (%(source)s, clock_timestamp() + %(step)s * interval '1 second')
    on conflict (source) do update
    set next_at = greatest(slot.next_at, clock_timestamp()) + %(step)s * interval '1 second'
    returning extract(epoch from next_at - clock_timestamp())::double precision - %(step)s
"""
_PAUSE = """
    update meta.request_slot
    set next_at = greatest(next_at, clock_timestamp() + %s * interval '1 second')
    where source = %s
"""
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
    """At most `per_second` requests begin in a second (0: any number), `at_once` are open.

    `source` names the limit; all processes that use this name on this warehouse share it. Each
    thread has a session of its own, closed with the limit.
    """

    def __init__(self, url: str, source: str, *, per_second: float, at_once: int) -> None:
        self._url, self._source = url, source
        self._step = _WIDER / per_second if per_second else 0.0
        self._places = at_once
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
            place = self._take(cursor)
            try:
                with self._paced(cursor):
                    yield
            finally:
                cursor.execute(_RELEASE, (self._source, place))

    def pause(self, seconds: float) -> None:
        """Let no request begin for so long, in no process."""
        if self._step:
            with self._session().cursor() as cursor:
                cursor.execute(_PAUSE, (seconds, self._source))

    @contextmanager
    def _paced(self, cursor: Cursor) -> Iterator[None]:
        if self._step:
            self._wait_for_turn(cursor)
        yield

    def _take(self, cursor: Cursor) -> int:
        start = random.randrange(self._places)  # noqa: S311 - any place is as good
        values = {"source": self._source, "start": start, "places": self._places}
        cursor.execute(_FREE, values)
        if row := cursor.fetchone():
            return int(row[0])
        cursor.execute(_WAIT, (self._source, start))
        return start

    def _wait_for_turn(self, cursor: Cursor) -> None:
        while True:
            cursor.execute(_NEXT, {"source": self._source, "step": self._step})
            row = cursor.fetchone()
            wait = float(row[0]) if row else 0.0
            turn = time.monotonic() + wait
            if wait > 0:
                time.sleep(wait)
            if time.monotonic() - turn < _LATE:
                return

    def _session(self) -> Connection:
        session: Connection | None = getattr(self._threads, "session", None)
        if session is None or session.closed:
            with self._opening:
                session = self._sessions.enter_context(
                    connected(self._url, purpose=f"requests to {self._source}")
                )
            session.autocommit = True
            # What a pace is worth after a crash: nothing.
            with session.cursor() as cursor:
                cursor.execute("set synchronous_commit = off")
            self._threads.session = session
        return session
