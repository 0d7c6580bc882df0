"""What is to be scanned next: parts of shows, units whose day it is, and replies by their count."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime

from psycopg2.extensions import cursor as Cursor

from trakt_pipeline.scan import Unit
from trakt_pipeline.subjects import Subject
from trakt_pipeline.units import follow


def follow_parts_of_followed_titles(cursor: Cursor, now: datetime) -> int:
    """Follow the seasons and episodes on which comments were seen, where their show is followed."""
    cursor.execute(
        """
        select distinct comment.level, comment.title_id, comment.season, comment.episode
        from raw.trakt_comments as comment
        where
            comment.level in ('season', 'episode')
            and comment.gone_at is null
            and exists (
                select from raw.trakt_units as unit
                where unit.unit = 'shows/' || comment.title_id || '/comments'
            )
            and not exists (
                select from raw.trakt_units as unit
                where
                    unit.unit = 'shows/' || comment.title_id || '/seasons/' || comment.season
                    || case
                        when comment.level = 'episode' then '/episodes/' || comment.episode else ''
                    end
                    || '/comments'
            )
        """
    )
    return follow(cursor, [Unit.of(Subject(*row)) for row in cursor.fetchall()], now)


def plan_rescans(cursor: Cursor, days: int, now: datetime) -> int:
    """Make those units due whose day it is; return how many.

    Each unit has its day (UTC) in a cycle of `days` days, by its path, and is due on the first such
    day after the day of its last scan: never later than `days` days after it. A day on which
    nothing ran is made up for by the next run. With 0 days all are due. Replies are due by their
    count only.
    """
    cursor.execute(
        """
        update raw.trakt_units as unit set due_since = %(now)s, due_reason = 'rescan', next_page = 1
        from (
            select
                unit,
                (completed_at at time zone 'UTC')::date - date '1970-01-01' + 1 as next_day,
                hashtext(unit) as own_day
            from raw.trakt_units
            where due_since is null and completed_at is not null and level <> 'replies'
        ) as scanned
        where
            unit.unit = scanned.unit
            and case
                when %(days)s = 0 then true
                else %(today)s
                    >= next_day + mod(mod(own_day - next_day, %(days)s) + %(days)s, %(days)s)
            end
        """,
        {
            "now": now,
            "days": days,
            "today": (now.astimezone(UTC).date() - date(1970, 1, 1)).days,
        },
    )
    return cursor.rowcount


def plan_replies(cursor: Cursor, now: datetime, *, without: Collection[str] = ()) -> int:
    """Make the replies of those comments due whose count is not what is known; return how many.

    Where there are fewer than known, a reply left: they are due until it is found gone or hidden.
    Where there are more, they are due unless a scan saw that count: hidden replies are counted, and
    never sent. Units `without` are left out.
    """
    cursor.execute(
        """
        with known as (
            select parent_id as comment_id, count(*) as replies
            from raw.trakt_comments
            where parent_id is not null and gone_at is null and hidden_at is null
            group by parent_id
        ),

        counted as (
            select comment.comment_id, (version.raw_data ->> 'replies')::bigint as replies
            from raw.trakt_comments as comment
            inner join raw.trakt_comment_versions as version using (comment_id, content_hash)
            where comment.gone_at is null
        )

        insert into raw.trakt_units as unit (unit, level, comment_id, due_since, due_reason)
        select
            'comments/' || counted.comment_id || '/replies', 'replies', counted.comment_id, %s,
            'replies'
        from counted
        left join known using (comment_id)
        left join raw.trakt_units as scanned
            on scanned.unit = 'comments/' || counted.comment_id || '/replies'
        where
            scanned.due_since is null
            and 'comments/' || counted.comment_id || '/replies' <> all(%s)
            and (
                counted.replies < coalesce(known.replies, 0)
                or (
                    counted.replies > coalesce(known.replies, 0)
                    and (scanned.completed_at is null or scanned.item_count <> counted.replies)
                )
            )
        order by counted.comment_id
        on conflict (unit) do update set
            due_since = excluded.due_since, due_reason = excluded.due_reason, next_page = 1
        """,
        (now, list(without)),
    )
    return cursor.rowcount


def choose_titles(cursor: Cursor, most: int) -> list[str]:
    """Return the titles without votes of which units are due for a backfill, as `shows/1`.

    These are all that were begun before, and at most `most` others, the most active first.
    """
    cursor.execute(
        """
        with titles as (
            select
                substring(unit, '^[a-z]+/[0-9]+') as title,
                max(newest_comment_at) as newest_comment_at
            from raw.trakt_units
            where due_since is not null and due_reason = 'backfill' and priority = 0
            group by 1
        ),

        known as (
            select
                title,
                newest_comment_at,
                exists (
                    select from raw.trakt_units as unit
                    where
                        unit.unit = title || '/comments'
                        and (unit.completed_at is not null or unit.scan_began_at is not null)
                ) as is_begun
            from titles
        )

        select title from (
            select title, is_begun, row_number() over (
                partition by is_begun order by newest_comment_at desc nulls last, title
            ) as place
            from known
        ) as placed
        where is_begun or place <= %s
        order by title
        """,
        (most,),
    )
    return [title for (title,) in cursor.fetchall()]


def not_followed(cursor: Cursor, wanted: Sequence[Unit]) -> list[Unit]:
    """Return those of the units that are not followed, in the same order."""
    cursor.execute(
        "select unit from raw.trakt_units where unit = any(%s)", ([unit.path for unit in wanted],)
    )
    followed = {path for (path,) in cursor.fetchall()}
    return [unit for unit in wanted if unit.path not in followed]


def newest_answer(cursor: Cursor) -> datetime:
    """Return the time by Trakt's clock when it answered last; now where it never did."""
    cursor.execute(
        """
        select coalesce(
            greatest(
                (select max(completed_at) from raw.trakt_feeds),
                (select max(asked_at) from raw.trakt_titles_asked),
                (select max(greatest(completed_at, scan_began_at)) from raw.trakt_units),
                (select max(answered_at) from raw.trakt_pages)
            ),
            clock_timestamp()
        )
        """
    )
    (now,) = cursor.fetchone() or (None,)
    assert isinstance(now, datetime)  # noqa: S101 - a select without a table gives a row
    return now
