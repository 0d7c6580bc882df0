-- Comments of invented users on a movie, a show with an episode, and a title without details.
insert into meta.load_log
    (source, dataset, origin, history_begins, rows, rows_inserted, rows_updated, rows_deleted, seconds, dag_id, run_id, method)
select 'trakt', dataset, 'here', true, 1, 1, 0, 0, 0, 'trakt_pipeline', 'run', 'append'
from unnest('{comments,comment_versions,comment_measures,titles,seasons,ratings,stats}'::text []) as dataset;

insert into meta.api_batch_log (source, dataset, dag_id, run_id, origin, load_id, ended_at)
select source, dataset, dag_id, run_id, origin, load_id, now() from meta.load_log where source = 'trakt';

-- Seven users write more the lower their number is; some comments name no user.
create temporary table made as
select
    number as comment_id,
    case when number > 600 then 'movie' when number % 10 = 0 then 'show' when number % 10 = 1 then 'episode' else 'movie' end as level,
    case when number % 10 < 2 and number <= 600 then 2 when number > 600 then 4 when number > 590 then 3 else 1 end::bigint as title_id,
    case when number % 10 = 1 and number < 600 then 1 end as season,
    case when number % 10 = 1 and number < 600 then 1 + number % 3 end as episode,
    case when number % 4 = 3 then number - 1 end::bigint as parent_id,
    case when number % 13 > 0 then 'user-' || (number * number) % 11 end as user_key,
    '2029-01-02 12:00+00'::timestamptz + number * interval '17 hours' as created_at,
    case when number % 17 = 5 or number > 600 then '2029-01-06 01:00+00'::timestamptz + number * interval '17 hours' end as gone_at
from generate_series(1, 609) as number;

insert into raw.trakt_comments
    (comment_id, batch_id, level, title_id, season, episode, parent_id, content_hash, user_key, is_private_user,
    is_deleted_user, first_seen_at, last_seen_at, gone_at)
select
    comment_id, batch_id, level, title_id, season, episode, parent_id, 'a', user_key, false, false,
    created_at, created_at, gone_at
from made cross join meta.api_batch_log where dataset = 'comments';

insert into raw.trakt_comment_versions
    (comment_id, content_hash, batch_id, raw_data, words, first_seen, last_seen)
select
    comment_id, 'a', batch_id,
    jsonb_build_object(
        'id', comment_id, 'likes', comment_id % 7, 'replies', 0, 'user_rating',
        case when comment_id % 3 > 0 then 1 + comment_id % 10 end, 'review', comment_id % 8 = 0,
        'spoiler', comment_id % 9 = 0, 'language', 'en',
        'created_at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.000"Z"')
    ),
    5, created_at, created_at
from made cross join meta.api_batch_log where dataset = 'comment_versions';

insert into raw.trakt_titles
    (batch_id, level, title_id, raw_data, body_sha256, content_sha256, http_status, source_url, language, ingested_at)
select batch_id, level, title_id, body::jsonb, '', '', 200, '', 'en', '2031-03-03 06:00+00'
from meta.api_batch_log cross join (
    values
    ('movie', 1, '{"title": "A", "year": 2029, "released": "2029-01-10", "ids": {"trakt": 1, "imdb": "tt0000001"}}'),
    ('show', 2, '{"title": "B", "year": 2029, "first_aired": "2029-02-01T20:00:00.000Z", "ids": {"trakt": 2}}'),
    ('movie', 5, '{"title": "No comment", "year": 2029, "released": "2029-02-01", "ids": {"trakt": 5}}')
) as title (level, title_id, body) where dataset = 'titles';

insert into raw.trakt_stats
    (batch_id, level, title_id, raw_data, body_sha256, content_sha256, http_status, source_url, language, ingested_at)
select
    batch.batch_id, level, title_id, jsonb_build_object('watchers', 300 * title_id), '', '', 200, '', 'en', ingested_at
from raw.trakt_titles cross join meta.api_batch_log as batch where batch.dataset = 'stats';

insert into raw.trakt_ratings
    (batch_id, level, title_id, raw_data, body_sha256, content_sha256, http_status, source_url, language, ingested_at)
select
    batch.batch_id, level, title_id,
    jsonb_build_object('rating', 7.0, 'votes', 55, 'distribution', (
        select jsonb_object_agg(score, score + title_id) from generate_series(1, 10) as score
    )), '', '', 200, '', 'en', ingested_at
from raw.trakt_titles cross join meta.api_batch_log as batch where batch.dataset = 'ratings';

insert into raw.trakt_seasons
    (batch_id, title_id, raw_data, body_sha256, content_sha256, http_status, source_url, language, ingested_at)
select
    batch.batch_id, 2,
    '[{"number": 1, "first_aired": "2029-02-01T20:00:00.000Z", "episodes": [
        {"number": 1, "first_aired": "2029-02-01T20:00:00.000Z"}, {"number": 2, "first_aired": "2029-02-08T20:00:00.000Z"}
    ]}]', '', '', 200, '', 'en', '2031-03-03 06:00+00'
from meta.api_batch_log as batch where batch.dataset = 'seasons';
