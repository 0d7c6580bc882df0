"""Invented comments as rows of Trakt's raw tables, made by the server, and days with few changes.

A cycle of rescans reads one title in CYCLE again on each day: of its comments, one in seven has
another number of likes. New comments come, some go, and a few titles have other details.
"""

from contextlib import ExitStack, closing

import psycopg2
from psycopg2 import sql

from bench.workspace import BenchDatabase
from trakt_pipeline.config import DATASETS
from warehouse.raw.api_batch import ApiRun, api_batch

TITLES, MOVIES = 15_000, 12_000
CYCLE, NEW_COMMENTS = 14, 400

# Most comments are about few titles and written soon after a release; few users write many.
_DRAWN = """
    create temporary table drawn on commit drop as
    with draws as (
        select
            number,
            1 + mod(7919 * floor(%(titles)s * power(random(), 3))::bigint, %(titles)s) as title_id,
            floor(700 * power(random(), 4) - 10)::integer as age,
            random() as level_draw,
            random() as reply_draw,
            random() as draw
        from generate_series(1, %(comments)s::bigint) as number
    )

    select
        number as comment_id,
        title_id,
        case
            when title_id <= %(movies)s then 'movie'
            when level_draw < 0.35 then 'show'
            when level_draw < 0.45 then 'season'
            else 'episode'
        end as level,
        case when title_id > %(movies)s and level_draw >= 0.35
            then 1 + floor(5 * draw)::integer end as season,
        case when title_id > %(movies)s and level_draw >= 0.45
            then 1 + mod(number, 10)::integer end as episode,
        case when reply_draw < 0.2 and number > 10
            then number - 1 - mod(number, 8) end as parent_id,
        md5(floor(150000 * power(draw, 2))::text) as user_key,
        least(
            date '2012-01-01' + mod(hashtext(title_id::text)::bigint + 2147483648, 6500)::integer
            + age,
            date '2031-05-30'
        ) as written_on,
        floor(40 * power(draw, 4))::integer as likes,
        case when level_draw < 0.8 then 1 + floor(10 * draw)::integer end as rating
    from draws
"""
_TITLES = """
    insert into raw.trakt_titles (
        batch_id, level, title_id, raw_data, body_sha256, content_sha256, http_status, source_url,
        language, ingested_at
    )
    select
        %(titles_batch)s,
        case when number <= %(movies)s then 'movie' else 'show' end,
        number,
        jsonb_build_object(
            'title', 'Title ' || number, 'overview', repeat('words ', 80),
            'ids', jsonb_build_object('slug', 'title-' || number, 'tmdb', number),
            'released', released_on, 'first_aired', released_on || 'T02:00:00.000Z'
        ),
        '', '', 200, '', '', %(at)s
    from generate_series(1, %(titles)s::bigint) as number
    cross join lateral (
        select date '2012-01-01' + mod(hashtext(number::text)::bigint + 2147483648, 6500)::integer
            as released_on
    ) as days
"""
_SEASONS = """
    insert into raw.trakt_seasons (
        batch_id, title_id, raw_data, body_sha256, content_sha256, http_status, source_url,
        language, ingested_at
    )
    select
        %(seasons_batch)s, number,
        (
            select jsonb_agg(jsonb_build_object(
                'number', season, 'first_aired', aired.days[season] || 'T02:00:00.000Z',
                'episodes', (
                    select jsonb_agg(jsonb_build_object(
                        'number', episode, 'title', 'Episode', 'overview', repeat('x', 200),
                        'first_aired', aired.days[season] + 7 * episode || 'T02:00:00.000Z'
                    ))
                    from generate_series(1, 10) as episode
                )
            ))
            from generate_series(1, 5) as season
        ),
        '', '', 200, '', '', %(at)s
    from generate_series(%(movies)s + 1, %(titles)s::bigint) as number
    cross join lateral (
        select array_agg(
            date '2012-01-01' + mod(hashtext(number::text)::bigint + 2147483648, 6500)::integer
            + 300 * (season - 1)
        ) as days
        from generate_series(1, 5) as season
    ) as aired
"""
_FIGURES = """
    insert into raw.{table} (
        batch_id, level, title_id, raw_data, body_sha256, content_sha256, http_status, source_url,
        language, ingested_at
    )
    select
        {batch}, case when number <= %(movies)s then 'movie' else 'show' end, number, {body},
        '', '', 200, '', '', %(at)s
    from generate_series(1, %(titles)s::bigint) as number
    where mod(number, %(every)s) = %(phase)s
"""
_RATINGS = """
    jsonb_build_object('rating', 7.12345, 'votes', 100, 'distribution', (
        select jsonb_object_agg(score, mod(score * %(votes)s, 20))
        from generate_series(1, 10) as score
    ))
"""
_STATS = "jsonb_build_object('watchers', 1000 + number * %(votes)s)"
_COMMENTS = """
    insert into raw.trakt_comments (
        comment_id, batch_id, level, title_id, season, episode, parent_id, content_hash, user_key,
        is_private_user, is_deleted_user, first_seen_at, last_seen_at
    )
    select
        comment_id + %(offset)s, %(comments_batch)s, level, title_id, season, episode, parent_id,
        md5(comment_id::text), user_key, false, false, %(at)s, %(at)s
    from drawn;
    insert into raw.trakt_comment_versions (
        comment_id, content_hash, batch_id, raw_data, words, first_seen, last_seen
    )
    select
        comment_id + %(offset)s, md5(comment_id::text), %(comment_versions_batch)s,
        jsonb_build_object(
            'id', comment_id, 'created_at', written_on || 'T20:00:00.000Z',
            'updated_at', written_on || 'T20:00:00.000Z', 'spoiler', rating = 3,
            'review', rating = 4, 'likes', likes, 'replies', mod(likes, 3), 'language', 'en',
            'user_rating', rating, 'user_stats', jsonb_build_object('play_count', 1)
        ),
        30, %(at)s, %(at)s
    from drawn;
    insert into raw.trakt_comment_measures (
        comment_id, observed_on, batch_id, likes, replies, user_rating
    )
    select
        comment_id + %(offset)s, %(at)s::date, %(comment_measures_batch)s, likes, mod(likes, 3),
        rating
    from drawn
"""
_RESCAN = """
    create temporary table moved on commit drop as
    select
        comments.comment_id,
        md5(comments.content_hash || 'moved') as content_hash,
        versions.raw_data
        || jsonb_build_object('likes', 1 + (versions.raw_data -> 'likes')::integer) as raw_data
    from raw.trakt_comments as comments
    inner join raw.trakt_comment_versions as versions using (comment_id, content_hash)
    where mod(comments.title_id, %(every)s) = %(phase)s and mod(comments.comment_id, 7) = 1;
    insert into raw.trakt_comment_versions (
        comment_id, content_hash, batch_id, raw_data, words, first_seen, last_seen
    )
    select comment_id, content_hash, %(comment_versions_batch)s, raw_data, 30, %(at)s, %(at)s
    from moved;
    insert into raw.trakt_comment_measures (
        comment_id, observed_on, batch_id, likes, replies, user_rating
    )
    select
        comment_id, %(at)s::date, %(comment_measures_batch)s, (raw_data -> 'likes')::integer, 0, 5
    from moved
    on conflict (comment_id, observed_on) do nothing;
    update raw.trakt_comments as comments
    set content_hash = moved.content_hash, batch_id = %(comments_batch)s
    from moved
    where comments.comment_id = moved.comment_id;
    update raw.trakt_comments
    set gone_at = %(at)s, batch_id = %(comments_batch)s
    where mod(comment_id, 200000) = %(phase)s and gone_at is null;
    insert into raw.trakt_titles (
        batch_id, level, title_id, raw_data, body_sha256, content_sha256, http_status, source_url,
        language, ingested_at
    )
    select
        %(titles_batch)s, level, title_id, raw_data || '{"status": "ended"}', '', '', 200, '', '',
        %(at)s
    from raw.trakt_titles_newest
    where mod(title_id, 20 * %(every)s) = %(phase)s
"""


