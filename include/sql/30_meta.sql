-- The warehouse's own records. The ledger is the only truth about what is in the warehouse.
set role pipeline;

create table if not exists meta.load_log (
    load_id bigint generated always as identity primary key,
    dataset text not null,
    snapshot_sha256 text not null,
    etag text,
    last_modified text,
    url text,
    rows bigint not null check (rows >= 0),
    rows_inserted bigint not null check (rows_inserted >= 0),
    rows_updated bigint not null check (rows_updated >= 0),
    rows_deleted bigint not null check (rows_deleted >= 0),
    bytes bigint not null check (bytes >= 0),
    seconds double precision not null check (seconds >= 0),
    run_id text not null,
    loaded_at timestamptz not null default clock_timestamp(),
    method text not null default 'full' check (method in ('full', 'delta')),
    changes_kept boolean not null default false
);
-- For a ledger of an earlier version.
alter table meta.load_log
    add column if not exists method text not null default 'full' check (method in ('full', 'delta')),
    add column if not exists changes_kept boolean not null default false;
create index if not exists load_log_dataset on meta.load_log (dataset, load_id desc);
comment on table meta.load_log is 'The load ledger, one row per load that changed a raw table; written in the transaction of the load.';
comment on column meta.load_log.load_id is 'Grows with every load; incremental models keep the last one they processed.';
comment on column meta.load_log.dataset is 'The file without its ending, e.g. title.basics.';
comment on column meta.load_log.snapshot_sha256 is 'SHA-256 of the compressed file.';
comment on column meta.load_log.etag is 'The ETag the file was served with.';
comment on column meta.load_log.last_modified is 'The Last-Modified header the file was served with, as sent.';
comment on column meta.load_log.url is 'Where the file came from.';
comment on column meta.load_log.rows is 'Data rows in the file, and so in the raw table.';
comment on column meta.load_log.rows_inserted is 'Rows whose key was not in the table before.';
comment on column meta.load_log.rows_updated is 'Rows whose key was there with other values.';
comment on column meta.load_log.rows_deleted is 'Rows of the table before whose key the file no longer has.';
comment on column meta.load_log.bytes is 'Size of the compressed file in bytes.';
comment on column meta.load_log.seconds is 'Wall time of the load in seconds.';
comment on column meta.load_log.run_id is 'The Airflow run that loaded it, or manual.';
comment on column meta.load_log.loaded_at is 'When the load committed, within milliseconds.';
comment on column meta.load_log.method is 'full: the whole file was copied; delta: only what differs from the snapshot before.';
comment on column meta.load_log.changes_kept is 'Whether raw.<table>_changes holds every change of this load; what processed all loads before can then process this one by its changes.';

create table if not exists meta.column_log (
    load_id bigint not null,
    dataset text not null,
    column_name text not null,
    rows bigint not null check (rows >= 0),
    nulls bigint not null check (nulls between 0 and rows),
    numbers bigint check (numbers between 0 and rows - nulls),
    total numeric,
    primary key (load_id, column_name)
);
create index if not exists column_log_dataset on meta.column_log (dataset, column_name, load_id desc);
comment on table meta.column_log is 'What each load left in each column of its raw table but the key, one row per load and column; written in the transaction of the load.';
comment on column meta.column_log.load_id is 'The load in meta.load_log.';
comment on column meta.column_log.dataset is 'The file without its ending, e.g. title.basics.';
comment on column meta.column_log.column_name is 'The column of the raw table.';
comment on column meta.column_log.rows is 'Rows of the table.';
comment on column meta.column_log.nulls is 'Rows without a value in the column: null or empty.';
comment on column meta.column_log.numbers is 'Values that are numbers; null for a column that is not one of numbers.';
comment on column meta.column_log.total is 'Sum of the numbers; null for a column that is not one of numbers.';

