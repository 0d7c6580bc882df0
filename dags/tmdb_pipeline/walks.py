"""Walks through the pages of a list or of a window of changes.

Each page is committed together with how far the walk is (`raw.tmdb_walks`), so a walk that was
killed continues at the page that was not got. One process at a time walks a list. What a run has
walked to its end is taken over by the next run where that one was killed before its report.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from psycopg2.extensions import cursor as Cursor

from tmdb_pipeline.config import LONGEST_WINDOW
from warehouse.raw.api_batch import ApiRun

GENRES, POPULAR, CHANGES = "genres", "popular", "changes"
# After so many pages in a row without anything a walk ends.
_MOST_EMPTY = 2
# Answers of TMDb's cache are as old as that.
_TAKEN_OVER_FOR = timedelta(hours=5)


@dataclass(frozen=True, slots=True)
class Walk:
    """How far a walk is; `start` and `end` are the window of changes."""

    walk_id: int
    next_page: int
    empty_pages: int
    began_at: datetime
    start: date | None = None
    end: date | None = None

    def ends_after(self, page_results: int, total_pages: int, most_pages: int) -> bool:
        """Say whether the page that came (`next_page`) is the last one."""
        empty = 0 if page_results else self.empty_pages + 1
        return self.next_page >= min(most_pages, total_pages) or empty >= _MOST_EMPTY


@dataclass(frozen=True, slots=True)
class Walks:
    """The walks of `run` through the pages of an endpoint about a kind; all need a transaction."""

    run: ApiRun
    endpoint: str
    kind_name: str

    @property
    def lock(self) -> str:
        """The name of the lock that a walk is held with."""
        return f"tmdb: {self.endpoint} {self.kind_name}"

    def unfinished(self, cursor: Cursor) -> Walk | None:
        """Return the newest walk where it was not completed."""
        cursor.execute(
            """
            select walk_id, next_page, empty_pages, began_at, start_date, end_date, completed_at
            from raw.tmdb_walks where endpoint = %s and kind = %s order by walk_id desc limit 1
            """,
            (self.endpoint, self.kind_name),
        )
        row = cursor.fetchone()
        return None if row is None or row[-1] is not None else Walk(*row[:-1])

    def taken_over(self, cursor: Cursor, most_pages: int = 1) -> Walk | None:
        """Return the newest walk where it is as good as a new one.

        It was completed lately, over as many pages, by this run or by one that has not reported: it
        runs beside this one, or was killed.
        """
        cursor.execute(
            """
            with newest as (
                select * from raw.tmdb_walks where endpoint = %s and kind = %s
                order by walk_id desc limit 1
            )

            select walk_id, next_page, empty_pages, began_at, start_date, end_date
            from newest
            where
                completed_at is not null
                and most_pages >= %s
                and written_at > clock_timestamp() - %s
                and (
                    (dag_id, run_id) = (%s, %s)
                    or not exists (
                        select from meta.run_log as report
                        where (report.dag_id, report.run_id) = (newest.dag_id, newest.run_id)
                    )
                )
            """,
            (
                self.endpoint,
                self.kind_name,
                most_pages,
                _TAKEN_OVER_FOR,
                self.run.dag_id,
                self.run.run_id,
            ),
        )
        row = cursor.fetchone()
        return None if row is None else Walk(*row)

    def begin(
        self,
        cursor: Cursor,
        now: datetime,
        *,
        most_pages: int = 1,
        start: date | None = None,
        end: date | None = None,
    ) -> Walk:
        """Begin a walk at its first page."""
        cursor.execute(
            "insert into raw.tmdb_walks (endpoint, kind, start_date, end_date, most_pages, "
            "began_at, dag_id, run_id) values (%s, %s, %s, %s, %s, %s, %s, %s) returning walk_id",
            (
                self.endpoint,
                self.kind_name,
                start,
                end,
                most_pages,
                now,
                self.run.dag_id,
                self.run.run_id,
            ),
        )
        row = cursor.fetchone()
        assert row is not None  # noqa: S101 - `returning` gives a row
        return Walk(int(row[0]), 1, 0, now, start, end)

    def advance(
        self, cursor: Cursor, walk: Walk, page_results: int, now: datetime, *, ends: bool
    ) -> Walk:
        """Note that the page `next_page` of the walk came, and whether it was the last."""
        after = next_page(walk, page_results)
        cursor.execute(
            "update raw.tmdb_walks set next_page = %s, empty_pages = %s, completed_at = %s, "
            "written_at = clock_timestamp(), dag_id = %s, run_id = %s where walk_id = %s",
            (
                after.next_page,
                after.empty_pages,
                now if ends else None,
                self.run.dag_id,
                self.run.run_id,
                walk.walk_id,
            ),
        )
        return after

    def seen_on(self, cursor: Cursor, end: date) -> set[int]:
        """Return the ids that walks of windows with the last day `end` found."""
        cursor.execute(
            """
            select distinct (result ->> 'id')::bigint
            from raw.tmdb_changes
            inner join meta.api_batch_log as batch using (batch_id)
            cross join lateral jsonb_array_elements(raw_data -> 'results') as result
            where kind = %s and end_date = %s and batch.origin = %s and result ->> 'id' is not null
            """,
            (self.kind_name, end, self.run.origin),
        )
        return {number for (number,) in cursor.fetchall()}


def last_complete_end(cursor: Cursor, kind_name: str) -> date | None:
    """Return the last day of the newest window of changes that was walked to its end."""
    cursor.execute(
        "select max(end_date) from raw.tmdb_walks "
        "where endpoint = %s and kind = %s and completed_at is not null",
        (CHANGES, kind_name),
    )
    row = cursor.fetchone()
    return row[0] if row else None


def next_page(walk: Walk, page_results: int) -> Walk:
    """Return the walk after the page `next_page` came with so many results."""
    empty = 0 if page_results else walk.empty_pages + 1
    return replace(walk, next_page=walk.next_page + 1, empty_pages=empty)


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
