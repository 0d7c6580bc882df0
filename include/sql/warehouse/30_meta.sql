-- The warehouse's own records. The ledger is the only truth about what is in the warehouse.
set role pipeline;

create table if not exists meta.load_log (
    load_id bigint generated always as identity primary key,
    source text not null,
    dataset text not null,
    origin text,
    history_begins boolean not null default false,
    snapshot_sha256 text,
    etag text,
    last_modified text,
    url text,
    bytes bigint check (bytes >= 0),
    rows bigint not null check (rows >= 0),
    rows_inserted bigint not null check (rows_inserted >= 0),
    rows_updated bigint not null check (rows_updated >= 0),
    rows_deleted bigint not null check (rows_deleted >= 0),
    seconds double precision not null check (seconds >= 0),
    dag_id text not null,
    run_id text not null,
    loaded_at timestamptz not null default clock_timestamp(),
    method text not null default 'full' check (method in ('full', 'delta', 'append')),
    changes_kept boolean not null default false
);
-- For a ledger of an earlier version.
alter table meta.load_log
    add column if not exists method text not null default 'full' check (method in ('full', 'delta', 'append')),
    add column if not exists changes_kept boolean not null default false,
    add column if not exists source text,
    add column if not exists origin text,
    add column if not exists history_begins boolean,
    add column if not exists dag_id text,
    alter column snapshot_sha256 drop not null,
    alter column bytes drop not null,
    drop constraint if exists load_log_method_check,
    add constraint load_log_method_check check (method in ('full', 'delta', 'append'));
-- There was one source, and its files came from its own host, or from one that had them in a folder.
update meta.load_log set
    source = 'imdb',
    dag_id = 'imdb_pipeline',
    origin = case
        when url ~ '^https?://datasets[.]imdbws[.]com(:[0-9]+)?/' then 'imdb'
        else coalesce(
            substring(url, '^[a-z]+://[^/]+/(?:.*/)?([^/]+)/[^/]+$'),
            substring(url, '^[a-z]+://(?:[^/@]*@)?([^/:]+)')
        )
    end
where source is null;
update meta.load_log set history_begins = histories.begins
from (
    select
        load_id,
        row_number() over loads = 1 or origin is distinct from lag(origin) over loads as begins
    from meta.load_log
    window loads as (partition by source, dataset order by load_id)
) as histories
where load_log.load_id = histories.load_id and load_log.history_begins is null;
alter table meta.load_log
    alter column source set not null,
    alter column dag_id set not null,
    alter column history_begins set default false,
    alter column history_begins set not null;
drop index if exists meta.load_log_dataset;
create index if not exists load_log_source_dataset on meta.load_log (source, dataset, load_id desc);
create index if not exists load_log_loaded_at on meta.load_log (loaded_at desc);
create index if not exists load_log_run_id on meta.load_log (run_id);
comment on table meta.load_log is 'The load ledger, one row per load that changed a raw table; written in the transaction of the load.';
comment on column meta.load_log.load_id is 'Grows with every load; incremental models keep the last one they processed.';
comment on column meta.load_log.source is 'The source, e.g. imdb. A dataset is unique only with its source.';
comment on column meta.load_log.dataset is 'The dataset, e.g. title.basics.';
comment on column meta.load_log.origin is 'The name of the place that the data came from, e.g. imdb or the name of a folder.';
comment on column meta.load_log.history_begins is 'Whether it is the first load of the dataset, or the first from another origin than the load before. What came before is another history.';
comment on column meta.load_log.snapshot_sha256 is 'SHA-256 of the compressed file; null where the data is no file.';
comment on column meta.load_log.etag is 'The ETag the file was served with.';
comment on column meta.load_log.last_modified is 'The Last-Modified header the file was served with, as sent.';
comment on column meta.load_log.url is 'Where the file came from.';
comment on column meta.load_log.rows is 'Rows of the raw table after the load.';
comment on column meta.load_log.rows_inserted is 'Rows whose key was not in the table before.';
comment on column meta.load_log.rows_updated is 'Rows whose key was there with other values.';
comment on column meta.load_log.rows_deleted is 'Rows of the table before whose key the file no longer has.';
comment on column meta.load_log.bytes is 'Size of the compressed file in bytes.';
comment on column meta.load_log.seconds is 'Wall time of the load in seconds.';
comment on column meta.load_log.dag_id is 'The DAG that loaded it, or by hand.';
comment on column meta.load_log.run_id is 'The run of this DAG, or manual.';
comment on column meta.load_log.loaded_at is 'When the load committed, within milliseconds.';
comment on column meta.load_log.method is 'full: the whole file was copied; delta: only what differs from the snapshot before; append: the answers of a batch of requests.';
comment on column meta.load_log.changes_kept is 'Whether raw.<table>_changes holds every change of this load; what processed all loads before can then process this one by its changes.';

