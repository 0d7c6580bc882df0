"""The statements that write a page of comments: each writes all comments of the page at once."""

PAGE = """
    insert into raw.trakt_pages (
        batch_id, kind, source_url, page, page_limit, page_count, item_count, http_status, body,
        body_sha256, answered_at
    )
    select
        %(batch_id)s, %(kind)s, %(source_url)s, %(page)s, %(page_limit)s, %(page_count)s,
        %(item_count)s, %(http_status)s, %(body)s, %(body_sha256)s, %(answered_at)s
    where not exists (
        select from (
            select body_sha256, http_status from raw.trakt_pages
            where source_url = %(source_url)s order by page_id desc limit 1
        ) as newest
        where (body_sha256, http_status) = (%(body_sha256)s, %(http_status)s)
    )
"""

BEFORE = """
    select
        comment.comment_id, comment.content_hash, version.batch_id, comment.last_seen_at,
        comment.gone_at
    from raw.trakt_comments as comment
    inner join raw.trakt_comment_versions as version using (comment_id, content_hash)
    where comment.comment_id = any(%s)
"""

# What models read is written over only where it is another, with the batch that did it; and only by
# an answer that is not older than the last one.
COMMENTS = """
    insert into raw.trakt_comments as old (
        comment_id, batch_id, level, title_id, season, episode, parent_id, content_hash, user_key,
        is_private_user, is_deleted_user, first_seen_at, last_seen_at
    )
    select
        seen.comment_id, %(batch_id)s, seen.level, seen.title_id, seen.season, seen.episode,
        seen.parent_id, seen.content_hash, seen.user_key, seen.is_private, seen.is_deleted,
        %(seen_at)s, %(seen_at)s
    from unnest(
        %(comment_ids)s::bigint [], %(levels)s::text [], %(title_ids)s::bigint [],
        %(seasons)s::integer [], %(episodes)s::integer [], %(parent_ids)s::bigint [],
        %(content_hashes)s::text [], %(user_keys)s::text [], %(private)s::boolean [],
        %(deleted)s::boolean []
    ) as seen (
        comment_id, level, title_id, season, episode, parent_id, content_hash, user_key, is_private,
        is_deleted
    )
    on conflict (comment_id) do update set
        batch_id = case
            when (
                old.level, old.title_id, old.season, old.episode, old.parent_id, old.content_hash,
                old.user_key, old.is_private_user, old.is_deleted_user, old.gone_at, old.hidden_at
            ) is distinct from (
                excluded.level, excluded.title_id, excluded.season, excluded.episode,
                excluded.parent_id, excluded.content_hash, excluded.user_key,
                excluded.is_private_user, excluded.is_deleted_user, excluded.gone_at,
                excluded.hidden_at
            ) then excluded.batch_id
            else old.batch_id
        end,
        level = excluded.level,
        title_id = excluded.title_id,
        season = excluded.season,
        episode = excluded.episode,
        parent_id = excluded.parent_id,
        content_hash = excluded.content_hash,
        user_key = excluded.user_key,
        is_private_user = excluded.is_private_user,
        is_deleted_user = excluded.is_deleted_user,
        last_seen_at = excluded.last_seen_at,
        missing_scans = 0,
        check_due_since = null,
        gone_at = null,
        hidden_at = null
    where
        old.last_seen_at <= excluded.last_seen_at
        and (old.gone_at is null or old.gone_at + %(cached_for)s < excluded.last_seen_at)
"""

# Only when a comment was seen: its state was not understood. One that another process writes now
# is passed over, so that two pages never wait for each other.
LISTED = """
    update raw.trakt_comments as comment set
        last_seen_at = %(seen_at)s,
        missing_scans = 0,
        check_due_since = null
    from (
        select comment_id from raw.trakt_comments
        where
            comment_id = any(%(comment_ids)s) and gone_at is null and last_seen_at <= %(seen_at)s
        order by comment_id
        for no key update skip locked
    ) as listed
    where comment.comment_id = listed.comment_id
"""

VERSIONS = """
    insert into raw.trakt_comment_versions as old (
        comment_id, content_hash, batch_id, raw_data, words, first_seen, last_seen
    )
    select
        seen.comment_id, seen.content_hash, %(batch_id)s, seen.body::jsonb, seen.words, %(seen_at)s,
        %(seen_at)s
    from unnest(
        %(comment_ids)s::bigint [], %(content_hashes)s::text [], %(bodies)s::text [],
        %(words)s::integer []
    ) as seen (comment_id, content_hash, body, words)
    on conflict (comment_id, content_hash) do update
    set last_seen = greatest(old.last_seen, excluded.last_seen)
"""

# A row where the numbers are others than on the last day that has one; the last of a day stays.
MEASURES = """
    insert into raw.trakt_comment_measures as old (
        comment_id, observed_on, batch_id, likes, replies, user_rating
    )
    select seen.comment_id, %(observed_on)s, %(batch_id)s, seen.likes, seen.replies, seen.rating
    from unnest(
        %(comment_ids)s::bigint [], %(likes)s::integer [], %(replies)s::integer [],
        %(ratings)s::integer []
    ) as seen (comment_id, likes, replies, rating)
    inner join raw.trakt_comments as comment
        on seen.comment_id = comment.comment_id and comment.last_seen_at <= %(seen_at)s
    left join lateral (
        select true as was_there, likes, replies, user_rating
        from raw.trakt_comment_measures as measure
        where
            measure.comment_id = seen.comment_id
            and measure.observed_on <= %(observed_on)s
        order by measure.observed_on desc
        limit 1
    ) as last on true
    where
        last.was_there is null
        or (last.likes, last.replies, last.user_rating)
        is distinct from (seen.likes, seen.replies, seen.rating)
    on conflict (comment_id, observed_on) do update set
        batch_id = excluded.batch_id,
        likes = excluded.likes,
        replies = excluded.replies,
        user_rating = excluded.user_rating
"""
