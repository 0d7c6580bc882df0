"""What happens on which day: drawn from a seed, so that the same seed gives the same soak."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from include.local.layout import LocalError

# Day 1 fills one of the two buffers of the marts, day 2 the other: from then on all are alike.
FIRST_FAULT_DAY = 3
# Of the days without a fault one in so many is skipped; the day after has the changes of both.
ONE_SKIPPED_OF = 5

# Files that differ from one day to the next whatever the size of the sample.
DAILY = ("title.principals", "title.akas", "title.basics", "name.basics", "title.ratings")
STAGING = (
    "stg_title_principals", "stg_title_akas", "stg_title_basics", "stg_name_basics",
    "stg_title_ratings",
)  # fmt: skip
MARTS = (
    "mart_top_titles", "mart_person_career", "mart_genre_analytics", "mart_title_search",
    "mart_rating_history",
)  # fmt: skip

DOWNLOAD, LOAD, MODEL, PUBLISH, REPORT = "download", "load", "model", "publish", "report"


@dataclass(frozen=True)
class Place:
    """Where a run is held up: a step, and the dataset or model that it is at."""

    step: str
    what: str = ""

    def __str__(self) -> str:
        """Return it in words: `load title.akas`."""
        return f"{self.step} {self.what}".strip()


@dataclass(frozen=True)
class Kind:
    """A kind of fault: `words` for the page; `steps` that it can strike at (none: the whole run).

    `green` says how the run has to end: True in spite of the fault, False red, None either way.
    """

    name: str
    words: str
    green: bool | None
    steps: tuple[str, ...] = ()
    datasets: tuple[str, ...] = DAILY


_ANYWHERE = (DOWNLOAD, LOAD, MODEL, PUBLISH, REPORT)
_IN_DATABASE = (LOAD, MODEL, PUBLISH, REPORT)
_KINDS = (
    Kind("kill-run", "`kill -9` of all processes of the run", False, _ANYWHERE),
    Kind("kill-make", "`kill -9` of `make run`; Airflow lives on", False, _ANYWHERE),
    Kind("kill-task", "`kill -9` of the task's process", None, _ANYWHERE),
    Kind("kill-scheduler", "`kill -9` of Airflow's scheduler", False, _ANYWHERE),
    Kind("kill-api", "`kill -9` of Airflow's API server", None, _ANYWHERE),
    Kind("kill-postgres", "`kill -9` of Postgres, all of it", False, _ANYWHERE),
    Kind("end-session", "the session is terminated on the server", None, _IN_DATABASE),
    Kind("lock", "a stranger's lock on the table", True, _IN_DATABASE),
    Kind("second-run", "a second `make run` at the same time", True, _ANYWHERE),
    Kind("truncated", "a file that ends in the middle", False),
    Kind("flipped", "a file with a flipped bit", False),
    Kind("html", "a page of HTML in place of a file, status 200", False),
    Kind("other-file", "the file of another dataset", False),
    Kind("few-rows", "a file with a third of its rows", False),
    Kind("impossible", "every title rated 55.5", False, datasets=("title.ratings",)),
    Kind("breaks-off", "the source breaks off in the middle of a file, twice", True),
    Kind("unavailable", "the source answers 503 twice", True),
    Kind("lost-file", "a file of the data folder is gone", True),
    Kind("edited-file", "a byte of a file in the data folder is another", True),
    Kind("rollback", "`make rollback` before the run", True, datasets=("",)),
    Kind("disk-full", "no space left in the data folder", False, datasets=("",)),
)  # fmt: skip
KINDS = {kind.name: kind for kind in _KINDS}


@dataclass(frozen=True)
class Fault:
    """One fault: its kind and the place or the dataset that it strikes."""

    kind: Kind
    place: Place

    def __str__(self) -> str:
        """Return it in words."""
        place = str(self.place)
        return f"{self.kind.words} ({place})" if place else self.kind.words


@dataclass(frozen=True)
class Day:
    """One simulated day; a skipped one has no run."""

    number: int
    fault: Fault | None = None
    skipped: bool = False


def plan(days: int, seed: int, only: Sequence[str] = ()) -> list[Day]:
    """Return the days 1 to `days`; half of them have a fault.

    `only` are kinds that come in turn, one on each day from the third on. Raises LocalError for a
    kind that is not known or for days too few.
    """
    unknown = sorted(set(only) - set(KINDS))
    if unknown:
        raise LocalError(f"FAULT={','.join(unknown)}: the kinds are {', '.join(KINDS)}.")
    if days <= FIRST_FAULT_DAY:
        raise LocalError(f"DAYS={days}: at least {FIRST_FAULT_DAY + 1} are needed.")
    draw = random.Random(f"soak {seed}")
    later = range(FIRST_FAULT_DAY, days + 1)
    struck = set(later) if only else set(draw.sample(later, min(days // 2, len(later))))
    quiet = [day for day in later if day not in struck and day != days]
    skipped = set(draw.sample(quiet, len(quiet) // ONE_SKIPPED_OF))
    kinds = list(only) if only else draw.sample(list(KINDS), len(KINDS))
    faults = {
        day: _fault(KINDS[kinds[place % len(kinds)]], random.Random(f"soak {seed} day {day}"))
        for place, day in enumerate(sorted(struck))
    }
    return [Day(day, faults.get(day), day in skipped) for day in range(1, days + 1)]


def _fault(kind: Kind, draw: random.Random) -> Fault:
    if not kind.steps:
        return Fault(kind, Place("", draw.choice(kind.datasets)))
    step = draw.choice(kind.steps)
    what = {DOWNLOAD: DAILY, LOAD: DAILY, MODEL: STAGING + MARTS}.get(step, ("",))
    return Fault(kind, Place(step, draw.choice(what)))
