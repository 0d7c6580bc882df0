-- One schema per layer. The pipeline role owns and writes; the analyst reads marts and meta.
create schema if not exists raw authorization pipeline;
create schema if not exists staging authorization pipeline;
create schema if not exists intermediate authorization pipeline;
create schema if not exists snapshots authorization pipeline;
create schema if not exists marts authorization pipeline;
create schema if not exists marts_next authorization pipeline;
create schema if not exists meta authorization pipeline;
create schema if not exists quality authorization pipeline;

comment on schema raw is 'The source files as they are: every value text, one table per file.';
comment on schema staging is 'Typed, cleaned, keyed tables (stg_*).';
comment on schema intermediate is 'Views that several marts share (int_*).';
comment on schema snapshots is 'Versions of what sources said (snap_*), kept by dbt snapshots; analysts read them as dim_*_history.';
comment on schema marts is 'What analysts and BI read (mart_*, dim_*, fact_*, kpi_* ...): the last published state.';
comment on schema marts_next is 'Where the next marts are built and tested; after a publish, the state before.';
comment on schema meta is 'The load ledger, the run log, the model log and the test log.';
comment on schema quality is 'The failing rows of the data tests, one table per test.';

do $$
begin
    execute format('revoke connect, temporary on database %I from public', current_database());
    execute format('grant connect, create, temporary on database %I to pipeline', current_database());
    execute format('grant connect on database %I to analyst', current_database());
end
$$;
revoke all on schema public from public;
grant usage on schema marts, meta to analyst;
alter default privileges for role pipeline in schema marts, marts_next, meta grant select on tables to analyst;

-- The text search of mart_title_search. Trusted since Postgres 13, but made here so that the pipeline
-- role never needs the right to create extensions.
create extension if not exists pg_trgm with schema public;
grant usage on schema public to pipeline, analyst;
