"""Answers come from a cache with dates of their own, and days pass between two syncs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from unittest.mock import patch

from include.sample.tmdb.server import TmdbServer
from tests.support.postgres import Database
from tests.support.tmdb import FIRST_DAY, SyncRun, answered, rows, served

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
