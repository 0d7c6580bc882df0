-- Service levels: what each source achieved on each day, and what is left of its error budgets.
set role pipeline;

create table if not exists meta.slo_measurement (
    source text not null,
    objective text not null,
    day date not null,
    unit text not null check (unit in ('seconds', 'pages', 'items', 'requests')),
    target numeric not null check (target > 0 and target <= 1),
    good numeric not null check (good between 0 and total),
    total numeric not null,
    measured_until timestamptz not null,
    primary key (source, objective, day)
);
comment on table meta.slo_measurement is 'One row per source, objective and day (UTC): what was counted. It stays when meta.ingest_log is pruned.';
comment on column meta.slo_measurement.source is 'The source.';
comment on column meta.slo_measurement.objective is 'freshness, completeness, validity or politeness.';
comment on column meta.slo_measurement.day is 'The day, UTC.';
comment on column meta.slo_measurement.unit is 'What is counted: seconds of the day, pages, items or requests.';
comment on column meta.slo_measurement.target is 'The share of good units that the source promises.';
comment on column meta.slo_measurement.good is 'Units that kept the promise.';
comment on column meta.slo_measurement.total is 'All units; 0 where nothing was to be counted.';
comment on column meta.slo_measurement.measured_until is 'The end of the day, or the time of the measurement while the day is not over.';

create table if not exists meta.slo_excluded_day (
    source text not null,
    objective text not null,
    day date not null,
    reason text not null check (reason <> ''),
    noted_at timestamptz not null default clock_timestamp(),
    primary key (source, objective, day)
);
comment on table meta.slo_excluded_day is 'Days that a person left out of an error budget, with the reason. A person inserts them; the pipeline only reads them.';
comment on column meta.slo_excluded_day.source is 'The source.';
comment on column meta.slo_excluded_day.objective is 'The objective.';
comment on column meta.slo_excluded_day.day is 'The day, UTC.';
comment on column meta.slo_excluded_day.reason is 'Why the day does not count.';
comment on column meta.slo_excluded_day.noted_at is 'When it was left out.';

create table if not exists meta.slo_announced (
    source text not null,
    objective text not null,
    state text not null check (state in ('met', 'warning', 'exhausted')),
    announced_at timestamptz not null default clock_timestamp(),
    primary key (source, objective)
);
comment on table meta.slo_announced is 'The state of each objective that was announced last. Another state is announced once.';
comment on column meta.slo_announced.source is 'The source.';
comment on column meta.slo_announced.objective is 'The objective.';
comment on column meta.slo_announced.state is 'The announced state.';
comment on column meta.slo_announced.announced_at is 'When it was announced.';

create or replace view meta.slo_daily as
with windows as (
    select
        measurement.*,
        excluded.day is not null as is_excluded,
        coalesce(sum(measurement.good) filter (where excluded.day is null) over last_28_days, 0) as window_good,
        coalesce(sum(measurement.total) filter (where excluded.day is null) over last_28_days, 0) as window_total
    from meta.slo_measurement as measurement
    left join meta.slo_excluded_day as excluded using (source, objective, day)
    window last_28_days as (
        partition by measurement.source, measurement.objective
        order by measurement.day range between interval '27 days' preceding and current row
    )
),

-- Time is promised for the whole window, also to a source that is younger.
budgets as (
    select
        *,
        window_total - window_good as window_bad,
        (1 - target) * case unit when 'seconds' then 28 * 86400 else window_total end as budget
    from windows
),

spent as (
    select
        *,
        case
            when window_total = 0 then null
            when window_bad = 0 then 1
            when budget = 0 then 0
            else 1 - window_bad / budget
        end as budget_left
    from budgets
)

select
    source,
    objective,
    day,
    unit,
    target,
    good,
    total,
    good / nullif(total, 0) as level,
    is_excluded,
    window_good,
    window_total,
    window_good / nullif(window_total, 0) as window_level,
    budget,
    budget_left,
    (total - good) / nullif(total * (1 - target), 0) as burn_rate,
    case
        when budget_left is null then null
        when budget_left <= 0 then 'exhausted'
        when budget_left <= 0.25 then 'warning'
        else 'met'
    end as state,
    measured_until
from spent;
comment on view meta.slo_daily is 'One row per source, objective and day (UTC): the level of the day, and of the 28 days that end with it.';
comment on column meta.slo_daily.level is 'good / total of the day; null where nothing was counted.';
comment on column meta.slo_daily.is_excluded is 'The day is in meta.slo_excluded_day: it counts in no window.';
comment on column meta.slo_daily.window_good is 'Good units of the 28 days.';
comment on column meta.slo_daily.window_total is 'All units of the 28 days.';
comment on column meta.slo_daily.window_level is 'window_good / window_total; to compare with target.';
comment on column meta.slo_daily.budget is 'How many units of the 28 days may be bad; for seconds those of a whole window.';
comment on column meta.slo_daily.budget_left is 'The share of the budget that is left: 1 is all of it, 0 or less is nothing. Null where nothing was counted.';
comment on column meta.slo_daily.burn_rate is 'Bad units of the day as a multiple of what the target allows: at 1 the budget lasts 28 days, at 4 a week. Null where the target allows none.';
comment on column meta.slo_daily.state is 'met; warning with at most a quarter of the budget left; exhausted with nothing left; null where nothing was counted.';

grant select on meta.slo_measurement, meta.slo_excluded_day, meta.slo_announced, meta.slo_daily to analyst;
reset role;
