"""The plan of a soak: the fault of each day. The same seed gives the same plan."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from include.local.layout import LocalError

# Days 1 and 2 fill the two copies of the marts. After that all days are alike.
FIRST_FAULT_DAY = 3

# Tables that change from one day to the next in a sample of any size.
LOADED = ("title.principals", "title.akas", "title.basics", "name.basics", "title.ratings")
MODELS = (
    "staging.stg_title_principals", "staging.stg_title_akas", "staging.stg_title_basics",
    "marts_next.mart_top_titles", "marts_next.mart_person_career", "marts_next.mart_title_search",
    "marts_next.mart_rating_history",
)  # fmt: skip


@dataclass(frozen=True)
class FaultKind:
    """A kind of fault. `at_table`: it strikes while the run waits for the lock of a table.

    `green` is the expected end of the run: True green, False red, None either of them.
    """

    name: str
    words: str
    green: bool | None
    at_table: bool = False


_KINDS = (
    FaultKind("kill-run", "`kill -9` of all processes of the run", False, True),
    FaultKind("kill-make", "`kill -9` of `make run`, not of Airflow", False, True),
    FaultKind("kill-task", "`kill -9` of the task's process", None, True),
    FaultKind("kill-postgres", "`kill -9` of all processes of Postgres", False, True),
    FaultKind("end-session", "the server terminates the session", None, True),
    FaultKind("lock", "another session locks the table for a moment", True, True),
    FaultKind("second-run", "a second `make run` at the same time", True, True),
    FaultKind("truncated", "the second half of a file is missing", False),
    FaultKind("html", "an HTML page in place of a file, status 200", False),
    FaultKind("few-rows", "a file with a third of its rows", False),
    FaultKind("impossible", "a rating of 55.5 for every title", False),
    FaultKind("lost-file", "a file of the data folder is missing", True),
    FaultKind("edited-file", "one byte of a file in the data folder differs", True),
    FaultKind("rollback", "`make rollback` before the run", True),
)
KINDS = {kind.name: kind for kind in _KINDS}


@dataclass(frozen=True)
class Fault:
    """A fault and its target: a table such as `raw.imdb_title_akas`, or a dataset."""

    kind: FaultKind
    target: str

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.kind.words} ({self.target})"


@dataclass(frozen=True)
class SoakDay:
    """One simulated day, with its fault or none."""

    number: int
    fault: Fault | None = None


def plan(days: int, seed: int, only: Sequence[str] = ()) -> list[SoakDay]:
    """Return the days 1 to `days`; half of them have a fault.

    With `only`, each day from the third on has a fault of these kinds, in turn. Raises LocalError
    for an unknown kind and for too few days.
    """
    unknown = sorted(set(only) - set(KINDS))
    if unknown:
        raise LocalError(f"FAULT={','.join(unknown)}: the kinds are {', '.join(KINDS)}.")
    if days <= FIRST_FAULT_DAY:
        raise LocalError(f"DAYS={days}: at least {FIRST_FAULT_DAY + 1} are needed.")
    draw = random.Random(f"soak {seed}")
    later = range(FIRST_FAULT_DAY, days + 1)
    struck = sorted(later if only else draw.sample(later, min(days // 2, len(later))))
    kinds = list(only) or draw.sample(list(KINDS), len(KINDS))
    faults = {day: _fault(KINDS[kinds[at % len(kinds)]], draw) for at, day in enumerate(struck)}
    return [SoakDay(day, faults.get(day)) for day in range(1, days + 1)]


def _fault(kind: FaultKind, draw: random.Random) -> Fault:
    raw = tuple(f"raw.imdb_{name.replace('.', '_')}" for name in LOADED)
    logs = ("meta.publish_log", "meta.run_log")
    if kind.at_table:
        return Fault(kind, draw.choice((*raw, *MODELS, *logs)))
    return Fault(kind, "title.ratings" if kind.name == "impossible" else draw.choice(LOADED))
