"""Answers come from a cache with dates of their own, and days pass between two syncs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from unittest.mock import patch

from include.sample.api.faults import put
from include.sample.tmdb.errors import error
from include.sample.tmdb.server import TmdbServer
from tests.support.postgres import Database
from tests.support.tmdb import FIRST_DAY, SyncRun, answered, rows, served
from tmdb_pipeline import items
from tmdb_pipeline.config import KINDS
from warehouse.database.connection import connected

MIDNIGHT = datetime.combine(FIRST_DAY, time(), UTC)


@contextmanager
def served_with_dates(moment_of: Callable[[str], datetime]) -> Iterator[TmdbServer]:
    """The sample's API, whose answer to a path is dated by `moment_of` the path."""

    def dated(handler: Any, *_: object) -> str:
        return format_datetime(moment_of(getattr(handler, "path", "")), usegmt=True)

    with (
        served(titles=60) as server,
        patch.object(BaseHTTPRequestHandler, "date_time_string", dated),
    ):
        yield server


def test_a_list_whose_pages_are_of_two_days_is_walked_once(database: Database) -> None:
    """The second page comes from a cache that was filled before midnight."""

    def moment_of(path: str) -> datetime:
        return MIDNIGHT + timedelta(hours=-3 if "page=2" in path else 1)

    with served_with_dates(moment_of) as server:
        SyncRun(database.url, server.base_url).sync.popular("movie", 2)
        asked = answered(server)

    assert sorted(asked.values()) == [1, 1]
    assert rows(database)["tmdb_lists"] == 2
    assert database.query("select completed_at is not null from raw.tmdb_walks") == [(True,)]


def test_a_walk_of_the_day_before_is_not_continued(database: Database) -> None:
    with served(titles=60) as server:
        SyncRun(database.url, server.base_url).sync.popular("movie", 2)
    database.execute("update raw.tmdb_walks set completed_at = null, next_page = 2")

    with served(2, titles=60) as server:
        SyncRun(database.url, server.base_url, "next day").sync.popular("movie", 2)
        asked = [path for path in answered(server) if "popular" in path]

    assert len(asked) == 2


def test_what_was_asked_for_on_one_day_is_due_again_on_many(database: Database) -> None:
    """Each thing waits for 5 to 9 days, and none for ever; after that for 5 each time."""
    late_evening = MIDNIGHT + timedelta(hours=23)
    database.execute(
        "insert into raw.tmdb_items (media_type, id, first_seen_at, checked_at) "
        "select 'movie', id, %s, %s from generate_series(1, 100) as id",
        late_evening, late_evening,
    )  # fmt: skip
    settings = replace(SyncRun(database.url, "http://127.0.0.1:9/3").settings, follow_days=5)
    due_by_day = {}
    with connected(database.url, purpose="a test") as connection:
        for day in range(16):
            now = MIDNIGHT + timedelta(days=day, hours=6)
            with connection, connection.cursor() as cursor:
                told = items.due_numbers(cursor, KINDS[0], settings, now, everything=False)
                planned = items.plan(cursor, KINDS[0], settings, now, everything=False)
                assert sum(planned.values()) == len(told)
                due_by_day[day] = len(told)
                cursor.execute(
                    "update raw.tmdb_items set due_since = null, checked_at = %s "
                    "where due_since is not null",
                    (now,),
                )

    assert due_by_day == {day: 0 if day < 5 else 20 for day in range(16)}


def test_days_without_a_run_are_made_up_for(database: Database) -> None:
    database.execute(
        "insert into raw.tmdb_items (media_type, id, first_seen_at, checked_at) "
        "select 'movie', id, %s, %s from generate_series(1, 100) as id", MIDNIGHT, MIDNIGHT,
    )  # fmt: skip
    settings = replace(SyncRun(database.url, "http://127.0.0.1:9/3").settings, follow_days=5)

    with connected(database.url, purpose="a test") as connection, connection.cursor() as cursor:
        planned = items.plan(
            cursor, KINDS[0], settings, MIDNIGHT + timedelta(days=9), everything=False
        )

    assert planned == {"age": 100}


def test_an_answer_that_is_older_than_the_one_before_changes_nothing(database: Database) -> None:
    with served(2, titles=60) as server:
        SyncRun(database.url, server.base_url).whole()
    before = rows(database)
    things = database.query("select * from raw.tmdb_items order by 1, 2")
    number = database.value("select min(movie_id) from raw.tmdb_movies")
    with served(1, titles=60) as server:
        server.faults.add(put(title="Older", vote_count=1), path=r"^/movie/\d")
        server.faults.add(lambda _: error(34), path=f"^/movie/{number}[?]")
        late = SyncRun(database.url, server.base_url, "second", kinds=("movie",))
        late.sync.plan(everything=True)
        figures = late.sync.details("movie")

    assert (figures["answers"], figures["written"], figures["gone"]) == (
        before["tmdb_movies"], 0, 0,
    )  # fmt: skip
    assert rows(database) == before
    assert database.query("select * from raw.tmdb_items order by 1, 2") == things
