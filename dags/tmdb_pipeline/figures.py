"""The figures of a step of the sync, as the run's report shows them."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from warehouse.raw.api_batch import ApiBatch
from warehouse.raw.ledger import row_counts


@dataclass(slots=True)
class Figures:
    """What a step did. All are counts but the seconds, which are wall time.

    `answers` came whole, of which `written` have a row and `unchanged` do not; `gone` are 404s.
    `failed` things could not be had and stay due; `due` is how many wait when the step ends.
    """

    requests: int = 0
    answers: int = 0
    written: int = 0
    unchanged: int = 0
    gone: int = 0
    quarantined: int = 0
    failed: int = 0
    followed: int = 0
    due: int | None = None
    began: float = field(default_factory=time.monotonic, repr=False)

    def report(self, batches: Iterable[ApiBatch] = ()) -> dict[str, Any]:
        """Return the figures, with what the ended `batches` brought, for the run's report."""
        return {
            "requests": self.requests,
            "answers": self.answers,
            "written": self.written,
            "unchanged": self.unchanged,
            "gone": self.gone,
            "quarantined": self.quarantined,
            "failed": self.failed,
            "followed": self.followed,
            "due": self.due,
            **row_counts(batch.load for batch in batches if batch.load is not None),
            "load_seconds": round(time.monotonic() - self.began, 3),
        }

    def line(self) -> str:
        """Return the figures as one line for the log."""
        seconds = time.monotonic() - self.began
        due = "" if self.due is None else f", {self.due:,} still due"
        return (
            f"{self.requests:,} requests, {self.answers:,} answers: {self.written:,} written, "
            f"{self.unchanged:,} unchanged, {self.gone:,} gone, {self.quarantined:,} quarantined, "
            f"{self.failed:,} failed{due}, {seconds:.1f} s, "
            f"{self.answers / max(seconds, 1e-9):,.0f} answers/s"
        )