create table if not exists meta.column_log (
    load_id bigint not null,
    source text not null,
    dataset text not null,
    column_name text not null,
    rows bigint not null check (rows >= 0),
    nulls bigint not null check (nulls between 0 and rows),
    numbers bigint check (numbers between 0 and rows - nulls),
    total numeric,
    primary key (load_id, column_name)
);
-- For a log of an earlier version.
alter table meta.column_log add column if not exists source text;
update meta.column_log set source = 'imdb' where source is null;
alter table meta.column_log alter column source set not null;
drop index if exists meta.column_log_dataset;
create index if not exists column_log_source_dataset
    on meta.column_log (source, dataset, column_name, load_id desc);
comment on table meta.column_log is 'What each load left in each column of its raw table but the key, one row per load and column; written in the transaction of the load.';
comment on column meta.column_log.load_id is 'The load in meta.load_log.';
comment on column meta.column_log.source is 'The source, e.g. imdb.';
comment on column meta.column_log.dataset is 'The dataset, e.g. title.basics.';
comment on column meta.column_log.column_name is 'The column of the raw table.';
comment on column meta.column_log.rows is 'Rows of the table.';
comment on column meta.column_log.nulls is 'Rows without a value in the column: null or empty.';
comment on column meta.column_log.numbers is 'Values that are numbers; null for a column that is not one of numbers.';
comment on column meta.column_log.total is 'Sum of the numbers; null for a column that is not one of numbers.';

create table if not exists meta.run_log (
    dag_id text not null,
    run_id text not null,
    state text not null,
    started_at timestamptz not null,
    finished_at timestamptz not null,
    summary jsonb not null,
    primary key (dag_id, run_id)
);
-- For a log of an earlier version, where there was one DAG.
alter table meta.run_log add column if not exists dag_id text not null default 'imdb_pipeline';
alter table meta.run_log alter column dag_id drop default;
do $$
begin
    if (select count(*) from pg_index, unnest(indkey)
        where indrelid = 'meta.run_log'::regclass and indisprimary) = 1
    then
        alter table meta.run_log drop constraint run_log_pkey, add primary key (dag_id, run_id);
    end if;
end
$$;
create index if not exists run_log_finished_at on meta.run_log (finished_at desc);
comment on table meta.run_log is 'One row per pipeline run: its state and the figures of its report.';
comment on column meta.run_log.dag_id is 'The DAG. Two DAGs of the same schedule have the same run ids.';
comment on column meta.run_log.run_id is 'The Airflow run.';
comment on column meta.run_log.state is 'success or failed.';
comment on column meta.run_log.started_at is 'Start of the run.';
comment on column meta.run_log.finished_at is 'When the report was written.';
comment on column meta.run_log.summary is 'Rows in and changed per dataset, seconds per step, tests passed, warned and failed; errors: a message per failed task.';

create table if not exists meta.build_log (
    build_id bigint generated always as identity primary key,
    source text not null,
    dag_id text not null,
    run_id text not null,
    load_id bigint not null,
    project_sha256 text not null,
    reason text not null,
    from_nothing boolean not null,
    began_at timestamptz not null default clock_timestamp(),
    bound_at timestamptz,
    reopened_at timestamptz
);
-- For a log of an earlier version, where there was one source.
alter table meta.build_log
    add column if not exists reopened_at timestamptz,
    add column if not exists source text not null default 'imdb',
    add column if not exists dag_id text not null default 'imdb_pipeline',
    add column if not exists bound_at timestamptz;
