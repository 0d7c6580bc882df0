"""Days of the sample's Trakt: its answers are dated by the day, and can change while it is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from unittest.mock import patch

from include.sample.api.answers import ApiRequest, SampleAnswer
from include.sample.api.traffic import UNLIMITED
from include.sample.maker import DEFAULT_SEED
from include.sample.trakt.api import SampleTraktApi
from include.sample.trakt.server import TraktLike
from include.sample.trakt.truth import TraktTruth
from include.sample.trakt.world import SampleTraktWorld
from tests.support.postgres import Database
from tests.support.trakt import CLIENT_ID
from tests.support.trakt_titles import publish_imdb
from trakt_pipeline.sync import TraktSync

FIRST_DAY = date(2031, 3, 3)
STEPS = ("recent", "updates", "backfill", "rescan", "deletions")


@dataclass
class SampleDays:
    """Trakt as it is on each day, for a sample of this many titles; days are made once."""

    titles: int
    _apis: dict[int, SampleTraktApi] = field(default_factory=dict)

    def api(self, day: int) -> SampleTraktApi:
        """The API of a day."""
        if day not in self._apis:
            world = SampleTraktWorld(self.titles, day, DEFAULT_SEED, date_of(day))
            self._apis[day] = SampleTraktApi.of(world)
        return self._apis[day]

    def truth(self, day: int) -> TraktTruth:
        """What is true on the day."""
        return TraktTruth(self.api(day).bodies)

    @contextmanager
    def served(
        self, day: int, *, today: date | None = None, of_yesterday: int = 0
    ) -> Iterator[TraktLike]:
        """The API on loopback; it answers the first requests as it did the day before.

        `of_yesterday` is how many these are. So lists get longer and shorter while they are read.
        `today` is the date of its answers, where it is another than that of the day.
        """
        today = today or date_of(day)
        now = self.api(day)
        before = self.api(day - 1) if of_yesterday else now
        left = [of_yesterday]

        def answer(request: ApiRequest) -> SampleAnswer:
            left[0] -= 1
            return (now if left[0] < 0 else before).answer(request)

        def dated(*_: object) -> str:
            return format_datetime(datetime.combine(today, time(6), UTC), usegmt=True)

        with (
            patch.object(BaseHTTPRequestHandler, "date_time_string", dated),
            TraktLike(answer, 0, UNLIMITED, key=CLIENT_ID) as running,
        ):
            yield running

    def publish_titles(self, database: Database) -> int:
        """Let IMDb's published marts have the titles; return how many."""
        world = self.api(1).world
        titles = {
            title.title.tconst: title
            for shelf in world.shelves()
            for title in shelf.titles.values()
        }
        publish_imdb(
            database,
            *(
                (tconst, "movie" if title.kind == "movie" else "tvSeries", title.title.votes)
                for tconst, title in titles.items()
            ),
        )
        return len(titles)


def date_of(day: int) -> date:
    """The date of a day of the sample."""
    return FIRST_DAY + timedelta(days=day - 1)


def whole(run: TraktSync, titles: int = 10_000) -> dict[str, dict[str, Any]]:
    """Take all steps in the order of the DAG; return their figures."""
    found = {"recent": run.recent(), "updates": run.updates(), "backfill": run.backfill(titles)}
    return found | {"rescan": run.rescan(), "deletions": run.deletions()}


def requests(figures: dict[str, dict[str, Any]]) -> int:
    """How many requests a run sent."""
    return sum(step["requests"] for step in figures.values())
