"""The queue between threads: in order, bounded, and stopped by the first error."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from warehouse.database.bounded_queue import BoundedQueue, QueueStopped, read_ahead


def test_things_come_out_as_they_went_in() -> None:
    with read_ahead(range(1, 1000)) as items:
        assert list(items) == list(range(1, 1000))


def test_it_is_never_fuller_than_it_may_be() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1, 100):
            made.append(number)
            yield number

    with read_ahead(items(), length=2) as ahead:
        for taken in ahead:
            assert made[-1] <= taken + 3, "two in the queue, one that waits for room"
    assert made[-1] == 99


def test_what_the_reader_raises_is_raised_where_it_is_read() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    with read_ahead(items()) as ahead, pytest.raises(OSError, match="the disk is gone"):
        list(ahead)


def test_who_stops_reading_ends_the_thread() -> None:
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError), read_ahead(range(1, 10**9)) as ahead:
        1 / (next(ahead) - 1)

    assert threading.active_count() == before


def test_the_first_error_ends_all_waiting() -> None:
    queue: BoundedQueue[int] = BoundedQueue(1)
    queue.put(1)
    with ThreadPoolExecutor() as pool:
        putting = pool.submit(queue.put, 2)
        queue.stop(ValueError("first"))
        queue.stop(ValueError("second"))
        with pytest.raises(QueueStopped):
            putting.result(timeout=20)
    with pytest.raises(QueueStopped):
        queue.take()
    assert str(queue.error) == "first"


def test_an_ended_queue_runs_empty() -> None:
    queue: BoundedQueue[int] = BoundedQueue(2)
    queue.put(1)
    queue.end()

    assert (queue.take(), queue.take(), queue.take()) == (1, None, None)