alter table meta.build_log alter column source drop default, alter column dag_id drop default;
drop index if exists meta.build_log_run_id;
create index if not exists build_log_source on meta.build_log (source, build_id desc);
comment on table meta.build_log is 'One row per build of a source''s marts that was begun. The newest one of a source says which build its tables in staging and marts_next belong to.';
comment on column meta.build_log.build_id is 'Grows with every build.';
comment on column meta.build_log.source is 'The source whose models are built.';
comment on column meta.build_log.dag_id is 'The DAG that builds, or manual.';
comment on column meta.build_log.run_id is 'The Airflow run that builds, or by hand.';
comment on column meta.build_log.load_id is 'The build reads the source''s loads up to this one; 0 before the first load. Fixed at bound_at.';
comment on column meta.build_log.bound_at is 'When the build''s dbt session took its turn and load_id was fixed; null before.';
comment on column meta.build_log.project_sha256 is 'SHA-256 over the files of the dbt project that the source''s models depend on.';
comment on column meta.build_log.reason is 'Why the marts were due.';
comment on column meta.build_log.from_nothing is 'Whether incremental models are built whole.';
comment on column meta.build_log.began_at is 'When the build was decided on.';
comment on column meta.build_log.reopened_at is 'When a model of it was last built again after it was published (a task that was cleared); null where none was.';

create table if not exists meta.publish_log (
    publish_id bigint generated always as identity primary key,
    source text not null,
    dag_id text not null,
    run_id text not null,
    project_sha256 text not null,
    load_id bigint not null,
    published_at timestamptz not null default clock_timestamp(),
    build_id bigint,
    action text not null default 'publish' check (action in ('publish', 'rollback')),
    marts text [],
    stale text [] not null default '{}'
);
-- For a log of an earlier version, where there was one source.
alter table meta.publish_log
    add column if not exists build_id bigint,
    add column if not exists action text not null default 'publish' check (action in ('publish', 'rollback')),
    add column if not exists source text not null default 'imdb',
    add column if not exists dag_id text not null default 'imdb_pipeline',
    add column if not exists marts text [],
    add column if not exists stale text [] not null default '{}';
alter table meta.publish_log alter column source drop default, alter column dag_id drop default;
create index if not exists publish_log_source on meta.publish_log (source, publish_id desc);
comment on table meta.publish_log is 'One row per publish or rollback of a source''s marts, written in the transaction that exchanges the tables. The newest one of a source says what is live of it.';
comment on column meta.publish_log.publish_id is 'Grows with every publish and rollback.';
comment on column meta.publish_log.source is 'The source whose marts were exchanged.';
comment on column meta.publish_log.dag_id is 'The DAG that published or rolled back, or manual.';
comment on column meta.publish_log.run_id is 'The Airflow run that published or rolled back, or by hand.';
comment on column meta.publish_log.marts is 'The tables of the source that are live from then on; null in a row of an earlier version.';
comment on column meta.publish_log.stale is 'What other people made over the marts (views, foreign keys ...) and still refers to the tables that were live before.';
comment on column meta.publish_log.project_sha256 is 'SHA-256 over the files of the dbt project that built the marts.';
comment on column meta.publish_log.load_id is 'The newest load of the source in the marts that are live from then on; 0 before the first load.';
comment on column meta.publish_log.published_at is 'When the exchange committed, within milliseconds.';
comment on column meta.publish_log.build_id is 'The build that is live from then on; null where it was not noted.';
comment on column meta.publish_log.action is 'publish, or rollback: the state before was put back.';