def land_comments(database: BenchDatabase, comments: int) -> None:
    """Land so many comments with their titles, as of the day before the first one."""
    _land(
        database, 0, [_DRAWN, _TITLES, _SEASONS, *_figures(), _COMMENTS],
        comments=comments, offset=0, every=1, phase=0,
    )  # fmt: skip


def land_changed_day(database: BenchDatabase, day: int, comments: int) -> None:
    """Land what one more day brings, the first one being 1, after so many comments."""
    _land(
        database, day, [_RESCAN, _DRAWN, *_figures(), _COMMENTS],
        comments=NEW_COMMENTS, offset=comments + day * NEW_COMMENTS, every=CYCLE,
        phase=day % CYCLE,
    )  # fmt: skip


def _figures() -> list[sql.Composed]:
    """What lands ratings and stats."""
    return [
        sql.SQL(_FIGURES).format(
            table=sql.Identifier(f"trakt_{name}"),
            batch=sql.Placeholder(f"{name}_batch"),
            body=sql.SQL(body),
        )
        for name, body in (("ratings", _RATINGS), ("stats", _STATS))
    ]


def _land(
    database: BenchDatabase, day: int, statements: list[str | sql.Composed], **values: int
) -> None:
    run = ApiRun("trakt_pipeline", f"day {day}", "bench")
    with ExitStack() as stack:
        session = stack.enter_context(closing(psycopg2.connect(database.url)))
        # Batches that end are read by models; each has a session of its own.
        batches = {
            dataset.name: stack.enter_context(
                api_batch(
                    stack.enter_context(closing(psycopg2.connect(database.url))),
                    dataset, run, patience=0,
                )
            ).batch_id
            for dataset in DATASETS
        }  # fmt: skip
        given = {f"{name}_batch": batch_id for name, batch_id in batches.items()} | values
        given |= {"titles": TITLES, "movies": MOVIES, "votes": 3 + day}
        with session, session.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement, {**given, "at": f"2031-06-{1 + day:02} 06:00+00"})
            cursor.execute("analyze")
