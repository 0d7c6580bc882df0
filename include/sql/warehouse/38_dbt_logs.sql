-- What dbt did, as two views over the logs: one row per dbt command, and one per model of it.
set role pipeline;

alter table meta.model_log add column if not exists run_started_at timestamptz;
comment on table meta.model_log is 'One row per execution of a model, seed or snapshot, written by the dbt project when an invocation ends.';
comment on column meta.model_log.model is 'Name of the model, seed or snapshot.';
comment on column meta.model_log.resource_type is 'model, seed or snapshot.';
comment on column meta.model_log.run_started_at is 'When the dbt command began; null in a row of an earlier version.';

create or replace view meta.dbt_model_log as
select
    invocation_id,
    dag_id,
    run_id,
    build_id,
    model,
    resource_type,
    relation,
    status,
    rows_affected,
    seconds,
    message,
    coalesce(run_started_at, finished_at) as run_start_at,
    finished_at
from meta.model_log;
comment on view meta.dbt_model_log is 'One row per model, seed or snapshot of a dbt command, of any source.';
comment on column meta.dbt_model_log.invocation_id is 'dbt''s own id of the command; dbt_run_log has one row for each.';
comment on column meta.dbt_model_log.run_start_at is 'When the command began; of a row of an earlier version, when the row was written.';
comment on column meta.dbt_model_log.finished_at is 'When the row was written: at the end of the command.';

create or replace view meta.dbt_run_log as
with models as (
    select
        invocation_id,
        min(dag_id) as dag_id,
        min(run_id) as run_id,
        min(build_id) as build_id,
        min(coalesce(run_started_at, finished_at)) as run_start_at,
        max(finished_at) as run_end_at,
        count(*) filter (where status = 'success') as models_built,
        count(*) filter (where status = 'error') as models_failed,
        count(*) filter (where status = 'skipped') as models_skipped,
        coalesce(sum(rows_affected), 0)::bigint as rows_affected
    from meta.model_log
    group by invocation_id
),

tests as (
    select
        invocation_id,
        count(*) filter (where status = 'pass') as tests_passed,
        count(*) filter (where status = 'warn') as tests_warned,
        count(*) filter (where status in ('fail', 'error')) as tests_failed
    from meta.test_log
    group by invocation_id
)

select
    models.invocation_id,
    models.dag_id,
    models.run_id,
    models.build_id,
    models.run_start_at,
    models.run_end_at,
    extract(epoch from models.run_end_at - models.run_start_at)::double precision as seconds,
    models.models_built,
    models.models_failed,
    models.models_skipped,
    coalesce(tests.tests_passed, 0) as tests_passed,
    coalesce(tests.tests_warned, 0) as tests_warned,
    coalesce(tests.tests_failed, 0) as tests_failed,
    models.rows_affected
from models
left join tests on models.invocation_id = tests.invocation_id;
comment on view meta.dbt_run_log is 'One row per dbt command that built or skipped a model, of any source.';
comment on column meta.dbt_run_log.invocation_id is 'dbt''s own id of the command.';
comment on column meta.dbt_run_log.run_start_at is 'When the command began; of rows of an earlier version, when they were written.';
comment on column meta.dbt_run_log.run_end_at is 'When the last result was written.';
comment on column meta.dbt_run_log.seconds is 'From run_start_at to run_end_at.';
comment on column meta.dbt_run_log.models_built is 'Models, seeds and snapshots that were built.';
comment on column meta.dbt_run_log.rows_affected is 'Rows that they wrote.';

grant select on meta.dbt_run_log, meta.dbt_model_log to analyst;
reset role;
