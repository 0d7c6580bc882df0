"""The reference year: the year of the newest files that the marts are made of."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True)
class LoadTime:
    """When a load's file was changed at its source, as the ledger has it, and when it came."""

    load_id: int
    dataset: str
    last_modified: str | None
    loaded_at: datetime

    @property
    def year(self) -> int:
        """Year of Last-Modified in UTC, or of the load where that is missing or no date."""
        try:
            found = parsedate_to_datetime(self.last_modified or "")
        except ValueError:
            found = self.loaded_at
        return found.astimezone(UTC).year


def reference_year(loads: Iterable[LoadTime]) -> int:
    """Return the greatest year among the newest loads of the datasets."""
    newest = {load.dataset: load for load in sorted(loads, key=lambda load: load.load_id)}
    return max(load.year for load in newest.values())
