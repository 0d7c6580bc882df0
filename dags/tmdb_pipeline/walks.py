"""Walks through the pages of a list or of a window of changes.

Each page is committed together with how far the walk is (`raw.tmdb_walks`), so a walk that was
killed continues at the page that was not got. One process at a time walks a list.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from psycopg2.extensions import cursor as Cursor

from tmdb_pipeline.config import LONGEST_WINDOW

POPULAR, CHANGES = "popular", "changes"
# After so many pages in a row without anything a walk ends.
_MOST_EMPTY = 2


@dataclass(frozen=True, slots=True)
class Walk:
    """How far a walk is; `start` and `end` are the window of changes."""

    walk_id: int
    kind_name: str
    next_page: int
    empty_pages: int
    began_at: datetime
    start: date | None = None
    end: date | None = None

    def ends_after(self, page_results: int, total_pages: int, most_pages: int) -> bool:
        """Say whether the page that came (`next_page`) is the last one."""
        empty = 0 if page_results else self.empty_pages + 1
        return self.next_page >= min(most_pages, total_pages) or empty >= _MOST_EMPTY


def lock_of(endpoint: str, kind_name: str) -> str:
    """Return the name of the lock that a walk is held with."""
    return f"tmdb: {endpoint} {kind_name}"


def open_walk(cursor: Cursor, endpoint: str, kind_name: str) -> Walk | None:
    """Return the newest walk where it was not completed."""
    cursor.execute(
        """
        select walk_id, kind, next_page, empty_pages, began_at, start_date, end_date, completed_at
        from raw.tmdb_walks where endpoint = %s and kind = %s order by walk_id desc limit 1
        """,
        (endpoint, kind_name),
    )
    row = cursor.fetchone()
    return None if row is None or row[-1] is not None else Walk(*row[:-1])


def begin_walk(
    cursor: Cursor,
    endpoint: str,
    kind_name: str,
    now: datetime,
    start: date | None = None,
    end: date | None = None,
) -> Walk:
    """Begin a walk at its first page."""
    cursor.execute(
        "insert into raw.tmdb_walks (endpoint, kind, start_date, end_date, began_at) "
        "values (%s, %s, %s, %s, %s) returning walk_id",
        (endpoint, kind_name, start, end, now),
    )
    row = cursor.fetchone()
    assert row is not None  # noqa: S101 - `returning` gives a row
    return Walk(int(row[0]), kind_name, 1, 0, now, start, end)


def next_page(walk: Walk, page_results: int) -> Walk:
    """Return the walk after the page `next_page` came with so many results."""
    empty = 0 if page_results else walk.empty_pages + 1
    return replace(walk, next_page=walk.next_page + 1, empty_pages=empty)


def advance(cursor: Cursor, walk: Walk, page_results: int, now: datetime, *, ends: bool) -> Walk:
    """Note that the page `next_page` of the walk came, and whether it was the last."""
    after = next_page(walk, page_results)
    cursor.execute(
        "update raw.tmdb_walks set next_page = %s, empty_pages = %s, completed_at = %s "
        "where walk_id = %s",
        (after.next_page, after.empty_pages, now if ends else None, walk.walk_id),
    )
    return after


def windows(last_end: date | None, today: date) -> Iterator[tuple[date, date]]:
    """Yield the windows of changes to walk, the oldest first.

    The first begins a day before the end of the last complete one; none is longer than TMDb allows.
    """
    start = (last_end or today) - timedelta(days=1)
    while True:
        end = min(start + timedelta(days=LONGEST_WINDOW), today)
        yield start, end
        if end >= today:
            return
        start = end


def last_complete_end(cursor: Cursor, kind_name: str) -> date | None:
    """Return the last day of the newest window of changes that was walked to its end."""
    cursor.execute(
        "select max(end_date) from raw.tmdb_walks "
        "where endpoint = %s and kind = %s and completed_at is not null",
        (CHANGES, kind_name),
    )
    row = cursor.fetchone()
    return row[0] if row else None
