"""The sync: what a run asks Trakt for, and what it writes. Each method is a step of the DAG.

Every page is committed, so a step that is killed at any moment loses nothing that came before.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trakt_pipeline import retention
from trakt_pipeline.backfill import backfill
from trakt_pipeline.client import CommentsPage, TraktClient
from trakt_pipeline.config import COMMENT_DATASETS, DATASETS, SOURCE, VERSIONS
from trakt_pipeline.deletions import deletions
from trakt_pipeline.feeds import Feed, FeedWalk
from trakt_pipeline.rescan import rescan
from trakt_pipeline.steps import TraktRun
from warehouse.database.connection import connected
from warehouse.raw.api_batch import end_killed


@dataclass(frozen=True, slots=True)
class TraktSync:
    """The steps of a run. Each returns its figures.

    Steps raise `SourceRefused` for a key that is not accepted, `SourceUnavailable` where Trakt is
    out, and `HeldBack` where too many items break their contract.
    """

    run: TraktRun

    def recent(self) -> dict[str, Any]:
        """Walk the newest comments since the last complete walk."""
        return self._walk("recent", lambda client: client.recent)

    def updates(self) -> dict[str, Any]:
        """Walk what was touched since the last complete walk."""
        return self._walk("updates", lambda client: client.updates)

    def backfill(self, titles: int) -> dict[str, Any]:
        """Begin at most `titles` titles of IMDb and as many of the feeds."""
        return backfill(self.run, titles)

    def rescan(self, *, everything: bool = False) -> dict[str, Any]:
        """Scan the units again whose day it is; with `everything`, all."""
        return rescan(self.run, everything=everything)

    def deletions(self) -> dict[str, Any]:
        """Ask by its id for what complete scans miss."""
        return deletions(self.run)

    def prune(self) -> dict[str, int]:
        """Take out bodies and answers that are too old; return how many rows, by table."""
        with connected(self.run.url, purpose=f"prune {self.run.run_id}") as connection:
            return retention.prune(connection, self.run.settings.keep_text_days)

    def end_killed(self) -> None:
        """End the batches whose process was killed: models read only what has ended."""
        with connected(self.run.url, purpose=f"killed {self.run.run_id}") as connection:
            for dataset in DATASETS:
                end_killed(connection, dataset, patience=self.run.settings.lock_patience)

    def _walk(
        self, feed: Feed, asks: Callable[[TraktClient], Callable[[int], CommentsPage]]
    ) -> dict[str, Any]:
        with self.run.step(feed, COMMENT_DATASETS, lock=f"{SOURCE}: {feed}") as step:
            FeedWalk(
                feed=feed,
                ask=asks(step.client),
                connection=step.connection,
                landing=step.landing(),
                figures=step.figures,
                most_pages=self.run.settings.feed_pages,
                batch_id=step.batch(VERSIONS).batch_id,
            ).walk()
        return self.run.report(step)
