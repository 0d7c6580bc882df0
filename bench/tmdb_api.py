"""TMDb for a measurement: the sample's API in a process of its own, and the syncs that ask it."""

import contextlib
import resource
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import psycopg2
import requests
from psycopg2.extras import execute_values

from bench.workspace import BenchDatabase
from include.sample.api.faults import edit, slow
from include.sample.api.server import COUNTERS, SampleApiServer
from include.sample.api.traffic import UNLIMITED
from include.sample.maker import DEFAULT_SEED
from include.sample.tmdb.server import TMDB_LIMITS, TmdbServer
from include.sample.tmdb.world import SampleWorld
from tmdb_pipeline.config import TmdbSettings
from tmdb_pipeline.sync import Sync

ORIGIN = "bench"
SPAWN = get_context("spawn")
_MOVING = frozenset({"popularity", "vote_average", "vote_count"})


@dataclass(frozen=True)
class ServedDay:
    """What a server answers: the sample's `day`, dated by `date_after` days from today.

    `moved` is added to all votes and popularity. With `edited`, runtimes and taglines are others.
    The first `slow` answers take half a second. With `limited`, the server bans who asks too fast,
    as TMDb does.
    """

    titles: int
    day: int = 1
    date_after: int = 0
    moved: int = 0
    edited: bool = False
    slow: int = 0
    limited: bool = False

    @property
    def today(self) -> date:
        """The date of its answers."""
        return datetime.now(UTC).date() + timedelta(days=self.date_after)

    def server(self) -> TmdbServer:
        """Return the server, not started."""
        limits = TMDB_LIMITS if self.limited else UNLIMITED
        server = TmdbServer(self.titles, self.day, today=self.today, limits=limits)
        if self.moved:
            server.faults.add(edit(lambda body: _moved(body, self.moved)))
        if self.edited:
            server.faults.add(edit(_edited), path="^/movie/[0-9]")
        if self.slow:
            server.faults.add(slow(0.5), times=self.slow)
        return server


class Served(Protocol):
    """What a server of the sample answers."""

    def server(self) -> SampleApiServer:
        """Return the server, not started."""


@dataclass(frozen=True)
class RunningApi:
    """A server that answers."""

    base_url: str

    def counters(self) -> dict[str, Any]:
        """Return what it counted so far."""
        place = urlsplit(self.base_url)
        found = requests.get(f"{place.scheme}://{place.netloc}{COUNTERS}", timeout=30)
        return dict(found.json())


@contextlib.contextmanager
def api_process(served: Served) -> Iterator[RunningApi]:
    """Serve a day in a process of its own, which ends with the context."""
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=_serve, args=(served, theirs), daemon=True)
    process.start()
    try:
        theirs.close()
        yield RunningApi(ours.recv())
    finally:
        ours.close()
        process.join()


def _serve(served: Served, pipe: Pipe) -> None:
    server = served.server()
    with server, contextlib.suppress(EOFError, KeyboardInterrupt):
        pipe.send(server.base_url)
        pipe.recv()  # ends where the other end is closed


def _moved(value: Any, by: int) -> Any:
    if isinstance(value, list):
        return [_moved(each, by) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: inner + by if key in _MOVING and inner is not None else _moved(inner, by)
        for key, inner in value.items()
    }


def _edited(body: Any) -> Any:
    return body | {"runtime": (body["runtime"] or 0) + 1, "tagline": "A new line"}


def make_due(database: BenchDatabase, titles: int, kind: str, most: int) -> int:
    """Make up to `most` things of a kind due, as if they were new in a list; return how many.

    Their order is that of the sample's windows, so that the server makes each window once.
    """
    numbers = islice(SampleWorld(titles, 1, DEFAULT_SEED).ids(kind), most)
    now = datetime.now(UTC)
    rows = [
        (kind, number, now, now + timedelta(microseconds=place), "list")
        for place, number in enumerate(numbers)
    ]
    with closing(psycopg2.connect(database.url)) as session, session, session.cursor() as cursor:
        execute_values(
            cursor,
            "insert into raw.tmdb_items (media_type, id, first_seen_at, due_since, due_reason) "
            "values %s on conflict do nothing",
            rows,
            page_size=1000,
        )
    return len(rows)


@dataclass(frozen=True)
class Landed:
    """What a sync process did: the figures of its step, seconds, peak memory in bytes."""

    figures: Mapping[str, Any]
    seconds: float
    peak_rss: int

    @property
    def bodies(self) -> int:
        """Answers that were written."""
        return int(self.figures["written"])


def sync_of(database: BenchDatabase, base_url: str, run_id: str, per_second: float = 0) -> Sync:
    """Return the steps of a run; `per_second` 0 is no limit. No people of the cast are followed."""
    settings = TmdbSettings(
        base_url=base_url,
        read_token="any",
        source_name=ORIGIN,
        max_per_second=per_second,
        people_per_title=0,
    )
    return Sync(database.url, settings, "bench", run_id)


def details_in_processes(sync: Sync, kind: str, processes: int) -> list[Landed]:
    """Ask for all that is due of a kind, in processes that share the queue, each with all threads.

    The processes start before the measurement, as Airflow's workers do.
    """
    with ProcessPoolExecutor(processes, mp_context=SPAWN) as pool:
        list(pool.map(_start_up, range(processes)))
        return [done.result() for done in [
            pool.submit(_details, sync, kind) for _ in range(processes)
        ]]  # fmt: skip


def _start_up(_number: int) -> None:
    time.sleep(0.3)


def _details(sync: Sync, kind: str) -> Landed:
    began = time.perf_counter()
    figures = sync.details(kind)
    return Landed(figures, time.perf_counter() - began, peak_rss())


def peak_rss() -> int:
    """Return the peak memory of this process in bytes.

    Linux' getrusage also counts that of the process that started it, which here is larger.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        lines = dict(line.split(":", 1) for line in status.read_text("utf-8").splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
