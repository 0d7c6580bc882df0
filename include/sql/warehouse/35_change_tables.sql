-- What each load changed in a raw table: the lines as they were and as they are. Incremental models read
-- it. Written in the transaction of the load, kept for the loads whose ledger row says changes_kept.
set role pipeline;

create or replace function meta.make_change_table(raw_table text) returns void
language plpgsql
as $$
begin
    execute format(
        $ddl$
        create table if not exists raw.%1$I (
            load_id bigint not null,
            change text not null check (change in ('inserted', 'updated', 'deleted')),
            is_new boolean not null,
            like raw.%2$I
        );
        create index if not exists %3$I on raw.%1$I (load_id);
        $ddl$,
        raw_table || '_changes', raw_table, raw_table || '_changes_load_id'
    );
    execute format(
        'comment on table raw.%I is %L',
        raw_table || '_changes',
        'What loads changed in raw.' || raw_table || ': a row with is_new for each line that came or '
        || 'changed, one without for each that left or was another before.'
    );
end
$$;
comment on function meta.make_change_table is 'Makes raw.<table>_changes beside raw.<table>, with its columns; once.';
revoke all on function meta.make_change_table from public;
grant execute on function meta.make_change_table to pipeline;

reset role;
