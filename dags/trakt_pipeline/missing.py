"""Comments that are missing from complete scans, and those to ask for by their id.

What two complete scans in a row did not show is asked for by its id: only that answer says whether
it is gone. Each landing of a comment takes it off this list.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from trakt_pipeline.scan import Unit
from trakt_pipeline.subjects import Subject

# So many complete scans in a row have to miss a comment.
SCANS = 2

_OF_UNIT = sql.SQL(
    """
    level = %(level)s and title_id = %(title_id)s and season is not distinct from %(season)s
    and episode is not distinct from %(episode)s and parent_id is null
    """
)
_OF_REPLIES = sql.SQL("parent_id = %(comment_id)s")


@dataclass(frozen=True, slots=True)
class DueComment:
    """A comment to ask for by its id; `hidden_at` is since when it is hidden.

    `missing_scans` are the complete scans that missed it since it was last listed.
    """

    comment_id: int
    subject: Subject
    hidden_at: datetime | None
    missing_scans: int

    @property
    def is_unlisted(self) -> bool:
        """Whether no list shows it; a reply whose parent is gone can still be in a feed."""
        return self.hidden_at is not None or self.missing_scans >= SCANS


def mark(cursor: Cursor, unit: Unit, began_at: datetime, now: datetime) -> int:
    """Count a complete scan of `unit` that began at `began_at` for what it did not show.

    It counts for replies of what is missing, too: they are asked for only once that is gone.
    Returns how many comments are missing.
    """
    cursor.execute(
        sql.SQL(
            """
            with missing as (
                select comment_id from raw.trakt_comments
                where {} and gone_at is null and last_seen_at < %(began_at)s
                order by comment_id
                for no key update
            )

            update raw.trakt_comments as comment set
                missing_scans = least(missing_scans + 1, 1000),
                check_due_since = coalesce(
                    check_due_since, case when missing_scans + 1 >= %(scans)s then %(now)s end
                )
            from missing
            where comment.comment_id = missing.comment_id
            returning comment.comment_id
            """
        ).format(_OF_REPLIES if unit.subject is None else _OF_UNIT),
        {
            "level": unit.level,
            "title_id": unit.title_id,
            "season": unit.season,
            "episode": unit.episode,
            "comment_id": unit.comment_id,
            "began_at": began_at,
            "now": now,
            "scans": SCANS,
        },
    )
    comment_ids = [comment_id for (comment_id,) in cursor.fetchall()]
    if comment_ids:
        cursor.execute(_MISSING_REPLIES, (comment_ids, began_at))
    return len(comment_ids)


# One that another process writes now is passed over: it is seen or asked for.
_MISSING_REPLIES = """
    update raw.trakt_comments as comment set missing_scans = least(missing_scans + 1, 1000)
    from (
        select comment_id from raw.trakt_comments
        where parent_id = any(%s) and gone_at is null and last_seen_at < %s
        order by comment_id
        for no key update skip locked
    ) as reply
    where comment.comment_id = reply.comment_id
"""


def ask_for(cursor: Cursor, comment_ids: Collection[int], now: datetime) -> None:
    """Let comments be asked for by their id; one that is asked for now stays as it is."""
    cursor.execute(
        """
        update raw.trakt_comments set check_due_since = coalesce(check_due_since, %s)
        where comment_id in (
            select comment_id from raw.trakt_comments
            where comment_id = any(%s) and gone_at is null
            order by comment_id
            for no key update skip locked
        )
        """,
        (now, list(comment_ids)),
    )


def claim(cursor: Cursor, without: Collection[int]) -> DueComment | None:
    """Lock the next comment to ask for by its id; None where there is none.

    The lock ends with the transaction. Comments `without` are passed over.
    """
    cursor.execute(
        """
        select comment_id, hidden_at, missing_scans, level, title_id, season, episode
        from raw.trakt_comments
        where check_due_since is not null and comment_id <> all(%s)
        order by check_due_since, comment_id
        limit 1
        for no key update skip locked
        """,
        (list(without),),
    )
    row = cursor.fetchone()
    return None if row is None else DueComment(row[0], Subject(*row[3:]), row[1], row[2])


def due(cursor: Cursor) -> int:
    """Return how many comments are to be asked for by their id."""
    cursor.execute("select count(*) from raw.trakt_comments where check_due_since is not null")
    (count,) = cursor.fetchone() or (0,)
    return int(count)


def set_gone(cursor: Cursor, comment_id: int, batch_id: int, gone_at: datetime) -> list[int]:
    """Note that a comment is gone; return its replies that are there.

    A comment that was seen after `gone_at` is not: the answer is from a cache.
    """
    cursor.execute(
        """
        update raw.trakt_comments set
            batch_id = %(batch_id)s, gone_at = %(at)s, hidden_at = null, check_due_since = null,
            checked_at = %(at)s
        where comment_id = %(id)s and last_seen_at <= %(at)s
        """,
        {"batch_id": batch_id, "at": gone_at, "id": comment_id},
    )
    if not cursor.rowcount:
        checked(cursor, comment_id, gone_at)
        return []
    cursor.execute(
        "select comment_id from raw.trakt_comments where parent_id = %s and gone_at is null",
        (comment_id,),
    )
    return [number for (number,) in cursor.fetchall()]


def set_hidden(cursor: Cursor, comment: DueComment, batch_id: int, checked_at: datetime) -> None:
    """Note that a comment is there by its id, but in no list."""
    cursor.execute(
        "update raw.trakt_comments set batch_id = %s, hidden_at = %s where comment_id = %s",
        (batch_id, comment.hidden_at or checked_at, comment.comment_id),
    )
    checked(cursor, comment.comment_id, checked_at)


def checked(cursor: Cursor, comment_id: int, checked_at: datetime) -> None:
    """Note that a comment was asked for, and nothing that changes what is known of it."""
    cursor.execute(
        "update raw.trakt_comments set check_due_since = null, checked_at = %s, missing_scans = 0 "
        "where comment_id = %s",
        (checked_at, comment_id),
    )
