"""Service levels of a source that asks an API: what it promises, and what is left of its budgets.

A source promises shares in a `ServiceLevels`. `level_measurement` counts each day; the view
`meta.slo_daily` has the levels of 28 days, the error budgets and the states, which are read here.
docs/service-levels.md defines them.
"""

import math
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from psycopg2.extensions import cursor as Cursor

FRESHNESS, COMPLETENESS, VALIDITY, POLITENESS = OBJECTIVES = (
    "freshness",
    "completeness",
    "validity",
    "politeness",
)
# What the levels are called in the report of a run.
HEADING = "service levels"
MET, WARNING, EXHAUSTED = "met", "warning", "exhausted"


@dataclass(frozen=True, slots=True)
class ServiceLevels:
    """What `source` promises; the targets are shares of 1.

    It is fresh while the newest complete try of each of its `incremental` steps (names in
    `meta.ingest_log`) is at most `fresh_hours` old. Complete is what it read of the pages that were
    announced, valid what of the items kept to the contract. Polite is a request without a ban
    (HTTP status 429).
    """

    source: str
    incremental: tuple[str, ...]
    fresh_hours: float = 26.0
    freshness: float = 0.99
    completeness: float = 0.99
    validity: float = 0.999
    politeness: float = 1.0

    @property
    def targets(self) -> dict[str, float]:
        """The target of each objective."""
        return dict(
            zip(
                OBJECTIVES,
                (self.freshness, self.completeness, self.validity, self.politeness),
                strict=True,
            )
        )


@dataclass(frozen=True, slots=True)
class Level:
    """An objective on its newest measured day.

    `level` is that of 28 days, `budget_left` a share of the budget. `level`, `budget_left` and
    `state` are None where nothing was counted; `burn_rate` also where the target allows no fault.
    """

    source: str
    objective: str
    day: date
    target: float
    level: float | None
    budget_left: float | None
    burn_rate: float | None
    state: str | None

    @property
    def text(self) -> str:
        """The level as a person reads it."""
        if self.level is None or self.budget_left is None:
            return f"{percent(self.target)} promised, nothing to count yet"
        burning = f", burn rate {self.burn_rate:.1f}" if self.burn_rate else ""
        return (
            f"{self.state}: {percent(self.level)} of {percent(self.target)} in 28 days, "
            f"{max(0.0, self.budget_left):.0%} of the budget left{burning}"
        )


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left of the error budgets of a source: the least `share` of those that pause
    backfills (None: nothing was counted), and the `exhausted` objectives among them."""

    share: float | None
    exhausted: tuple[str, ...] = ()

    @property
    def is_used_up(self) -> bool:
        """Whether backfills pause."""
        return bool(self.exhausted)


def newest_levels(cursor: Cursor, source: str | None = None) -> list[Level]:
    """Return each objective on its newest measured day; of all sources where none is named."""
    cursor.execute(
        """
        select distinct on (source, objective)
            source, objective, day, target, window_level, budget_left, burn_rate, state
        from meta.slo_daily
        where source = coalesce(%s, source)
        order by source, objective, day desc
        """,
        (source,),
    )
    found = [
        Level(
            source=name,
            objective=objective,
            day=day,
            target=float(target),
            level=_number(level),
            budget_left=_number(left),
            burn_rate=_number(burn_rate),
            state=state,
        )
        for name, objective, day, target, level, left, burn_rate, state in cursor.fetchall()
    ]
    return sorted(found, key=lambda each: (each.source, OBJECTIVES.index(each.objective)))


def budget_left(cursor: Cursor, source: str) -> Budget:
    """Return what is left of the budgets of `source`; a backfill does not begin without any.

    An installation that is run by hand has no schedule to keep: freshness counts where a scheduled
    run logged a step in the last 28 days.
    """
    cursor.execute(
        """
        select exists (
            select from meta.ingest_log
            where
                source = %s
                and starts_with(run_id, 'scheduled__')
                and ended_at > clock_timestamp() - interval '28 days'
        )
        """,
        (source,),
    )
    is_scheduled = cursor.fetchone() == (True,)
    counted = [
        level
        for level in newest_levels(cursor, source)
        if level.objective != FRESHNESS or is_scheduled
    ]
    return Budget(
        share=min(
            (level.budget_left for level in counted if level.budget_left is not None), default=None
        ),
        exhausted=tuple(level.objective for level in counted if level.state == EXHAUSTED),
    )


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def percent(share: float) -> str:
    """Return a share as a percentage: 99.86 %. It is rounded down, so 100 % has no fault."""
    return f"{math.floor(share * 10_000) / 100:g} %"
