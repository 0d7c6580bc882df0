-- What each step that asks an API did: the figures that service levels are computed from.
set role pipeline;

create table if not exists meta.ingest_log (
    ingest_id bigint generated always as identity primary key,
    source text not null,
    dag_id text not null,
    run_id text not null,
    step text not null,
    began_at timestamptz not null,
    ended_at timestamptz not null default clock_timestamp(),
    is_complete boolean not null,
    requests integer not null,
    bans integer not null,
    pages_announced integer not null,
    pages_landed integer not null,
    items bigint not null,
    quarantined bigint not null
);
create index if not exists ingest_log_source on meta.ingest_log (source, ended_at);
comment on table meta.ingest_log is 'One row per run and step that asked an API, written when the step ends, also where it failed.';
comment on column meta.ingest_log.ingest_id is 'Grows with every step.';
comment on column meta.ingest_log.source is 'The source.';
comment on column meta.ingest_log.dag_id is 'The DAG that asked.';
comment on column meta.ingest_log.run_id is 'The Airflow run that asked.';
comment on column meta.ingest_log.step is 'The step, e.g. recent or backfill.';
comment on column meta.ingest_log.began_at is 'When the step began.';
comment on column meta.ingest_log.ended_at is 'When the step ended.';
comment on column meta.ingest_log.is_complete is 'The step read all that it was to read.';
comment on column meta.ingest_log.requests is 'Requests that were sent, tries included.';
comment on column meta.ingest_log.bans is 'Answers with HTTP status 429.';
comment on column meta.ingest_log.pages_announced is 'Pages that the answers said there are, of what the step set out to read.';
comment on column meta.ingest_log.pages_landed is 'Of these, the pages that were read and committed.';
comment on column meta.ingest_log.items is 'Items that were compared with their contract.';
comment on column meta.ingest_log.quarantined is 'Of these, the ones that do not keep to it.';

grant select on meta.ingest_log to analyst;
reset role;
