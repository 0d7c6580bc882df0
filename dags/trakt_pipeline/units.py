"""The queue of what is to be scanned, and how far each scan is: `raw.trakt_units`.

A worker claims a unit by locking its row until a page is committed together with the number of the
next page; others skip locked rows. So a scan that was killed continues at the first page that was
not got, and several workers share the queue.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from trakt_pipeline.scan import PageFacts, Scan, Unit

BACKFILL, RESCAN, REPLIES = "backfill", "rescan", "replies"
REASONS = (BACKFILL, RESCAN, REPLIES)
_LONGEST_ERROR = 500


def follow(cursor: Cursor, units: Iterable[Unit], now: datetime, *, priority: int = 0) -> int:
    """Follow the units that are new, which are due from now on; return how many these are."""
    rows = {
        unit.path: (
            *(unit.path, unit.level, unit.title_id, unit.season, unit.episode, unit.comment_id),
            *(priority, now, BACKFILL),
        )
        for unit in units
    }
    if not rows:
        return 0
    found = execute_values(
        cursor,
        """
        insert into raw.trakt_units (
            unit, level, title_id, season, episode, comment_id, priority, due_since, due_reason
        )
        values %s
        on conflict do nothing
        returning unit
        """,
        [rows[path] for path in sorted(rows)],
        fetch=True,
    )
    if priority:
        # A unit that another worker scans now keeps its place.
        cursor.execute(
            """
            update raw.trakt_units set priority = %s
            where unit in (
                select unit from raw.trakt_units
                where unit = any(%s) and priority < %s
                for no key update skip locked
            )
            """,
            (priority, list(rows), priority),
        )
    return len(found)


def claim(
    cursor: Cursor,
    reasons: Collection[str],
    without: Collection[str] = (),
    chosen: Collection[str] = (),
) -> Scan | None:
    """Lock the next unit that is due for one of `reasons`; None where there is none.

    The most voted come first; in a rescan, those with the newest comments. The lock ends with the
    transaction. Units `without` are passed over: they failed in this step. A unit without votes is
    begun for a backfill where its title is among the `chosen` (`shows/1`).
    """
    cursor.execute(
        sql.SQL(_CLAIM).format(order=_MOST_ACTIVE if RESCAN in reasons else _MOST_VOTED),
        (list(reasons), list(without), list(chosen)),
    )
    row = cursor.fetchone()
    return None if row is None else Scan(Unit(*row[:6]), *row[6:])


_MOST_VOTED = sql.SQL("tries, priority desc, newest_comment_at desc nulls last, unit")
_MOST_ACTIVE = sql.SQL("tries, newest_comment_at desc nulls last, unit")
_CLAIM = """
    select
        unit, level, title_id, season, episode, comment_id,
        next_page, scan_began_at, item_count, page_limit, priority, completed_at is null
    from raw.trakt_units
    where
        due_since is not null
        and due_reason = any(%s)
        and unit <> all(%s)
        and (
            due_reason <> 'backfill'
            or priority > 0
            or scan_began_at is not null
            or substring(unit, '^[a-z]+/[0-9]+') = any(%s)
        )
    order by {order}
    limit 1
    for no key update skip locked
"""


def advance(cursor: Cursor, scan: Scan, page: PageFacts, after: int) -> None:
    """Note that a page came and that `after` is the next one; page 1 begins the scan."""
    cursor.execute(
        """
        update raw.trakt_units set
            next_page = %s,
            scan_began_at = %s,
            item_count = coalesce(%s, case when next_page > 1 then item_count end),
            page_limit = %s,
            newest_comment_at = greatest(newest_comment_at, %s),
            tries = 0,
            last_error = null,
            gone_at = null
        where unit = %s
        """,
        (
            after,
            scan.began(page.answered_at),
            page.item_count,
            page.limit,
            page.newest_comment_at,
            scan.unit.path,
        ),
    )


def complete(cursor: Cursor, scan: Scan, page: PageFacts) -> None:
    """Note that the last page came: the unit is not due any more."""
    advance(cursor, scan, page, 1)
    _ended(cursor, scan.unit, page.answered_at, None)


def gone(cursor: Cursor, scan: Scan, answered_at: datetime) -> None:
    """Note that the unit was answered with 404; its comments are missing from this scan."""
    _ended(cursor, scan.unit, answered_at, answered_at)


def begin_again(cursor: Cursor, unit: Unit, reason: str) -> None:
    """Note that what was read of a scan is of no use: it begins again at its first page."""
    failed(cursor, unit, reason)
    cursor.execute("update raw.trakt_units set next_page = 1 where unit = %s", (unit.path,))


def failed(cursor: Cursor, unit: Unit, reason: str) -> None:
    """Note a try that failed; the unit stays due, after all others."""
    cursor.execute(
        "update raw.trakt_units set tries = tries + 1, last_error = %s where unit = %s",
        (reason[:_LONGEST_ERROR], unit.path),
    )


def due(cursor: Cursor, reasons: Collection[str]) -> Mapping[str, int]:
    """Return how many units are due, by reason."""
    cursor.execute(
        "select due_reason, count(*) from raw.trakt_units "
        "where due_since is not null and due_reason = any(%s) group by due_reason",
        (list(reasons),),
    )
    return {str(reason): int(count) for reason, count in cursor.fetchall()}


def _ended(cursor: Cursor, unit: Unit, completed_at: datetime, gone_at: datetime | None) -> None:
    cursor.execute(
        """
        update raw.trakt_units set
            next_page = 1, scan_began_at = null, completed_at = %s,
            completed_scans = completed_scans + 1, due_since = null, due_reason = null,
            tries = 0, last_error = null, gone_at = coalesce(gone_at, %s)
        where unit = %s
        """,
        (completed_at, gone_at, unit.path),
    )