create table if not exists meta.model_log (
    model_log_id bigint generated always as identity primary key,
    dag_id text not null,
    run_id text not null,
    build_id bigint,
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
-- For a log of an earlier version, where there was one DAG.
alter table meta.model_log
    add column if not exists dag_id text not null default 'imdb_pipeline',
    add column if not exists build_id bigint;
alter table meta.model_log alter column dag_id drop default;
drop index if exists meta.model_log_run_id;
create index if not exists model_log_build_id on meta.model_log (build_id, model);
create index if not exists model_log_model on meta.model_log (model, finished_at desc);
create index if not exists model_log_finished_at on meta.model_log (finished_at desc);
comment on table meta.model_log is 'One row per execution of a model or seed, written by the dbt project when an invocation ends.';
comment on column meta.model_log.model_log_id is 'Grows with every execution.';
comment on column meta.model_log.dag_id is 'The DAG, or manual for dbt by hand.';
comment on column meta.model_log.build_id is 'The build in meta.build_log; null for dbt that was started without one, and in a row of an earlier version.';
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
    dag_id text not null,
    run_id text not null,
    build_id bigint,
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
-- For a log of an earlier version, where there was one DAG.
alter table meta.test_log
    add column if not exists dag_id text not null default 'imdb_pipeline',
    add column if not exists build_id bigint;
alter table meta.test_log alter column dag_id drop default;
drop index if exists meta.test_log_run_id;
create index if not exists test_log_build_id on meta.test_log (build_id, test);
create index if not exists test_log_test on meta.test_log (test, finished_at desc);
create index if not exists test_log_model on meta.test_log (model, finished_at desc);
create index if not exists test_log_finished_at on meta.test_log (finished_at desc);
comment on table meta.test_log is 'One row per execution of a data test or unit test, written by the dbt project when an invocation ends.';
comment on column meta.test_log.test_log_id is 'Grows with every execution.';
comment on column meta.test_log.dag_id is 'The DAG, or manual for dbt by hand.';
comment on column meta.test_log.build_id is 'The build in meta.build_log; null for dbt that was started without one, and in a row of an earlier version.';
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

create table if not exists meta.mart_writer (
    table_id oid primary key,
    file_id oid not null,
    model text not null,
    build_id bigint,
    invocation_id text not null,
    written_at timestamptz not null default clock_timestamp()
);
comment on table meta.mart_writer is 'Who wrote each mart last, in the transaction that wrote it. A publish compares it with the tables; a table that was replaced by hand has no row.';
comment on column meta.mart_writer.table_id is 'The table: its oid, which it keeps when it moves to another schema.';
comment on column meta.mart_writer.file_id is 'The file of the table (relfilenode): another one when the table was emptied or rewritten.';
comment on column meta.mart_writer.model is 'Name of the model.';
comment on column meta.mart_writer.build_id is 'The build in meta.build_log; null for dbt that was started without one.';
comment on column meta.mart_writer.invocation_id is 'dbt''s own id of the invocation.';
comment on column meta.mart_writer.written_at is 'When the model was written, within the length of its transaction.';

create table if not exists meta.api_batch_log (
    batch_id bigint generated always as identity primary key,
    source text not null,
    dataset text not null,
    dag_id text not null,
    run_id text not null,
    origin text not null,
    began_at timestamptz not null default clock_timestamp(),
    load_id bigint,
    ended_at timestamptz,
    checked bigint not null default 0,
    quarantined bigint not null default 0
);
create index if not exists api_batch_log_source on meta.api_batch_log (source, dataset, batch_id desc);
create index if not exists api_batch_log_open on meta.api_batch_log (source, dataset) where load_id is null;
create index if not exists api_batch_log_run_id on meta.api_batch_log (run_id);
comment on table meta.api_batch_log is 'One row per batch of answers of an API. An answer is committed at once; models read it when its batch has a load_id.';
comment on column meta.api_batch_log.batch_id is 'Grows with every batch.';
comment on column meta.api_batch_log.source is 'The source.';
comment on column meta.api_batch_log.dataset is 'The dataset of the ledger that the answers belong to.';
comment on column meta.api_batch_log.dag_id is 'The DAG that asked.';
comment on column meta.api_batch_log.run_id is 'The Airflow run that asked.';
comment on column meta.api_batch_log.origin is 'The name of the place that answered.';
comment on column meta.api_batch_log.began_at is 'When the batch began.';
comment on column meta.api_batch_log.load_id is 'Its row in meta.load_log; null before the batch ended. The next batch of the dataset ends one that was killed.';
comment on column meta.api_batch_log.ended_at is 'When the batch ended.';
comment on column meta.api_batch_log.checked is 'Items that were compared with their contract; for a batch that was killed, by its last row.';
comment on column meta.api_batch_log.quarantined is 'Of these, the ones that do not keep to it (raw.quarantine).';

create table if not exists meta.schema_drift (
    source text not null,
    dataset text not null,
    path text not null,
    items bigint not null,
    first_seen_at timestamptz not null default clock_timestamp(),
    last_seen_at timestamptz not null default clock_timestamp(),
    primary key (source, dataset, path)
);
comment on table meta.schema_drift is 'Keys in answers of an API that their contract does not name. They are loaded all the same.';
comment on column meta.schema_drift.source is 'The source.';
comment on column meta.schema_drift.dataset is 'The dataset.';
comment on column meta.schema_drift.path is 'Where the key is, e.g. credits.cast[].softcore.';
comment on column meta.schema_drift.items is 'In how many items it was seen.';
comment on column meta.schema_drift.first_seen_at is 'When it was seen first.';
comment on column meta.schema_drift.last_seen_at is 'When it was seen last.';

drop table if exists meta.request_slot; -- what limited requests before
create table if not exists meta.request_window (
    source text not null,
    place integer not null,
    free_at timestamptz not null,
    primary key (source, place)
);
comment on table meta.request_window is 'The places of a source that allows so many requests in a rolling period: each request takes one. It is kept over a crash, so that a restart sends no burst.';
comment on column meta.request_window.source is 'The source.';
comment on column meta.request_window.place is '1 to the number of requests in a period; 0 is the pause that the source asked for.';
comment on column meta.request_window.free_at is 'When the place may be taken again: a period after its request was answered.';

create or replace function meta.take_request(
    of_source text, requests integer, held_for double precision, out place integer, out wait double precision
)
language plpgsql
as $$
declare
    next_at timestamptz := (select free_at from meta.request_window where source = of_source and request_window.place = 0);
begin
    wait := extract(epoch from next_at - clock_timestamp());
    if wait > 0 then
        return;
    end if;
    wait := null;
    if requests = 0 then
        return;
    end if;
    perform pg_advisory_xact_lock(hashtextextended(of_source || ': request window', 0));
    perform set_config('synchronous_commit', 'on', true);
    insert into meta.request_window
    select of_source, number, timestamptz 'epoch' from generate_series(1, requests) as number
    where not exists (
        select from meta.request_window where source = of_source and request_window.place = requests
    )
    on conflict do nothing;
    -- Where fewer are allowed than before, the places above still count.
    select extract(epoch from free_at - clock_timestamp()) into wait
    from meta.request_window
    where source = of_source and request_window.place > 0
    order by free_at desc
    offset requests - 1 limit 1;
    if wait > 0 then
        return;
    end if;
    wait := null;
    update meta.request_window set free_at = clock_timestamp() + held_for * interval '1 second'
    where source = of_source and request_window.place = (
        select free.place
        from meta.request_window as free
        where free.source = of_source and free.place between 1 and requests
        order by free.free_at limit 1
    )
    returning request_window.place into place;
end
$$;
comment on function meta.take_request is 'Takes a place of the request window, for held_for seconds. wait is null where a request may begin, else the seconds to wait before the next try.';

grant select on all tables in schema meta to analyst;
reset role;

-- The pipeline role cannot see when the sessions of other roles began; its messages name them.
create or replace function meta.sessions(pids integer [])
returns table (pid integer, usename text, application_name text, since timestamptz)
language sql stable security definer set search_path = pg_catalog
as $$
    select activity.pid, coalesce(activity.usename::text, activity.backend_type),
        activity.application_name, coalesce(activity.xact_start, activity.backend_start)
    from pg_stat_activity as activity
    where activity.pid = any(pids)
    order by 4, 1
$$;
comment on function meta.sessions is 'Who these server processes are, and when their transactions began.';
revoke all on function meta.sessions from public;
grant execute on function meta.sessions to pipeline;
revoke all on function meta.take_request from public;
grant execute on function meta.take_request to pipeline;
