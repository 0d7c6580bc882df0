"""A rolling window of requests: never more than N in any P seconds, over threads and restarts."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.support.postgres import Database
from tests.unit.warehouse.test_api_client import GOOD, api, policy
from warehouse.errors import SourceUnavailable
from warehouse.http.api_client import ApiClient, Stopped
from warehouse.http.rate_limit import SharedLimit

REQUESTS, PERIOD = 5, 0.4


# Who would wait for longer than that is stopped, and the test fails.
LONGEST = 20


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    over = threading.Event()
    timer = threading.Timer(LONGEST, over.set)
    timer.start()
    try:
        yield over
    finally:
        timer.cancel()
        timer.join()


def limit(
    database: Database,
    requests: int = REQUESTS,
    period: float = PERIOD,
    stop: threading.Event | None = None,
) -> SharedLimit:
    return SharedLimit(database.url, "api", requests=requests, period=period, at_once=3, stop=stop)


def most_in_a_period(moments: list[float]) -> int:
    return max(sum(start <= each < start + PERIOD for each in moments) for start in moments)


def test_no_period_has_more_requests_than_allowed_over_threads_limits_and_restarts(
    database: Database, stop: threading.Event
) -> None:
    moments: list[float] = []

    def ask(each: SharedLimit) -> None:
        with each.request():
            moments.append(time.monotonic())

    for _ in range(2):  # the second time is after a restart
        with ExitStack() as stack, ThreadPoolExecutor(4) as threads:
            limits = [stack.enter_context(limit(database, stop=stop)) for _ in range(2)]
            for done in [threads.submit(ask, limits[number % 2]) for number in range(9)]:
                done.result()

    assert len(moments) == 18
    assert most_in_a_period(sorted(moments)) == REQUESTS


def test_a_request_counts_until_a_period_after_its_answer(database: Database) -> None:
    with limit(database, requests=1, period=60) as one:
        with one.request():
            assert _free_in(database) > 600
        assert 0 < _free_in(database) <= 60


def _free_in(database: Database) -> float:
    return float(
        database.value(
            "select extract(epoch from max(free_at) - clock_timestamp()) from meta.request_window"
        )
    )


def test_the_requests_of_a_larger_window_still_count_in_a_smaller_one(database: Database) -> None:
    with limit(database, requests=4, period=60) as larger:
        for _ in range(4):
            with larger.request():
                pass

    (granted,) = database.query("select place, wait from meta.take_request('api', 2, 60)")

    assert granted[0] is None
    assert 0 < granted[1] <= 60
    # As if the first of them were answered a period ago: three are one too many, still.
    database.execute("update meta.request_window set free_at = now() where place = 1")
    assert database.value("select place from meta.take_request('api', 2, 60)") is None
    database.execute("update meta.request_window set free_at = now() where place < 4")
    assert database.value("select place from meta.take_request('api', 2, 60)") in {1, 2}


@pytest.mark.parametrize("requests", [0, 5])
@pytest.mark.parametrize("body", [b'{"error": "limit"}', b"<html>banned</html>"])
def test_a_ban_holds_for_all_and_is_counted(database: Database, requests: int, body: bytes) -> None:
    with (
        limit(database, requests, period=1) as one,
        limit(database, requests, period=1) as other,
        api((429, {"Retry-After": "300"}, body)) as (url, asked),
    ):
        client = ApiClient(policy(url, longest_pause=200), one)
        with pytest.raises(SourceUnavailable):
            client.get("movie/1")
        assert (client.bans, len(asked)) == (1, 1)
        begun = threading.Event()

        def ask() -> None:
            with other.request():
                begun.set()

        thread = threading.Thread(target=ask)
        thread.start()
        wait = database.value("select wait from meta.take_request('api', %s, 1)", requests)
        assert 100 < wait <= 200
        assert not begun.is_set()
        database.execute("delete from meta.request_window where place = 0")
        thread.join()

    assert begun.is_set()


def test_who_waits_is_stopped_with_the_work(database: Database) -> None:
    stop = threading.Event()
    with (
        SharedLimit(database.url, "api", requests=1, period=60, at_once=1, stop=stop) as one,
        one.request(),
    ):
        pass
    timer = threading.Timer(0.1, stop.set)
    with (
        SharedLimit(database.url, "api", requests=1, period=60, at_once=1, stop=stop) as one,
        pytest.raises(Stopped),
    ):
        timer.start()
        with one.request():
            raise AssertionError

    timer.join()


def test_without_a_limit_nothing_is_kept(database: Database) -> None:
    with limit(database, requests=0) as none, api(GOOD) as (url, asked):
        for _ in range(20):
            ApiClient(policy(url), none).get("movie/1")

    assert len(asked) == 20
    assert database.value("select count(*) from meta.request_window") == 0