create table if not exists meta.run_log (
    run_id text primary key,
    state text not null,
    started_at timestamptz not null,
    finished_at timestamptz not null,
    summary jsonb not null
);
create index if not exists run_log_finished_at on meta.run_log (finished_at desc);
comment on table meta.run_log is 'One row per pipeline run: its state and the figures of its report.';
comment on column meta.run_log.run_id is 'The Airflow run.';
comment on column meta.run_log.state is 'success or failed.';
comment on column meta.run_log.started_at is 'Start of the run.';
comment on column meta.run_log.finished_at is 'When the report was written.';
comment on column meta.run_log.summary is 'Rows in and changed per dataset, seconds per step, tests passed, warned and failed.';

create table if not exists meta.publish_log (
    publish_id bigint generated always as identity primary key,
    run_id text not null,
    project_sha256 text not null,
    load_id bigint not null,
    published_at timestamptz not null default clock_timestamp()
);
comment on table meta.publish_log is 'One row per publish of the marts, written in the transaction of the swap.';
comment on column meta.publish_log.publish_id is 'Grows with every publish.';
comment on column meta.publish_log.run_id is 'The Airflow run that published.';
comment on column meta.publish_log.project_sha256 is 'SHA-256 over the files of the dbt project that built the marts.';
comment on column meta.publish_log.load_id is 'The newest load in the published marts; 0 before the first load.';
comment on column meta.publish_log.published_at is 'When the swap committed, within milliseconds.';

create table if not exists meta.model_log (
    model_log_id bigint generated always as identity primary key,
    run_id text not null,
    invocation_id text not null,
    model text not null,
    resource_type text not null,
    relation text,
    status text not null,
    rows_affected bigint,
    seconds double precision not null,
    message text,
    finished_at timestamptz not null default clock_timestamp()
);
create index if not exists model_log_run_id on meta.model_log (run_id, model);
comment on table meta.model_log is 'One row per execution of a model or seed, written by the dbt project when an invocation ends.';
comment on column meta.model_log.model_log_id is 'Grows with every execution.';
comment on column meta.model_log.run_id is 'The Airflow run, or manual for dbt by hand.';
comment on column meta.model_log.invocation_id is 'dbt''s own id of the invocation.';
comment on column meta.model_log.model is 'Name of the model or seed.';
comment on column meta.model_log.resource_type is 'model or seed.';
comment on column meta.model_log.relation is 'schema.table that was built.';
comment on column meta.model_log.status is 'success, error or skipped.';
comment on column meta.model_log.rows_affected is 'Rows written as the adapter reports them; null for views.';
comment on column meta.model_log.seconds is 'Wall time in seconds.';
comment on column meta.model_log.message is 'dbt''s message.';
comment on column meta.model_log.finished_at is 'When the row was written.';

create table if not exists meta.test_log (
    test_log_id bigint generated always as identity primary key,
    run_id text not null,
    invocation_id text not null,
    test text not null,
    model text,
    resource_type text not null,
    severity text not null,
    status text not null,
    failures bigint,
    failures_table text,
    seconds double precision not null,
    message text,
    finished_at timestamptz not null default clock_timestamp()
);
create index if not exists test_log_run_id on meta.test_log (run_id, status);
comment on table meta.test_log is 'One row per execution of a data test or unit test, written by the dbt project when an invocation ends.';
comment on column meta.test_log.test_log_id is 'Grows with every execution.';
comment on column meta.test_log.run_id is 'The Airflow run, or manual for dbt by hand.';
comment on column meta.test_log.invocation_id is 'dbt''s own id of the invocation.';
comment on column meta.test_log.test is 'Name of the test.';
comment on column meta.test_log.model is 'The model, seed or source the test is attached to.';
comment on column meta.test_log.resource_type is 'test or unit_test.';
comment on column meta.test_log.severity is 'error or warn.';
comment on column meta.test_log.status is 'pass, warn, fail, error or skipped.';
comment on column meta.test_log.failures is 'Number of failing rows.';
comment on column meta.test_log.failures_table is 'Where the failing rows are kept.';
comment on column meta.test_log.seconds is 'Wall time in seconds.';
comment on column meta.test_log.message is 'dbt''s message.';
comment on column meta.test_log.finished_at is 'When the row was written.';

grant select on all tables in schema meta to analyst;
reset role;
