"""Trakt's API: the server of a generated universe, or the real one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from include.local.sources.api import ApiSource, given
from include.local.warehouse import Warehouse, rows
from include.sample.api.server import SampleApiServer
from include.sample.api.traffic import UNLIMITED
from include.sample.trakt.server import TraktServer
from trakt_pipeline.config import SOURCE, TraktSettings

_TITLES = """
    select titles.title, titles.year, engagement.comments, engagement.breadth
    from mart_title_engagement as engagement
    inner join dim_trakt_titles as titles using (title_key)
    where engagement.breadth > 0 and titles.title is not null
    order by engagement.breadth desc, engagement.comments desc, titles.title
    limit 5
"""


@dataclass(frozen=True, slots=True)
class TraktApi(ApiSource):
    """Trakt's API, or that of its sample."""

    pipeline: ClassVar[str] = SOURCE
    label: ClassVar[str] = "Trakt"

    @classmethod
    def settings(cls) -> TraktSettings:
        """Return the settings of the environment."""
        return TraktSettings.from_environment()

    def server(self, port: int, today: date) -> SampleApiServer:
        """Return the server of the sample, which has no limit."""
        options = self.options
        return TraktServer(options.titles, options.day, port=port, today=today, limits=UNLIMITED)

    def sample_environment(self) -> dict[str, str]:
        """Return a key, and no limit: the sample's server is on this machine."""
        return {"TRAKT_CLIENT_ID": "sample", "TRAKT_MAX_REQUESTS": "0"}

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the DAG's run."""
        options = self.options
        return given(
            backfill=options.backfill,
            ingest=options.ingest,
            force_transform=options.force_transform,
            full_refresh=options.full_refresh,
        )

    def remarks(
        self, warehouse: Warehouse, manifest: Mapping[str, Any], *, good: bool
    ) -> list[str]:
        """Return the titles that most people wrote about."""
        del manifest
        found = rows(warehouse.analyst_url, _TITLES) if good else []
        lines = [
            f"  {title:<40.40}  {year or '':<4}  {comments:>6,} comments of {people:,} people"
            for title, year, comments, people in found
        ]
        return ["\n".join(["Most people wrote about:", *lines])] if lines else []
