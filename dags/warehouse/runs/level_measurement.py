"""The measurement of service levels: each day (UTC) of a source is counted from `meta.ingest_log`.

Each objective of a day is one row of `meta.slo_measurement`. It stays when the log is pruned.
"""

import json
from datetime import datetime

from psycopg2.extensions import cursor as Cursor

from warehouse.runs.service_levels import ServiceLevels

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
        where source = %(source)s
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
_MEASURE = _PERIODS + _FRESHNESS + _COUNTS + _RECORD


def measure(cursor: Cursor, levels: ServiceLevels, *, now: datetime | None = None) -> int:
    """Measure the days since the last measured one, in the caller's transaction.

    Returns how many rows were written. `now` is the present time, by default that of Postgres. A
    day that is over gives the same rows again.
    """
    cursor.execute(
        _MEASURE,
        {
            "source": levels.source,
            "steps": list(levels.incremental),
            "fresh": levels.fresh_hours * 3600,
            "targets": json.dumps(levels.targets),
            "now": now,
        },
    )
    return cursor.rowcount
