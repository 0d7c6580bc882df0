-- Trakt's answers as they came, what is known of each comment, and what is still to be asked.
-- Names and slugs of people are in the bodies of raw.trakt_pages only, and these have a retention.
set role pipeline;

create table if not exists raw.trakt_pages (
    page_id bigint generated always as identity primary key,
    batch_id bigint not null,
    kind text not null,
    source_url text not null,
    page integer not null,
    page_limit integer,
    page_count integer,
    item_count integer,
    http_status smallint not null,
    body text,
    body_sha256 text not null,
    answered_at timestamptz not null
);
create index if not exists trakt_pages_newest on raw.trakt_pages (source_url, page_id desc);
create index if not exists trakt_pages_batch_id on raw.trakt_pages (batch_id);
create index if not exists trakt_pages_answered_at on raw.trakt_pages (answered_at);
comment on table raw.trakt_pages is 'Pages of comments as they came, append-only. A page with the body of the newest one of its address has no row.';
comment on column raw.trakt_pages.batch_id is 'The batch of the dataset comments in meta.api_batch_log.';
comment on column raw.trakt_pages.kind is 'recent, updates, unit (comments of a title, season or episode), replies, or comment (one, by its id).';
comment on column raw.trakt_pages.source_url is 'What was asked, without a key.';
comment on column raw.trakt_pages.page is 'X-Pagination-Page of the answer; 1 where it has none.';
comment on column raw.trakt_pages.page_limit is 'X-Pagination-Limit of the answer.';
comment on column raw.trakt_pages.page_count is 'X-Pagination-Page-Count of the answer.';
comment on column raw.trakt_pages.item_count is 'X-Pagination-Item-Count of the answer; hidden comments are in it.';
comment on column raw.trakt_pages.body is 'The body; null once its retention is over. Words of erased comments and people are taken out of it.';
comment on column raw.trakt_pages.body_sha256 is 'SHA-256 of the bytes of the body as it came.';
comment on column raw.trakt_pages.answered_at is 'When it was answered, by the clock of the source.';

create table if not exists raw.trakt_comments (
    comment_id bigint primary key,
    batch_id bigint not null,
    level text not null check (level in ('movie', 'show', 'season', 'episode', 'list')),
    title_id bigint,
    season integer,
    episode integer,
    parent_id bigint,
    content_hash text not null,
    user_key text,
    is_private_user boolean not null,
    is_deleted_user boolean not null,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    missing_scans smallint not null default 0,
    check_due_since timestamptz,
    checked_at timestamptz,
    gone_at timestamptz,
    hidden_at timestamptz
);
create index if not exists trakt_comments_batch_id on raw.trakt_comments (batch_id);
create index if not exists trakt_comments_unit on raw.trakt_comments (title_id, level, season, episode);
create index if not exists trakt_comments_parent_id on raw.trakt_comments (parent_id) where parent_id is not null;
create index if not exists trakt_comments_user_key on raw.trakt_comments (user_key);
create index if not exists trakt_comments_due on raw.trakt_comments (check_due_since) where check_due_since is not null;
comment on table raw.trakt_comments is 'What is known of each comment now: what it is about, its present version, and whether it is gone.';
comment on column raw.trakt_comments.batch_id is 'The batch in meta.api_batch_log that last changed what models read; that it was seen again does not count.';
comment on column raw.trakt_comments.level is 'What the comment is about; a reply has that of its first comment.';
comment on column raw.trakt_comments.title_id is 'Trakt''s number of the movie or show; null for a list.';
comment on column raw.trakt_comments.season is 'Number of the season; null above seasons.';
comment on column raw.trakt_comments.episode is 'Number of the episode in its season; null above episodes.';
comment on column raw.trakt_comments.parent_id is 'The comment that this one replies to; null at the top.';
comment on column raw.trakt_comments.content_hash is 'The present version in raw.trakt_comment_versions.';
comment on column raw.trakt_comments.user_key is 'Keyed hash of the author''s number, else slug; another random text once the author is forgotten; null where the answer names none.';
comment on column raw.trakt_comments.missing_scans is 'How many complete scans in a row did not have it; of a reply, also those that did not have its comment.';
comment on column raw.trakt_comments.check_due_since is 'Since when it waits to be asked for by its id; null where nothing is to be asked.';
comment on column raw.trakt_comments.checked_at is 'When it was last asked for by its id.';
comment on column raw.trakt_comments.gone_at is 'When Trakt answered 404 for it; null while it is there.';
comment on column raw.trakt_comments.hidden_at is 'When it was there by its id but missing from two complete scans; null while it is listed.';

create table if not exists raw.trakt_comment_versions (
    comment_id bigint not null,
    content_hash text not null,
    batch_id bigint not null,
    raw_data jsonb not null,
    words integer not null,
    first_seen timestamptz not null,
    last_seen timestamptz not null,
    primary key (comment_id, content_hash)
);
create index if not exists trakt_comment_versions_batch_id on raw.trakt_comment_versions (batch_id);
comment on table raw.trakt_comment_versions is 'Every state in which a comment was seen.';
comment on column raw.trakt_comment_versions.content_hash is 'SHA-256 of the comment without its user, as canonical JSON.';
comment on column raw.trakt_comment_versions.batch_id is 'The batch in meta.api_batch_log that brought the version.';
comment on column raw.trakt_comment_versions.raw_data is 'The comment without its user and without its text (key comment).';
comment on column raw.trakt_comment_versions.words is 'Words of the text, as whitespace separates them.';
comment on column raw.trakt_comment_versions.first_seen is 'When it was first answered, by the clock of the source.';
comment on column raw.trakt_comment_versions.last_seen is 'When it was last answered.';

