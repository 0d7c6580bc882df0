-- What an API answered, append-only: one table per dataset, and the views that models read. An answer is
-- committed with its row at once; models see it when its batch has ended and stands in the ledger.
set role pipeline;

create or replace function meta.make_answer_table(
    raw_table text, source text, dataset text, variadic keys text []
) returns void
language plpgsql
as $$
declare
    columns text := array_to_string(keys, ' not null, ') || ' not null';
    key text := (select string_agg(split_part(each, ' ', 1), ', ') from unnest(keys) as each);
    -- Answers of finished batches, since the history of the dataset began with its present origin.
    answers text := format(
        $sql$
        select batch.load_id, answer.*
        from raw.%I as answer
        inner join meta.api_batch_log as batch using (batch_id)
        where answer.http_status = 200 and batch.load_id >= (
            select coalesce(max(load.load_id), 0)
            from meta.load_log as load
            where load.source = %L and load.dataset = %L and load.history_begins
        )
        $sql$,
        raw_table, source, dataset
    );
begin
    execute format(
        $ddl$
        create table if not exists raw.%1$I (
            answer_id bigint generated always as identity primary key,
            batch_id bigint not null,
            %2$s,
            raw_data jsonb,
            body_sha256 text not null,
            content_sha256 text not null,
            http_status smallint not null,
            source_url text not null,
            language text not null,
            ingested_at timestamptz not null
        );
        create index if not exists %3$I on raw.%1$I (%4$s, answer_id desc);
        create index if not exists %5$I on raw.%1$I (batch_id);
        create or replace view raw.%6$I as
        select distinct on (%4$s) * from (%7$s) as answers order by %4$s, answer_id desc;
        create or replace view raw.%8$I as
        select true as is_new, answers.* from (%7$s) as answers;
        $ddl$,
        raw_table, columns, raw_table || '_key', key, raw_table || '_batch_id',
        raw_table || '_newest', answers, raw_table || '_changes'
    );
    execute format(
        'comment on table raw.%I is %L', raw_table,
        'Answers about ' || dataset || ' as they came, append-only. An answer with the content of the one '
        || 'before has no row.'
    );
    execute format('comment on column raw.%I.batch_id is %L', raw_table, 'The batch in meta.api_batch_log.');
    execute format('comment on column raw.%I.raw_data is %L', raw_table, 'The body; null for a 404.');
    execute format('comment on column raw.%I.body_sha256 is %L', raw_table, 'SHA-256 of the bytes of the body.');
    execute format(
        'comment on column raw.%I.content_sha256 is %L', raw_table,
        'SHA-256 of what makes a new row: the body without votes, popularity and paths of pictures.'
    );
    execute format('comment on column raw.%I.source_url is %L', raw_table, 'What was asked, without a key.');
    execute format(
        'comment on column raw.%I.ingested_at is %L', raw_table, 'When it was answered, by the clock of the source.'
    );
    execute format(
        'comment on view raw.%I is %L', raw_table || '_newest',
        'The newest body per key, of finished batches.'
    );
    execute format(
        'comment on view raw.%I is %L', raw_table || '_changes',
        'Every body with the load that it came with, of finished batches.'
    );
end
$$;
comment on function meta.make_answer_table is 'Makes raw.<table> for the answers of an API, with the views raw.<table>_newest and raw.<table>_changes. A key is a column with its type.';
revoke all on function meta.make_answer_table from public;
grant execute on function meta.make_answer_table to pipeline;

-- What did not keep to its contract, of any source. It is not in the raw tables.
create table if not exists raw.quarantine (
    quarantine_id bigint generated always as identity primary key,
    source text not null,
    dataset text not null,
    item_key text not null,
    path text not null,
    rule text not null,
    raw_data text not null,
    batch_id bigint not null,
    ingested_at timestamptz not null
);
create index if not exists quarantine_batch_id on raw.quarantine (batch_id);
comment on table raw.quarantine is 'Items of answers that do not keep to their contract, with the path and the rule that they break.';
comment on column raw.quarantine.item_key is 'What the item is about, e.g. an id.';
comment on column raw.quarantine.path is 'Where in the item, e.g. data.genres[0].id.';
comment on column raw.quarantine.rule is 'The rule of the contract, e.g. required or type, and what it expects.';
comment on column raw.quarantine.raw_data is 'The item as text: it need not be valid JSON.';
comment on column raw.quarantine.batch_id is 'The batch in meta.api_batch_log.';

reset role;
