"""What ends one thread of a step, or the step itself, ends all its threads after their request."""

import signal
import threading
from collections.abc import Iterator

import pytest
from psycopg2.extensions import connection as Connection

from tests.support.postgres import Database
from tests.support.trakt import SmallTrakt, comment, small_trakt, sync
from tests.support.trakt_titles import add_title
from trakt_pipeline import workers
from warehouse.errors import SourceRefused
from warehouse.http.api_client import Stopped


@pytest.fixture
def signalled() -> Iterator[None]:
    """A signal raises TimeoutError in the thread of the step, as a timeout of Airflow does."""

    def time_out(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGUSR1, time_out)
    yield
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.usefixtures("signalled")
def test_a_timeout_of_the_step_ends_its_threads(database: Database) -> None:
    stop, all_work, ended = threading.Event(), threading.Barrier(3), []

    def begin(_: Connection) -> workers.Work:
        def work() -> bool:
            all_work.wait(20)
            if threading.current_thread().name.endswith(" 0"):
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
            assert stop.wait(20)
            ended.append(threading.current_thread().name)
            return True

        return work

    with pytest.raises(TimeoutError):
        workers.run(begin, url=database.url, purpose="test", threads=3, stop=stop)

    assert sorted(ended) == ["test 0", "test 1", "test 2"]


def test_an_error_of_one_thread_is_raised_and_stops_the_others(database: Database) -> None:
    stop = threading.Event()

    def begin(_: Connection) -> workers.Work:
        def work() -> bool:
            if threading.current_thread().name == "test 1":
                raise SourceRefused("the key is wrong")
            assert stop.wait(20)
            raise Stopped("not asked")

        return work

    with pytest.raises(SourceRefused, match="the key is wrong"):
        workers.run(begin, url=database.url, purpose="test", threads=3, stop=stop)


@pytest.fixture
def trakt() -> Iterator[SmallTrakt]:
    with small_trakt(recent=[], updates=[]) as api:
        for number in range(1, 9):
            add_title(api, "movie", number, [comment(number)])
        yield api


def test_a_key_that_is_refused_ends_a_backfill_and_what_came_is_kept(
    database: Database, trakt: SmallTrakt
) -> None:
    listed = trakt.lists["movies/5/comments/oldest"]
    trakt.things["movies/5/comments/oldest"] = (403, {}, b"")

    with pytest.raises(SourceRefused, match="TRAKT_CLIENT_ID"):
        sync(database.url, trakt.base_url).backfill(10)
    before = database.value("select count(*) from raw.trakt_units where completed_at is not null")
    assert database.query("select is_complete from meta.ingest_log") == [(False,)]

    del trakt.things["movies/5/comments/oldest"]
    trakt.lists["movies/5/comments/oldest"] = listed
    trakt.asked.clear()
    assert sync(database.url, trakt.base_url, "again").backfill(10)["complete"]
    scanned = [path for path, _ in trakt.asked if path.endswith("oldest")]
    assert len(scanned) == 8 - before
