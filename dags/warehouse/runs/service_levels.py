"""Service levels of a source that asks an API: what it promises, and what is left of its budgets.

A source promises shares in a `ServiceLevels`; the figures come from `meta.ingest_log`. Each day
(UTC) is measured once per objective into `meta.slo_measurement`; the view `meta.slo_daily` has the
levels of 28 days, the error budgets and the states. docs/service-levels.md defines them.
"""

import json
import math
from dataclasses import dataclass
from datetime import date, datetime
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


# The days to measure: from the last measured one, which may not have been over, to the present one.
_PERIODS = """
    with clock as (select coalesce(%(now)s, clock_timestamp()) as now),

    log as (
        select
            meta.ingest_log.*,
            (ended_at at time zone 'UTC')::date as day,
            least(pages_landed, pages_announced) as landed,
            row_number() over (
                partition by (ended_at at time zone 'UTC')::date, dag_id, run_id, step
                order by ingest_id desc
            ) = 1 as is_last_try
        from meta.ingest_log
        cross join clock
        where source = %(source)s and ended_at <= clock.now
    ),

    measured as (
        select
            min(day) filter (where objective = 'freshness') as first_fresh_day,
            max(day) as last_day
        from meta.slo_measurement
        where source = %(source)s
    ),

    days as (
        select
            day::date as day,
            day at time zone 'UTC' as begins,
            least((day + interval '1 day') at time zone 'UTC', clock.now) as ends
        from clock, measured, generate_series(
            coalesce(measured.last_day, (select min(day) from log))::timestamp,
            (clock.now at time zone 'UTC')::date::timestamp,
            interval '1 day'
        ) as day
    ),
"""
# How long each day was fresh. It counts from the first complete try of all steps on, or from the
# end of the time that the first step of all had for it.
_FRESHNESS = """
    complete as (
        select
            step,
            min(ended_at) as first_at,
            range_agg(tstzrange(ended_at, ended_at + make_interval(secs => %(fresh)s))) as spans
        from log
        where is_complete and step = any(%(steps)s)
        group by step
    ),

    fresh as (
        select range_intersect_agg(spans) as spans, max(first_at) as first_at
        from complete
        having count(*) = cardinality(%(steps)s)
    ),

    since as (
        select case
            when measured.first_fresh_day < days.day then days.begins
            else greatest(days.begins, least(
                (select first_at from fresh),
                (select min(ended_at) from log) + make_interval(secs => %(fresh)s)
            ))
        end as begins, days.day, days.ends
        from days
        cross join measured
    ),

    freshness as (
        select
            'freshness' as objective,
            day,
            'seconds' as unit,
            coalesce((
                select sum(extract(epoch from upper(span) - lower(span)))
                from unnest(
                    (select spans from fresh) * tstzmultirange(tstzrange(begins, ends))
                ) as span
            ), 0) as good,
            extract(epoch from ends - begins) as total
        from since
        where begins < ends
    ),
"""
# A try that was repeated in its run counts with what it landed: the rest was left to the next one.
_COUNTS = """
    sums as (
        select
            day,
            sum(landed) as landed,
            sum(case when is_last_try then pages_announced else landed end) as announced,
            sum(items) as items,
            sum(least(quarantined, items)) as quarantined,
            sum(requests) as requests,
            sum(least(bans, requests)) as bans
        from log
        group by day
    ),

    counts as (
        select * from freshness
        union all
        select 'completeness', day, 'pages', landed, announced from sums
        union all
        select 'validity', day, 'items', items - quarantined, items from sums
        union all
        select 'politeness', day, 'requests', requests - bans, requests from sums
    )
"""
_RECORD = """
    insert into meta.slo_measurement
        (source, objective, day, unit, target, good, total, measured_until)
    select %(source)s, objective, day, unit, (%(targets)s::jsonb ->> objective)::numeric,
        good, total, ends
    from counts
    inner join days using (day)
    where total > 0
    on conflict (source, objective, day) do update set
        target = excluded.target, good = excluded.good, total = excluded.total,
        measured_until = excluded.measured_until
"""


def measure(cursor: Cursor, levels: ServiceLevels, *, now: datetime | None = None) -> int:
    """Measure the days since the last measured one, in the caller's transaction.

    Returns how many rows were written. `now` is the present time, by default that of Postgres. A
    day that is over gives the same rows again.
    """
    cursor.execute(
        _PERIODS + _FRESHNESS + _COUNTS + _RECORD,
        {
            "source": levels.source,
            "steps": list(levels.incremental),
            "fresh": levels.fresh_hours * 3600,
            "targets": json.dumps(levels.targets),
            "now": now,
        },
    )
    return cursor.rowcount


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
