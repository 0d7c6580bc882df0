"""A bounded queue between threads that can be stopped.

`put` waits for room and `take` for an item. `stop` ends both with the first error that it is given.
"""

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

Item = TypeVar("Item")


class QueueStopped(Exception):
    """The queue was stopped; its `error` says why."""


class BoundedQueue(Generic[Item]):
    """At most `length` items under way. After `end` it runs empty, after `stop` nothing moves."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.error: BaseException | None = None
        self._items: deque[Item] = deque()
        self._ended = False
        self._moved = threading.Condition()

    def put(self, item: Item) -> None:
        """Put `item` at the end; wait for room. Raises `QueueStopped`."""
        with self._moved:
            self._moved.wait_for(lambda: self.error or len(self._items) < self.length)
            if self.error:
                raise QueueStopped
            self._items.append(item)
            self._moved.notify_all()

    def take(self) -> Item | None:
        """Return the first item, None when there will be no more. Raises `QueueStopped`."""
        with self._moved:
            self._moved.wait_for(lambda: self.error or self._items or self._ended)
            if self.error:
                raise QueueStopped
            if not self._items:
                return None
            item = self._items.popleft()
            self._moved.notify_all()
            return item

    def end(self) -> None:
        """Say that nothing more is put."""
        with self._moved:
            self._ended = True
            self._moved.notify_all()

    def stop(self, error: BaseException) -> None:
        """Stop it; only the first error counts."""
        with self._moved:
            self.error = self.error or error
            self._moved.notify_all()


@contextmanager
def read_ahead(items: Iterable[Item], *, length: int = 2) -> Iterator[Iterator[Item]]:
    """Let a thread go through `items`, at most `length` ahead; gives an iterator of them.

    What `items` raises is raised by the iterator. At the end of the block the thread is over.
    """
    queue: BoundedQueue[Item] = BoundedQueue(length)

    def read() -> None:
        try:
            for item in items:
                queue.put(item)
        except QueueStopped:
            pass
        except BaseException as error:
            queue.stop(error)
        queue.end()

    def taken() -> Iterator[Item]:
        try:
            while (item := queue.take()) is not None:
                yield item
        except QueueStopped:
            assert queue.error is not None  # noqa: S101 - it is why
            raise queue.error from None

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        yield taken()
    finally:
        queue.stop(QueueStopped())
        thread.join()
