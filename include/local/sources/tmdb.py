"""TMDb's API: the server of a generated universe, or the real one."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from include.local.layout import LOOPBACK, LocalError, Ports
from include.local.options import SAMPLE, Options
from include.local.sources.source import Background
from include.local.warehouse import Warehouse, rows
from include.sample.api.traffic import UNLIMITED
from include.sample.tmdb.server import TmdbServer
from tmdb_pipeline.config import SOURCE as PIPELINE
from tmdb_pipeline.config import TmdbSettings
from warehouse.errors import PermanentError

_SERVER = "tmdb-api"  # its name among processes and ports
_SAMPLE_TOKEN = "sample"  # noqa: S105 - the sample's server takes any


_FILMS = """
    select title, release_year, revenue_usd / 1e6
    from kpi_top_movies
    where revenue_rank_all_time <= 5
    order by revenue_rank_all_time
"""
_LINKS = """
    select
        media_type, count(*), count(coalesce(tconst, nconst)), count(*) filter (where is_linked)
    from mart_tmdb_imdb_link
    group by media_type
    order by media_type
"""


@dataclass(frozen=True, slots=True)
class TmdbApi:
    """The API that a run asks: the real one, or with `is_sample` that of a generated universe."""

    options: Options
    is_sample: bool
    title: str
    name: str
    pipeline: str = field(default=PIPELINE, init=False)

    @classmethod
    def chosen(cls, options: Options) -> "TmdbApi":
        """Return what the options ask for. Raises LocalError without a token for the real API."""
        if options.source == SAMPLE:
            title = f"TMDb's sample of {options.titles:,} titles, day {options.day}"
            return cls(options, True, title, options.source_name or f"{SAMPLE}-{options.titles}")
        try:
            settings = TmdbSettings.from_environment()
            settings.api_policy  # noqa: B018 - raises without a token
        except PermanentError as error:
            raise LocalError(str(error)) from None
        return cls(options, False, settings.base_url, options.source_name or settings.origin)

    @property
    def absent(self) -> str:
        """An API has everything."""
        return ""

    @property
    def kept(self) -> str:
        """Each answer is committed at once."""
        return "What TMDb answered is kept and is not asked for again."

    def require_loaded(self, warehouse: Warehouse) -> None:
        """Raise LocalError where nothing names the source and another one was asked last."""
        query = """
            select origin from meta.load_log where source = %s order by load_id desc limit 1
        """
        newest = [] if self.options.named else rows(warehouse.url, query, PIPELINE)
        asked = next(iter(newest), None)
        if asked and asked[0] not in (None, self.name):
            raise LocalError(
                f"TMDb's answers in the warehouse are of {asked[0]}, and this command would mix "
                f"them with those of {self.name}: say SOURCE=."
            )

    def make_ready(self) -> bool:
        """Nothing is made before it is asked for."""
        return False

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the DAG's run."""
        options = self.options
        given = {
            "pages": options.pages,
            "kinds": list(options.kinds) if options.kinds else None,
            "ingest": options.ingest,
            "dry_run": options.dry_run,
            "force_transform": options.force_transform,
            "full_refresh": options.full_refresh,
        }
        return {name: value for name, value in given.items() if value is not None}

    @contextmanager
    def served(self, *, by_hand: bool = False) -> Iterator[dict[str, str]]:
        """Serve the sample while the context lasts; yield the environment of the tasks."""
        if not self.is_sample:
            yield self.environment()
            return
        ports = Ports(self.options.layout)
        port = ports.spare(_SERVER) if by_hand else ports.free(_SERVER)
        titles, day = self.options.titles, self.options.day
        today = self._date_of_day()
        with TmdbServer(titles, day, port=port, today=today, limits=UNLIMITED) as server:
            yield self._sample_environment(server.base_url)

    def background(self) -> Background | None:
        """Return the server of the sample for `make up`; None for the real API."""
        if not self.is_sample:
            return None
        port = Ports(self.options.layout).free(_SERVER)
        command = [
            sys.executable, "-m", "include.sample", "tmdb", "--port", str(port),
            "--titles", str(self.options.titles), "--day", str(self.options.day),
            "--today", self._date_of_day().isoformat(), "--unlimited",
        ]  # fmt: skip
        environment = self._sample_environment(f"http://{LOOPBACK}:{port}/3")
        return Background(_SERVER, command, environment)

    def environment(self) -> dict[str, str]:
        """Return the environment of the tasks for the real API; the token is in it already."""
        return {"TMDB_BASE_URL": self.title, "TMDB_SOURCE_NAME": self.name}

    def _date_of_day(self) -> date:
        """Return the date of the sample's day: day 1 is today (UTC), day 2 tomorrow."""
        return datetime.now(UTC).date() + timedelta(days=self.options.day - 1)

    def _sample_environment(self, base_url: str) -> dict[str, str]:
        return {
            "TMDB_BASE_URL": base_url,
            "TMDB_SOURCE_NAME": self.name,
            "TMDB_READ_TOKEN": _SAMPLE_TOKEN,
            # The sample's server is on this machine and has no limit.
            "TMDB_MAX_PER_SECOND": os.environ.get("TMDB_MAX_PER_SECOND", "0"),
        }

    def remarks(
        self, warehouse: Warehouse, manifest: Mapping[str, Any], *, good: bool
    ) -> list[str]:
        """Return the films that earned most and how many things are linked to IMDb."""
        del manifest
        if not good:
            return []
        films = [
            f"  {title:<40.40}  {year or '':<4}  {revenue:>9,.1f} million USD"
            for title, year, revenue in rows(warehouse.analyst_url, _FILMS)
        ]
        links = [
            f"  {kind:<8} {named:,} of {known:,} have an id of IMDb, {linked:,} are in its marts"
            for kind, known, named, linked in rows(warehouse.analyst_url, _LINKS)
        ]
        blocks = {"Highest revenue:": films, "Links to IMDb:": links}
        return ["\n".join([title, *lines]) for title, lines in blocks.items() if lines]
