"""The sections of `make bench`, in the order of measurement and output."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.context import Bench
from bench.report import Measured
from bench.sections import (
    changed_day,
    first_load,
    orchestration,
    queries,
    tmdb,
    trakt,
    unchanged_day,
)


@dataclass(frozen=True)
class Section:
    """A section: its name for ONLY, its heading, the function that measures it.

    `of_files` is whether it reads the seven files of IMDb's sample.
    """

    name: str
    heading: str
    measure: Callable[[Bench], Measured]
    of_files: bool = True


SECTIONS = (
    Section("load", "The first load", first_load.measure),
    Section("unchanged", "A day without changes", unchanged_day.measure),
    Section("changed", "A day with few changes", changed_day.measure),
    Section("orchestration", "The cost of orchestration", orchestration.measure),
    Section("queries", "Questions to the marts", queries.measure),
    Section("tmdb", "TMDb: requests and days", tmdb.measure_days, of_files=False),
    Section("tmdb_films", "TMDb: landing and models", tmdb.measure_films, of_files=False),
    Section("trakt", "Trakt: requests, landing and days", trakt.measure_days, of_files=False),
    Section("trakt_comments", "Trakt: models", trakt.measure_comments, of_files=False),
)
