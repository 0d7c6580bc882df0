"""Compares items of answers with their contract, and counts the keys that it does not name."""

from collections import Counter
from typing import Any

from warehouse.http.contracts import Breach, Contract


class ItemChecks:
    """The items of one contract. `drift` counts its unknown keys by path. For one thread."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.drift: Counter[str] = Counter()

    def breach(self, item: Any, body: bytes = b"") -> Breach | None:
        """Return what keeps the item of `body` out of the raw tables; None where nothing does."""
        found = self.contract.breach(item) or self.refused(item, body)
        if found is None:
            self.drift.update(self.contract.unknown_keys(item))
        return found

    def refused(self, item: Any, body: bytes) -> Breach | None:  # noqa: ARG002
        """Return what a source refuses beside the contract; nothing here."""
        return None