create table if not exists raw.trakt_comment_measures (
    comment_id bigint not null,
    observed_on date not null,
    batch_id bigint not null,
    likes integer,
    replies integer,
    user_rating integer,
    primary key (comment_id, observed_on)
);
create index if not exists trakt_comment_measures_batch_id on raw.trakt_comment_measures (batch_id);
comment on table raw.trakt_comment_measures is 'The numbers of a comment on each day (UTC) on which they were other ones than before; the last of a day stays.';

select meta.make_answer_table('trakt_titles', 'trakt', 'titles', 'level text', 'title_id bigint');
select meta.make_answer_table('trakt_seasons', 'trakt', 'seasons', 'title_id bigint');
select meta.make_answer_table('trakt_ratings', 'trakt', 'ratings', 'level text', 'title_id bigint');
select meta.make_answer_table('trakt_stats', 'trakt', 'stats', 'level text', 'title_id bigint');

-- Rows of finished batches; a row that an open batch writes over stays with what it has now.
create or replace view raw.trakt_comments_newest as
select
    batch.load_id,
    comment.comment_id,
    comment.level,
    comment.title_id,
    comment.season,
    comment.episode,
    comment.parent_id,
    comment.content_hash,
    comment.user_key,
    comment.is_private_user,
    comment.is_deleted_user,
    comment.first_seen_at,
    comment.gone_at,
    comment.hidden_at
from raw.trakt_comments as comment
inner join meta.api_batch_log as batch using (batch_id);
create or replace view raw.trakt_comments_changes as
select true as is_new, comment.* from raw.trakt_comments_newest as comment where comment.load_id is not null;
create or replace view raw.trakt_comment_versions_newest as
select
    batch.load_id,
    version.comment_id,
    version.content_hash,
    version.raw_data,
    version.words,
    version.first_seen
from raw.trakt_comment_versions as version
inner join meta.api_batch_log as batch using (batch_id);
create or replace view raw.trakt_comment_versions_changes as
select true as is_new, version.* from raw.trakt_comment_versions_newest as version where version.load_id is not null;
create or replace view raw.trakt_comment_measures_newest as
select batch.load_id, measure.comment_id, measure.observed_on, measure.likes, measure.replies, measure.user_rating
from raw.trakt_comment_measures as measure
inner join meta.api_batch_log as batch using (batch_id);
create or replace view raw.trakt_comment_measures_changes as
select true as is_new, measure.* from raw.trakt_comment_measures_newest as measure where measure.load_id is not null;

create table if not exists raw.trakt_units (
    unit text primary key,
    level text not null check (level in ('movie', 'show', 'season', 'episode', 'replies')),
    title_id bigint,
    season integer,
    episode integer,
    comment_id bigint,
    priority bigint not null default 0,
    next_page integer not null default 1,
    scan_began_at timestamptz,
    completed_at timestamptz,
    completed_scans integer not null default 0,
    item_count integer,
    page_limit integer,
    newest_comment_at timestamptz,
    due_since timestamptz,
    due_reason text check (due_reason in ('backfill', 'rescan', 'replies')),
    tries integer not null default 0,
    last_error text,
    gone_at timestamptz
);
create index if not exists trakt_units_due on raw.trakt_units (
    tries, priority desc, newest_comment_at desc nulls last, unit
) where due_since is not null;
create index if not exists trakt_units_due_active on raw.trakt_units (
    tries, newest_comment_at desc nulls last, unit
) where due_since is not null;
comment on table raw.trakt_units is 'What has comments of its own: movies, shows, seasons, episodes, and comments with replies. It is the list of what is scanned, and the queue.';
comment on column raw.trakt_units.unit is 'The path without the sort: movies/1/comments, shows/1/seasons/2/episodes/3/comments, comments/4/replies.';
comment on column raw.trakt_units.priority is 'The greater, the sooner: votes in IMDb for a title that came from there, else 0.';
comment on column raw.trakt_units.next_page is 'The page to ask for next in the scan that is under way.';
comment on column raw.trakt_units.scan_began_at is 'When the scan that is under way began; null between scans.';
comment on column raw.trakt_units.completed_at is 'When the last complete scan ended.';
comment on column raw.trakt_units.item_count is 'X-Pagination-Item-Count of the last page.';
comment on column raw.trakt_units.page_limit is 'X-Pagination-Limit of the last page; where another page of a scan has another one, the scan begins again.';
comment on column raw.trakt_units.newest_comment_at is 'The newest created_at that was seen in it; the most active are scanned first.';

create table if not exists raw.trakt_titles_asked (
    imdb_id text primary key,
    level text not null check (level in ('movie', 'show')),
    title_id bigint,
    votes bigint not null,
    asked_at timestamptz not null
);
comment on table raw.trakt_titles_asked is 'Titles of IMDb that the backfill asked Trakt for. title_id is null where Trakt has none.';

create table if not exists raw.trakt_feeds (
    feed text primary key check (feed in ('recent', 'updates')),
    batch_id bigint not null,
    completed_at timestamptz not null
);
comment on table raw.trakt_feeds is 'When each feed was last walked until everything on its pages was known.';
comment on column raw.trakt_feeds.batch_id is 'The batch of comment versions of that walk. A state of a comment that a later batch brought is not known to the feed.';

create table if not exists raw.trakt_user_secret (
    "only" boolean primary key default true check ("only"),
    secret bytea not null,
    made_at timestamptz not null default clock_timestamp()
);
comment on table raw.trakt_user_secret is 'The key of the hash that stands for a user; made once per installation.';

create table if not exists raw.trakt_forgotten_users (
    user_key text primary key,
    replacement text not null,
    forgotten_at timestamptz not null default clock_timestamp()
);
comment on table raw.trakt_forgotten_users is 'Users whose words and traces were erased. Their comments keep counting under the replacement, which no user has.';

reset role;
