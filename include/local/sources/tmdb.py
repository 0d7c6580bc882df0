"""TMDb's API: the server of a generated universe, or the real one."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from include.local.sources.api import ApiSource, given
from include.local.warehouse import Warehouse, rows
from include.sample.api.server import SampleApiServer
from include.sample.api.traffic import UNLIMITED
from include.sample.tmdb.server import TmdbServer
from tmdb_pipeline.config import SOURCE, TmdbSettings

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
class TmdbApi(ApiSource):
    """TMDb's API, or that of its sample."""

    pipeline: ClassVar[str] = SOURCE
    label: ClassVar[str] = "TMDb"
    base_path: ClassVar[str] = "/3"

    @classmethod
    def settings(cls) -> TmdbSettings:
        """Return the settings of the environment."""
        return TmdbSettings.from_environment()

    def server(self, port: int, today: date) -> SampleApiServer:
        """Return the server of the sample, which has no limit."""
        options = self.options
        return TmdbServer(options.titles, options.day, port=port, today=today, limits=UNLIMITED)

    def sample_environment(self) -> dict[str, str]:
        """Return a key, and no limit: the sample's server is on this machine."""
        return {
            "TMDB_READ_TOKEN": _SAMPLE_TOKEN,
            "TMDB_MAX_PER_SECOND": os.environ.get("TMDB_MAX_PER_SECOND", "0"),
        }

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the DAG's run."""
        options = self.options
        return given(
            pages=options.pages,
            kinds=list(options.kinds) if options.kinds else None,
            ingest=options.ingest,
            dry_run=options.dry_run,
            force_transform=options.force_transform,
            full_refresh=options.full_refresh,
        )

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
