-- The seven IMDb files as they are: every value text, '' and null apart, no keys (staging has them).
-- The loader replaces these tables whole; they are made here so that models over absent data build empty.
set role pipeline;

create table if not exists raw.imdb_title_basics (
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

create table if not exists raw.imdb_title_ratings (
    tconst text,
    average_rating text,
    num_votes text
);

create table if not exists raw.imdb_title_akas (
    title_id text,
    ordering text,
    title text,
    region text,
    language text,
    types text,
    attributes text,
    is_original_title text
);

create table if not exists raw.imdb_title_crew (
    tconst text,
    directors text,
    writers text
);

create table if not exists raw.imdb_title_episode (
    tconst text,
    parent_tconst text,
    season_number text,
    episode_number text
);

create table if not exists raw.imdb_title_principals (
    tconst text,
    ordering text,
    nconst text,
    category text,
    job text,
    characters text
);

create table if not exists raw.imdb_name_basics (
    nconst text,
    primary_name text,
    birth_year text,
    death_year text,
    primary_profession text,
    known_for_titles text
);

select meta.make_change_table('imdb_title_basics');
select meta.make_change_table('imdb_title_ratings');
select meta.make_change_table('imdb_title_akas');
select meta.make_change_table('imdb_title_crew');
select meta.make_change_table('imdb_title_episode');
select meta.make_change_table('imdb_title_principals');
select meta.make_change_table('imdb_name_basics');

reset role;
