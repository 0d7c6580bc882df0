"""Several threads that do the same work, each with its own session on the warehouse."""

import threading
from collections.abc import Callable, Sequence

from psycopg2.extensions import connection as Connection

from warehouse.database.connection import connected
from warehouse.errors import SourceUnavailable, TransientError
from warehouse.http.api_client import Stopped

# Does one thing; False where there is nothing to do.
Work = Callable[[], bool]


class Failures:
    """Counts what failed in a row, over all threads; `most` in a row end the step."""

    def __init__(self, name: str, most: int) -> None:
        self._name, self._most = name, most
        self._counting = threading.Lock()
        self._in_a_row = 0
        self.keys: set[str] = set()

    def succeeded(self) -> None:
        """Note that something came whole."""
        with self._counting:
            self._in_a_row = 0

    def pass_over(self, key: str) -> None:
        """Note that `key` is not asked for again in this step."""
        with self._counting:
            self.keys = {*self.keys, key}

    def failed(self, key: str, error: TransientError) -> None:
        """Note that `key` failed, which is not asked for again in this step.

        Raises `SourceUnavailable` where it is the last one that may fail in a row.
        """
        self.pass_over(key)
        with self._counting:
            self._in_a_row += 1
            in_a_row = self._in_a_row
        if in_a_row >= self._most:
            raise SourceUnavailable(
                f"{self._name}: {in_a_row} in a row failed; the last: {error} What came before is "
                "kept, the others stay due; run again later."
            )


def run(
    begin: Callable[[Connection], Work],
    *,
    url: str,
    purpose: str,
    threads: int,
    stop: threading.Event,
) -> None:
    """Call what `begin` returns for a session, in `threads` threads, until it returns False.

    Raises what ended a thread first: then `stop` is set, and all end after their request.
    """
    errors: list[BaseException] = []
    ended = [threading.Event() for _ in range(threads)]

    def repeat(place: int) -> None:
        try:
            with connected(url, purpose=purpose) as connection:
                work = begin(connection)
                while not stop.is_set() and work():
                    pass
        except Stopped:
            pass
        except BaseException as error:
            errors.append(error)
            stop.set()
        finally:
            ended[place].set()

    _run_all(
        [
            threading.Thread(target=repeat, args=(place,), name=f"{purpose} {place}")
            for place in range(threads)
        ],
        ended,
        stop,
    )
    if errors:
        raise errors[0]


def _run_all(
    workers: Sequence[threading.Thread], ended: Sequence[threading.Event], stop: threading.Event
) -> None:
    """Start the threads and wait until all have ended."""
    try:
        for worker in workers:
            worker.start()
        # Not joined: a thread whose join is interrupted counts as ended while it runs.
        for each in ended:
            each.wait()
    except BaseException:
        # A timeout or signal reaches this thread only; the others end after their request.
        stop.set()
        for worker, each in zip(workers, ended, strict=True):
            if worker.ident is not None:
                each.wait()
        raise
