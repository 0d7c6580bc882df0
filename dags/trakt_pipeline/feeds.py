"""Walks through the feeds `recent` and `updates`, page by page.

No field shows the order of `updates`, and likes move without it: what is compared is the state of
each comment. A walk ends after whole pages that hold only what the last complete walk, or anything
before it, has landed. Each page is committed. A walk that is killed begins at its first page again:
what it landed does not count as known until a walk is complete. An empty page is no end where the
headers of an earlier page said that the feed is longer.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from trakt_pipeline import units
from trakt_pipeline.client import CommentsPage
from trakt_pipeline.figures import TraktFigures
from trakt_pipeline.landing import CommentsLanding, LandedPage
from trakt_pipeline.page_checks import SeenComment
from trakt_pipeline.scan import Unit
from trakt_pipeline.subjects import Subject

log = logging.getLogger(__name__)

Feed = Literal["recent", "updates"]
# After so many whole pages in a row with nothing but what is known a walk ends.
KNOWN_PAGES = 2
_CUT = "a page said that the feed ends there, and a page or walk before said that it is longer"


@dataclass(frozen=True, slots=True)
class FeedWalk:
    """A walk through `feed`, whose pages `ask` gives, at most `most_pages` of them.

    `batch_id` is the batch of versions that it writes into.
    """

    feed: Feed
    ask: Callable[[int], CommentsPage]
    connection: Connection
    landing: CommentsLanding
    figures: TraktFigures
    most_pages: int
    batch_id: int

    def walk(self) -> None:
        """Walk until all is known, and read what arrived meanwhile.

        On the first walk of all, a feed that is longer than `most_pages` is read so far and is
        complete; later it is not, and the next run reads it again.
        """
        with self.connection, self.connection.cursor() as cursor:
            last_batch = _last_batch(cursor, self.feed)
        walked = _Walked(set(), [])
        reason = self._down(walked, last_batch)
        if reason is None and walked.pairs:
            reason = self._read_arrivals(walked)
        if reason is not None:
            # There is at least one page more that was to be read.
            self.figures.pages_announced += 1
            log.warning(
                "%s: %s: the walk is not complete, and the next run begins at the first page again",
                self.feed, reason,
            )  # fmt: skip
        elif walked.pairs:
            with self.connection, self.connection.cursor() as cursor:
                _complete(cursor, self.feed, self.batch_id, max(walked.moments))
        self.figures.is_complete = reason is None

    def _down(self, walked: "_Walked", last_batch: int | None) -> str | None:
        """Read until all is known; return why the walk is not complete, None where it is."""
        number, known_pages, item_count = 1, 0, 0
        for _ in range(self.most_pages):
            page, landed = self._read(number)
            # Where the feed got shorter, comments moved from this page onto the one before.
            shrunk = number > 1 and (page.item_count or item_count) < item_count
            if walked.is_cut_by(page) and not shrunk:
                return _CUT
            walked.add(page, landed)
            is_known = (
                bool(page.items) and not landed.quarantined and _all_known(landed, last_batch)
            )
            known_pages = known_pages + 1 if is_known else 0
            if known_pages >= KNOWN_PAGES:
                return None
            if page.is_last and not shrunk:
                return None if walked.pairs or last_batch is None else _CUT
            item_count = page.item_count or item_count
            number = number - 1 if shrunk else number + 1
        if last_batch is None:
            return None
        return f"after {self.most_pages} pages there was still something new (TRAKT_FEED_PAGES)"

    def _read_arrivals(self, walked: "_Walked") -> str | None:
        """Read from the first page until one overlaps what was read; return as `_down` does."""
        known = set(walked.pairs)
        for number in range(1, self.most_pages + 1):
            page, landed = self._read(number)
            if walked.is_cut_by(page):
                return _CUT
            walked.add(page, landed)
            if page.is_last or not known.isdisjoint(each.pair for each in landed.seen):
                break
        return None

    def _read(self, number: int) -> tuple[CommentsPage, LandedPage]:
        self.figures.pages_announced += 1
        page = self.ask(number)
        with self.connection, self.connection.cursor() as cursor:
            landed = self.landing.land(cursor, self.feed, page)
        # Not in one transaction with the comments: who scans a unit holds it and waits for these.
        with self.connection, self.connection.cursor() as cursor:
            follow(cursor, landed.seen, page.answer.answered_at)
        self.figures.pages_landed += 1
        return page, landed


@dataclass(slots=True)
class _Walked:
    """What a walk has read: the states of comments, and when each page was answered.

    `page_count` is what the last page with that header said; 0 before it.
    """

    pairs: set[tuple[int, str]]
    moments: list[datetime]
    page_count: int = 0

    def is_cut_by(self, page: CommentsPage) -> bool:
        """Whether the page ends the feed before the last page that was named."""
        return page.is_last and (page.page_count or 0) < page.page <= self.page_count

    def add(self, page: CommentsPage, landed: LandedPage) -> None:
        self.pairs.update(each.pair for each in landed.seen)
        self.moments.append(page.answer.answered_at)
        self.page_count = page.page_count or self.page_count


def follow(cursor: Cursor, seen: Iterable[SeenComment], moment: datetime) -> None:
    """Make units of what the comments are about, and of its title, due from now where new."""
    newest: dict[Subject, str | None] = {}
    for each in seen:
        created = str(each.comment["created_at"])
        if (title := each.subject.title) is not None:
            newest.setdefault(title, None)
            newest[each.subject] = max(created, newest.get(each.subject) or "")
    units.follow(cursor, map(Unit.of, newest), moment)
    if times := [(subject.unit, created) for subject, created in newest.items() if created]:
        execute_values(cursor, _NEWEST, times, template="(%s, %s::timestamptz)")


# A unit that is scanned now stays as it is: its scan sees the same comments.
_NEWEST = """
    update raw.trakt_units as unit
    set newest_comment_at = newer.created_at
    from (
        select old.unit, seen.created_at
        from raw.trakt_units as old
        inner join (values %s) as seen (unit, created_at) using (unit)
        where old.newest_comment_at is null or old.newest_comment_at < seen.created_at
        for no key update of old skip locked
    ) as newer
    where unit.unit = newer.unit
"""


def _all_known(landed: LandedPage, last_batch: int | None) -> bool:
    return (
        last_batch is not None
        and not landed.new
        and not landed.changed
        and all(batch_id <= last_batch for batch_id in landed.known.values())
    )


def _last_batch(cursor: Cursor, feed: Feed) -> int | None:
    """The batch of the last complete walk; None before the first."""
    cursor.execute("select batch_id from raw.trakt_feeds where feed = %s", (feed,))
    row = cursor.fetchone()
    return None if row is None else int(row[0])


def _complete(cursor: Cursor, feed: Feed, batch_id: int, moment: datetime) -> None:
    cursor.execute(
        "insert into raw.trakt_feeds (feed, batch_id, completed_at) values (%s, %s, %s) "
        "on conflict (feed) do update "
        "set batch_id = excluded.batch_id, completed_at = excluded.completed_at",
        (feed, batch_id, moment),
    )
