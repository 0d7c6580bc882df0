"""The sections of `make bench`, in the order in which they are measured and printed."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.context import Bench
from bench.results import Measured
from bench.sections import (
    chain,
    changed_day,
    first_load,
    orchestration,
    peer,
    queries,
    unchanged_day,
)


@dataclass(frozen=True)
class Section:
    """A section: its name for ONLY, its heading, what measures it."""

    name: str
    heading: str
    measure: Callable[[Bench], Measured]


SECTIONS = (
    Section("load", "The first load", first_load.measure),
    Section("chain", "The whole chain, and how it grows", chain.measure),
    Section("unchanged", "A day on which nothing changed", unchanged_day.measure),
    Section("changed", "A day on which little changed", changed_day.measure),
    Section("orchestration", "What the orchestration costs", orchestration.measure),
    Section("queries", "Questions to the marts", queries.measure),
    Section("peer", "A peer on the same files", peer.measure),
)
