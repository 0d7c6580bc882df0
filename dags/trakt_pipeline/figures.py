"""The figures of a step, as the run's report and `meta.ingest_log` show them."""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from warehouse.raw.api_batch import ApiBatch
from warehouse.raw.ingest_log import IngestCounts
from warehouse.raw.ledger import row_counts


@dataclass(slots=True)
class TraktFigures(IngestCounts):
    """What a step did. All are counts but the seconds, which are wall time.

    Of the comments that came, `new` were not known, `changed` were other ones than before, `known`
    were the same. Of other answers, `written` have a row and `unchanged` do not. `gone` are 404s,
    `failed` things could not be had and stay due; `due` is how many wait when the step ends.
    """

    new: int = 0
    changed: int = 0
    known: int = 0
    written: int = 0
    unchanged: int = 0
    gone: int = 0
    failed: int = 0
    due: int | None = None
    began: float = field(default_factory=time.monotonic, repr=False)
    _counting: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, **counts: int) -> None:
        """Add to the counts of these names; threads can share the figures."""
        with self._counting:
            for name, count in counts.items():
                setattr(self, name, getattr(self, name) + count)

    def compared(self, batch: ApiBatch, items: int, quarantined: int) -> None:
        """Count items of `batch` that were compared with their contract, here and there."""
        with self._counting:
            self.items += items
            self.quarantined += quarantined
            batch.checked += items
            batch.quarantined += quarantined

    @property
    def comments(self) -> int:
        """Comments that came and keep to their contract, the same one twice counted twice."""
        return self.new + self.changed + self.known

    def report(self, batches: Iterable[ApiBatch] = ()) -> dict[str, Any]:
        """Return the figures, with what the ended `batches` brought, for the run's report."""
        return {
            "requests": self.requests,
            "bans": self.bans,
            "pages": self.pages_landed,
            "complete": self.is_complete,
            "new": self.new,
            "changed": self.changed,
            "known": self.known,
            "written": self.written,
            "unchanged": self.unchanged,
            "gone": self.gone,
            "quarantined": self.quarantined,
            "failed": self.failed,
            "due": self.due,
            **row_counts(batch.load for batch in batches if batch.load is not None),
            "load_seconds": round(time.monotonic() - self.began, 3),
        }

    def line(self) -> str:
        """Return the figures as one line for the log."""
        seconds = time.monotonic() - self.began
        due = "" if self.due is None else f", {self.due:,} still due"
        return (
            f"{self.requests:,} requests ({self.bans:,} answered 429), {self.pages_landed:,} of "
            f"{self.pages_announced:,} pages, {self.comments:,} comments: {self.new:,} new, "
            f"{self.changed:,} changed, {self.known:,} known; {self.written:,} other answers "
            f"written, {self.unchanged:,} unchanged, {self.gone:,} gone, {self.quarantined:,} "
            f"quarantined, {self.failed:,} failed{due}; {seconds:.1f} s, "
            f"{self.comments / max(seconds, 1e-9):,.0f} comments/s"
        )
