"""COPY of one stream of lines over several sessions into one table.

One session of Postgres parses about a million rows a second, on one core; reading and unpacking
costs a tenth of that. So the caller reads, and each session takes the next chunk when it is done
with the one before.
"""

import threading
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from psycopg2 import sql

from warehouse.database.bounded_queue import BoundedQueue, QueueStopped
from warehouse.database.bulk_copy import copy_rows
from warehouse.database.connection import Connection, connected
from warehouse.errors import WarehouseRefused


@dataclass(frozen=True, slots=True)
class Target:
    """A committed table that only this load uses, by its name and its `oid`."""

    schema: str
    name: str
    oid: int
    columns: Sequence[str]


def copy_in_parallel(
    url: str,
    target: Target,
    chunks: Iterable[bytes],
    *,
    connections: int,
    purpose: str,
    origin: str,
) -> int:
    """Copy chunks of whole lines into `target` over `connections` sessions; return the rows taken.

    `chunks` are what follows the header of a file, `origin` names it in errors. Each session
    commits its rows when the chunks are over. The first error, of `chunks` or of a session, stops
    all and is raised; rows may then be in the table, which is the caller's to drop. Raises
    `UnexpectedContent` with the line in the file, `WarehouseUnavailable` or `WarehouseRefused`.
    """
    queue: BoundedQueue[_Chunk] = BoundedQueue(connections + 1)
    workers = [_Worker(url, target, queue, purpose, origin) for _ in range(connections)]
    for worker in workers:
        worker.start()
    try:
        for worker in workers:
            worker.ready.wait()
        if queue.error:
            raise QueueStopped
        line = 2  # the first is the header
        for chunk in chunks:
            queue.put(_Chunk(chunk, line))
            line += chunk.count(b"\n")
        queue.end()
    except QueueStopped:
        pass
    except BaseException as error:
        queue.stop(error)
        raise
    finally:
        for worker in workers:
            worker.join()
    if queue.error:
        raise queue.error
    return sum(worker.rows for worker in workers)


@dataclass(frozen=True, slots=True)
class _Chunk:
    lines: bytes
    first_line: int  # in the file


class _Worker(threading.Thread):
    """One session with one COPY."""

    def __init__(
        self, url: str, target: Target, queue: BoundedQueue[_Chunk], purpose: str, origin: str
    ) -> None:
        super().__init__(name=purpose, daemon=True)
        self.rows = 0
        self.ready = threading.Event()  # it copies, or it has failed
        self._arguments = url, target, purpose, origin
        self._queue = queue

    def run(self) -> None:
        try:
            url, target, purpose, origin = self._arguments
            with connected(url, purpose=purpose) as connection, connection:
                self.rows = self._copy(connection, target, origin)
        except QueueStopped:
            pass
        except BaseException as error:
            self._queue.stop(error)
        finally:
            self.ready.set()

    def _copy(self, connection: Connection, target: Target, origin: str) -> int:
        table = sql.Identifier(target.schema, target.name)
        with connection.cursor() as cursor:
            # The caller may be gone, and the name be the table of another load by now.
            cursor.execute(sql.SQL("lock table {} in row exclusive mode").format(table))
            cursor.execute("select %s::regclass::oid = %s", (table.as_string(cursor), target.oid))
            if cursor.fetchone() != (True,):
                raise WarehouseRefused(
                    f"{origin}: {target.schema}.{target.name} is another load's table by now. "
                    "Nothing was replaced; run again."
                )
            feed = _Feed(self._queue, self.ready)
            return copy_rows(
                cursor, table, target.columns, feed, origin=origin, line_in_file=feed.line_in_file
            )


class _Feed:
    """What one COPY reads: the chunks that it got, and where in the file each of them was."""

    def __init__(self, queue: BoundedQueue[_Chunk], ready: threading.Event) -> None:
        self._queue = queue
        self._ready = ready
        self._lines = 0
        self._firsts: list[int] = []  # of each chunk, as COPY counts
        self._places: list[int] = []  # of each chunk, in the file

    def read(self, _: int = -1, /) -> bytes:
        """The next chunk, whatever its size; psycopg2 sends what it is given."""
        self._ready.set()
        chunk = self._queue.take()
        if chunk is None:
            return b""
        self._firsts.append(self._lines + 1)
        self._places.append(chunk.first_line)
        self._lines += chunk.lines.count(b"\n")
        return chunk.lines

    def readline(self, _: int | None = -1, /) -> bytes:
        raise NotImplementedError

    def line_in_file(self, line: int) -> int:
        """Where the line that COPY counts as `line` is in the file."""
        chunk = bisect_right(self._firsts, line) - 1
        return self._places[chunk] + line - self._firsts[chunk]
