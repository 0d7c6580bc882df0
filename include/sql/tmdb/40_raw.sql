-- TMDb's answers as they came, and what is still to be asked.
-- An answer about a thing is written only when its content changed: votes, popularity and pictures make
-- no new row. The numbers of each day are in raw.tmdb_measures.
set role pipeline;

select meta.make_answer_table('tmdb_movies', 'tmdb', 'movies', 'movie_id bigint');
select meta.make_answer_table('tmdb_shows', 'tmdb', 'shows', 'show_id bigint');
select meta.make_answer_table('tmdb_people', 'tmdb', 'people', 'person_id bigint');
select meta.make_answer_table('tmdb_genres', 'tmdb', 'genres', 'kind text');
select meta.make_answer_table('tmdb_lists', 'tmdb', 'lists', 'kind text', 'page integer');
select meta.make_answer_table(
    'tmdb_changes', 'tmdb', 'changes', 'kind text', 'start_date date', 'end_date date', 'page integer'
);

create table if not exists raw.tmdb_items (
    media_type text not null check (media_type in ('movie', 'tv', 'person')),
    id bigint not null,
    first_seen_at timestamptz not null,
    checked_at timestamptz,
    due_since timestamptz,
    due_reason text check (due_reason in ('list', 'changes', 'age', 'credit', 'gone')),
    tries integer not null default 0,
    tried_at timestamptz,
    last_error text,
    http_status smallint,
    content_sha256 text,
    primary key (media_type, id)
);
create index if not exists tmdb_items_due on raw.tmdb_items (media_type, tries, due_since, id)
where due_since is not null;
comment on table raw.tmdb_items is 'What is known of each thing: the list of those that are followed, and the queue of those to ask for.';
comment on column raw.tmdb_items.checked_at is 'When the last complete answer came, a 200 or a 404.';
comment on column raw.tmdb_items.due_since is 'Since when it waits to be asked for; null where there is nothing to ask.';
comment on column raw.tmdb_items.due_reason is 'Why it is asked for: new in a list, among the changes, not checked for long (age), credited in a title, or gone and to be looked at again.';
comment on column raw.tmdb_items.tries is 'Failed tries since checked_at.';
comment on column raw.tmdb_items.tried_at is 'When the last failed try ended.';
comment on column raw.tmdb_items.last_error is 'Why the last try failed.';
comment on column raw.tmdb_items.http_status is 'The status of the last complete answer.';
comment on column raw.tmdb_items.content_sha256 is 'The content of the last complete answer; null for a 404.';

create table if not exists raw.tmdb_walks (
    walk_id bigint generated always as identity primary key,
    endpoint text not null check (endpoint in ('genres', 'popular', 'changes')),
    kind text not null,
    start_date date,
    end_date date,
    next_page integer not null default 1,
    empty_pages integer not null default 0,
    most_pages integer not null,
    began_at timestamptz not null,
    completed_at timestamptz,
    written_at timestamptz not null default clock_timestamp(),
    dag_id text not null,
    run_id text not null
);
create index if not exists tmdb_walks_newest on raw.tmdb_walks (endpoint, kind, walk_id desc);
comment on table raw.tmdb_walks is 'One row per walk through the pages of a list or of a window of changes; it is written with each page, so a walk continues where it was stopped.';
comment on column raw.tmdb_walks.next_page is 'The page to ask for next.';
comment on column raw.tmdb_walks.empty_pages is 'How many pages in a row had nothing.';
comment on column raw.tmdb_walks.most_pages is 'How many pages the run wanted.';
comment on column raw.tmdb_walks.completed_at is 'When the last page came, by TMDb''s clock; null before.';
comment on column raw.tmdb_walks.written_at is 'When the row was written last.';
comment on column raw.tmdb_walks.run_id is 'The Airflow run that asked for a page last.';

create table if not exists raw.tmdb_measures (
    media_type text not null,
    id bigint not null,
    observed_on date not null,
    popularity double precision,
    vote_average numeric,
    vote_count bigint,
    list_rank integer,
    batch_id bigint not null,
    primary key (media_type, id, observed_on)
);
alter table raw.tmdb_measures
    add column if not exists ended_popularity double precision,
    add column if not exists ended_vote_average numeric,
    add column if not exists ended_vote_count bigint,
    add column if not exists ended_list_rank integer,
    add column if not exists ended_batch_id bigint;
create index if not exists tmdb_measures_batch_id on raw.tmdb_measures (batch_id);
comment on table raw.tmdb_measures is 'What moves every day: one row per thing and day (UTC), the last numbers of the day.';
comment on column raw.tmdb_measures.list_rank is 'The best place in the popular list on that day; null: not in it.';
comment on column raw.tmdb_measures.batch_id is 'The batch in meta.api_batch_log that wrote the row last.';
comment on column raw.tmdb_measures.ended_batch_id is 'The last batch before batch_id that had ended when its numbers were written over; null where there is none. Models read its numbers (ended_*) as long as batch_id has not ended.';

create or replace view raw.tmdb_measures_newest as
with numbers as (
    select media_type, id, observed_on, popularity, vote_average, vote_count, list_rank, batch_id
    from raw.tmdb_measures
    union all
    select
        measure.media_type, measure.id, measure.observed_on, measure.ended_popularity,
        measure.ended_vote_average, measure.ended_vote_count, measure.ended_list_rank,
        measure.ended_batch_id
    from meta.api_batch_log as open_batch
    inner join raw.tmdb_measures as measure on open_batch.batch_id = measure.batch_id
    where
        open_batch.source = 'tmdb' and open_batch.dataset = 'measures' and open_batch.load_id is null
        and measure.ended_batch_id is not null
)

select batch.load_id, measure.*
from numbers as measure
inner join meta.api_batch_log as batch using (batch_id)
where batch.load_id >= (
    select coalesce(max(load.load_id), 0)
    from meta.load_log as load
    where load.source = 'tmdb' and load.dataset = 'measures' and load.history_begins
);
create or replace view raw.tmdb_measures_changes as
select true as is_new, measures.* from raw.tmdb_measures_newest as measures;
comment on view raw.tmdb_measures_newest is 'The last numbers of finished batches, of the present origin.';
comment on view raw.tmdb_measures_changes is 'The numbers with the load that they came with.';

-- The newest answer of each thing, whatever it is, where that is a 404.
create or replace view raw.tmdb_gone as
with answers as (
    select 'movies' as dataset, 'movie' as media_type, movie_id as id, answer_id, http_status, ingested_at, batch_id
    from raw.tmdb_movies
    union all
    select 'shows', 'tv', show_id, answer_id, http_status, ingested_at, batch_id
    from raw.tmdb_shows
    union all
    select 'people', 'person', person_id, answer_id, http_status, ingested_at, batch_id
    from raw.tmdb_people
),

histories as (
    select dataset, max(load_id) as load_id
    from meta.load_log
    where source = 'tmdb' and history_begins
    group by dataset
),

newest as (
    select distinct on (answers.media_type, answers.id) answers.*
    from answers
    inner join meta.api_batch_log as batch using (batch_id)
    inner join histories on answers.dataset = histories.dataset and batch.load_id >= histories.load_id
    order by answers.media_type, answers.id, answers.answer_id desc
)

select media_type, id, ingested_at as gone_at
from newest
where http_status = 404;
comment on view raw.tmdb_gone is 'Things whose newest answer is a 404: deleted or merged into another.';

reset role;
