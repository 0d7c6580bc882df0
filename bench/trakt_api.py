"""Trakt for a measurement: the sample's API in a process of its own, and the runs that ask it."""

import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bench.tmdb_api import ORIGIN, SPAWN, peak_rss
from bench.workspace import BenchDatabase
from include.sample.api.traffic import UNLIMITED, Limits
from include.sample.trakt.server import TraktServer
from trakt_pipeline.config import TraktSettings
from trakt_pipeline.steps import TraktRun
from trakt_pipeline.sync import TraktSync


@dataclass(frozen=True)
class ServedTrakt:
    """What a server answers: the sample's `day`; `limits` are those of the server."""

    titles: int
    day: int = 1
    limits: Limits = UNLIMITED

    @property
    def today(self) -> date:
        """The date of its answers."""
        return datetime.now(UTC).date() + timedelta(days=self.day - 1)

    def server(self) -> TraktServer:
        """Return the server, not started."""
        return TraktServer(self.titles, self.day, today=self.today, limits=self.limits)


def trakt_run(
    database: BenchDatabase, base_url: str, run_id: str, *, requests: int = 0, period: float = 300
) -> TraktRun:
    """Return a run that sends `requests` in a `period` at most; 0 is no limit."""
    settings = TraktSettings(
        base_url=base_url,
        client_id="any",
        source_name=ORIGIN,
        max_requests=requests,
        period_seconds=period,
        feed_pages=10_000,
    )
    return TraktRun(database.url, settings, "bench", run_id)


@dataclass(frozen=True)
class LandedComments:
    """What a step did in a process of its own: its figures, seconds, peak memory in bytes."""

    figures: Mapping[str, Any]
    seconds: float
    peak_rss: int

    @property
    def comments(self) -> int:
        """Comments that were new."""
        return int(self.figures["new"])


def steps_in_processes(
    run: TraktRun, step: str, *, processes: int = 1, **options: Any
) -> list[LandedComments]:
    """Take a step of the run with these options, in processes that share the queue."""
    with ProcessPoolExecutor(processes, mp_context=SPAWN) as pool:
        list(pool.map(_start_up, range(processes)))
        done = [pool.submit(_step, run, step, options) for _ in range(processes)]
        return [each.result() for each in done]


def _start_up(_number: int) -> None:
    time.sleep(0.3)


def _step(run: TraktRun, step: str, options: Mapping[str, Any]) -> LandedComments:
    began = time.perf_counter()
    figures = getattr(TraktSync(run), step)(**options)
    return LandedComments(figures, time.perf_counter() - began, peak_rss())
