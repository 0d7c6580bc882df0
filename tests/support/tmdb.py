"""TMDb's sync against the sample's API on loopback, by the calendar of that API."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from unittest.mock import patch

from include.sample.api.traffic import UNLIMITED, Limits
from include.sample.tmdb.server import TmdbServer
from tests.support.postgres import Database
from tmdb_pipeline.config import KIND_NAMES, TmdbSettings
from tmdb_pipeline.sync import Sync
from warehouse.database.connection import connected

TOKEN = "not-a-token-of-anybody/+="
TITLES = 150
FIRST_DAY = date(2031, 3, 3)
TABLES = ("movies", "shows", "people", "genres", "lists", "changes")


@contextmanager
def served(
    day: int = 1, *, titles: int = TITLES, limits: Limits = UNLIMITED, today: date | None = None
) -> Iterator[TmdbServer]:
    """The sample's API of a day, whose answers are dated by that day."""
    today = today or FIRST_DAY + timedelta(days=day - 1)

    def dated(*_: object) -> str:
        return format_datetime(datetime.combine(today, time(6), UTC), usegmt=True)

    with (
        patch.object(BaseHTTPRequestHandler, "date_time_string", dated),
        TmdbServer(titles, day, today=today, token=TOKEN, limits=limits) as running,
    ):
        yield running


@dataclass(frozen=True, slots=True)
class SyncRun:
    """The steps of a run, as the DAG takes them, in one process."""

    database_url: str
    base_url: str
    run_id: str = "run"
    pages: int = 2
    kinds: tuple[str, ...] = KIND_NAMES
    changed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> TmdbSettings:
        """TmdbSettings of a run without limits, that does not wait long before it tries again."""
        settings = TmdbSettings(
            base_url=self.base_url,
            read_token=TOKEN,
            source_name="sample",
            max_per_second=0,
            max_at_once=4,
            people_per_title=1,
            tries=2,
            backoff_start=0.01,
            read_timeout=5.0,
        )
        return replace(settings, **self.changed)

    @property
    def sync(self) -> Sync:
        """The steps."""
        return Sync(self.database_url, self.settings, "tmdb_pipeline", self.run_id, self.kinds)

    def pages_of_lists(self) -> dict[str, dict[str, Any]]:
        """Take the steps before the details; return their figures."""
        sync = self.sync
        found = {"genres": sync.genres()}
        found |= {f"list {kind}": sync.popular(kind, self.pages) for kind in self.kinds}
        return found | {"changes": sync.changes()}

    def details(self) -> dict[str, dict[str, Any]]:
        """Ask for all that is due; return the figures."""
        return {kind: self.sync.details(kind) for kind in self.kinds}

    def whole(self, *, everything: bool = False) -> dict[str, dict[str, Any]]:
        """Take all steps; return their figures."""
        found = self.pages_of_lists()
        self.sync.plan(everything=everything)
        found |= self.details()
        self.report()
        return found

    def report(self) -> None:
        """Write the row that says that the run reached its end."""
        with connected(self.database_url, purpose="report") as session, session:
            session.cursor().execute(
                "insert into meta.run_log values "
                "('tmdb_pipeline', %s, 'success', now(), now(), '{}')",
                (self.run_id,),
            )


def run_whole(run: SyncRun) -> None:
    """All steps, for a process of its own."""
    run.whole()


def rows(database: Database) -> dict[str, int]:
    """How many rows each raw table of TMDb has."""
    names = [f"tmdb_{name}" for name in (*TABLES, "items", "measures")] + ["quarantine"]
    return {name: database.value(f"select count(*) from raw.{name}") for name in names}


def bodies(database: Database, table: str) -> list[Any]:
    """The bodies of a raw table, in the order in which they came."""
    found = database.query(f"select raw_data::text from raw.{table} order by answer_id")
    return [None if body is None else json.loads(body) for (body,) in found]


def answered(server: TmdbServer) -> dict[str, int]:
    """How often each request was answered whole by now."""
    return dict(server.traffic.requests)
