-- What each load changed in the raw table of the same name: the file's own lines, as they were and as
-- they are. Incremental models feed on it. Written in the transaction of the load, kept for the loads
-- whose ledger row says changes_kept.
set role pipeline;

create table if not exists raw.imdb_title_basics_changes (
    load_id bigint not null,
    change text not null check (change in ('inserted', 'updated', 'deleted')),
    is_new boolean not null,
    tconst text,
    title_type text,
    primary_title text,
    original_title text,
    is_adult text,
    start_year text,
    end_year text,
    runtime_minutes text,
    genres text
);
create index if not exists imdb_title_basics_changes_load_id on raw.imdb_title_basics_changes (load_id);
comment on table raw.imdb_title_basics_changes is 'What loads changed in raw.imdb_title_basics: a row with is_new for each line that came or changed, one without for each that left or was another before.';

create table if not exists raw.imdb_title_ratings_changes (
    load_id bigint not null,
    change text not null check (change in ('inserted', 'updated', 'deleted')),
    is_new boolean not null,
    tconst text,
    average_rating text,
    num_votes text
);
create index if not exists imdb_title_ratings_changes_load_id on raw.imdb_title_ratings_changes (load_id);
comment on table raw.imdb_title_ratings_changes is 'What loads changed in raw.imdb_title_ratings: a row with is_new for each line that came or changed, one without for each that left or was another before.';

create table if not exists raw.imdb_title_akas_changes (
    load_id bigint not null,
    change text not null check (change in ('inserted', 'updated', 'deleted')),
    is_new boolean not null,
    title_id text,
    ordering text,
    title text,
    region text,
    language text,
    types text,
    attributes text,
    is_original_title text
);
create index if not exists imdb_title_akas_changes_load_id on raw.imdb_title_akas_changes (load_id);
comment on table raw.imdb_title_akas_changes is 'What loads changed in raw.imdb_title_akas: a row with is_new for each line that came or changed, one without for each that left or was another before.';

create table if not exists raw.imdb_title_crew_changes (
    load_id bigint not null,
    change text not null check (change in ('inserted', 'updated', 'deleted')),
    is_new boolean not null,
    tconst text,
    directors text,
    writers text
);
create index if not exists imdb_title_crew_changes_load_id on raw.imdb_title_crew_changes (load_id);
comment on table raw.imdb_title_crew_changes is 'What loads changed in raw.imdb_title_crew: a row with is_new for each line that came or changed, one without for each that left or was another before.';

create table if not exists raw.imdb_title_episode_changes (
    load_id bigint not null,
    change text not null check (change in ('inserted', 'updated', 'deleted')),
    is_new boolean not null,
    tconst text,
    parent_tconst text,
    season_number text,
    episode_number text
);
create index if not exists imdb_title_episode_changes_load_id on raw.imdb_title_episode_changes (load_id);
comment on table raw.imdb_title_episode_changes is 'What loads changed in raw.imdb_title_episode: a row with is_new for each line that came or changed, one without for each that left or was another before.';

create table if not exists raw.imdb_title_principals_changes (
    load_id bigint not null,
    change text not null check (change in ('inserted', 'updated', 'deleted')),
    is_new boolean not null,
    tconst text,
    ordering text,
    nconst text,
    category text,
    job text,
    characters text
);
create index if not exists imdb_title_principals_changes_load_id on raw.imdb_title_principals_changes (load_id);
comment on table raw.imdb_title_principals_changes is 'What loads changed in raw.imdb_title_principals: a row with is_new for each line that came or changed, one without for each that left or was another before.';

create table if not exists raw.imdb_name_basics_changes (
    load_id bigint not null,
    change text not null check (change in ('inserted', 'updated', 'deleted')),
    is_new boolean not null,
    nconst text,
    primary_name text,
    birth_year text,
    death_year text,
    primary_profession text,
    known_for_titles text
);
create index if not exists imdb_name_basics_changes_load_id on raw.imdb_name_basics_changes (load_id);
comment on table raw.imdb_name_basics_changes is 'What loads changed in raw.imdb_name_basics: a row with is_new for each line that came or changed, one without for each that left or was another before.';

reset role;
