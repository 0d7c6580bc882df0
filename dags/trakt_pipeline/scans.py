"""Scans units that are due: all pages of their comments, by several threads that share the queue.

A thread locks a unit, asks for one page, and commits it with the number of the next page. With the
first page of a movie or show come its details, seasons, ratings and stats. When the last page came,
comments of the unit that were on none of them are missing from a complete scan.
"""

import logging
import threading
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from trakt_pipeline import missing, titles, units
from trakt_pipeline.client import CommentsPage, Level, TraktClient
from trakt_pipeline.figures import TraktFigures
from trakt_pipeline.landing import CommentsLanding, LandedPage, PageKind
from trakt_pipeline.scan import PageFacts, Scan, Unit, has_other_pages, is_cut, next_page
from trakt_pipeline.subjects import Subject
from trakt_pipeline.titles import TitlesLanding
from trakt_pipeline.workers import Failures
from warehouse.errors import TransientError
from warehouse.http.api_client import ApiAnswer, Stopped

log = logging.getLogger(__name__)

# How often a scan goes back in one step because its list became shorter.
_MOST_STEPS_BACK = 5


@dataclass(frozen=True, slots=True)
class UnitAnswers:
    """The answers to one claim: a page, and with the first page what is said of its title."""

    page: CommentsPage
    details: ApiAnswer | None = None
    seasons: ApiAnswer | None = None
    ratings: ApiAnswer | None = None
    stats: ApiAnswer | None = None


@dataclass(slots=True)
class ScanProgress:
    """What all threads of a step know together.

    `chosen` are the titles without votes that may be begun, as paths: `shows/1`. `left` are the
    pages that are still to be read, by unit; `scanned` the replies whose scan ended.
    """

    failures: Failures
    chosen: frozenset[str] = frozenset()
    left: dict[str, int] = field(default_factory=dict)
    steps_back: Counter[str] = field(default_factory=Counter)
    scanned: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def page_came(self, unit: Unit, left: int) -> None:
        """Note how many pages of the unit are left."""
        with self.lock:
            self.left[unit.path] = left
            if not left and unit.comment_id is not None:
                self.scanned.add(unit.path)

    def goes_back(self, unit: Unit) -> bool:
        """Count that a scan goes back; False where it did so too often."""
        with self.lock:
            self.steps_back[unit.path] += 1
            return self.steps_back[unit.path] <= _MOST_STEPS_BACK

    @property
    def pages_left(self) -> int:
        """Pages that were announced and not read; one for a unit that failed at its first."""
        return sum(self.left.values()) + len(self.failures.keys - self.left.keys())


class ScanWorker:
    """Scans units, page by page, over one session. For one thread."""

    def __init__(
        self,
        connection: Connection,
        client: TraktClient,
        reasons: Collection[str],
        comments: CommentsLanding,
        titles_landing: TitlesLanding,
        figures: TraktFigures,
        progress: ScanProgress,
    ) -> None:
        self._connection, self._client, self._reasons = connection, client, reasons
        self._comments, self._titles = comments, titles_landing
        self._figures, self._progress = figures, progress

    def work(self) -> bool:
        """Take one page from the queue; False where none is due."""
        failures, failure = self._progress.failures, None
        with self._connection, self._connection.cursor() as cursor:
            scan = units.claim(cursor, self._reasons, failures.keys, self._progress.chosen)
            if scan is None:
                return False
            try:
                answers = self._ask(cursor, scan)
            except Stopped:
                raise
            except TransientError as error:
                units.failed(cursor, scan.unit, str(error))
                failure = error
            else:
                self._land(cursor, scan, answers)
        if failure is None:
            failures.succeeded()
        else:
            log.warning("stays due: %s", failure)
            failures.failed(scan.unit.path, failure)
        return True

    def _ask(self, cursor: Cursor, scan: Scan) -> UnitAnswers:
        unit, client = scan.unit, self._client
        if unit.comment_id is not None:
            return UnitAnswers(client.replies(unit.comment_id, scan.page))
        page = client.unit_comments(unit.path, scan.page)
        level = _title_level(unit)
        if page.is_gone or level is None or unit.title_id is None or scan.began_at is not None:
            return UnitAnswers(page)
        looked_up = scan.is_first and titles.was_looked_up(cursor, level, unit.title_id)
        return UnitAnswers(
            page,
            details=None if looked_up else client.title(level, unit.title_id),
            seasons=client.seasons(unit.title_id) if level == "show" else None,
            ratings=client.ratings(level, unit.title_id),
            stats=client.stats(level, unit.title_id),
        )

    def _land(self, cursor: Cursor, scan: Scan, answers: UnitAnswers) -> None:
        """Write the answers, and how far the scan is."""
        page, unit = answers.page, scan.unit
        now = page.answer.answered_at
        kind: PageKind = "unit" if unit.comment_id is None else "replies"
        subject = unit.subject or _subject_of(cursor, unit.comment_id)
        landed = self._comments.land(cursor, kind, page, subject)
        self._figures.pages_landed += 1
        if page.is_gone:
            units.gone(cursor, scan, now)
            missing.mark(cursor, unit, now, now)
            if unit.comment_id is not None:
                missing.ask_for(cursor, [unit.comment_id], now)
            self._progress.page_came(unit, 0)
            return
        self._land_title(cursor, scan, answers)
        facts = _facts(page, landed)
        if has_other_pages(scan, facts):
            self._pass_over(cursor, unit, "the server changed the length of a page")
            return
        after = next_page(scan, facts)
        if after is None and is_cut(scan, facts):
            self._pass_over(cursor, unit, "its list ended before the number of its items")
        elif after is None:
            self._complete(cursor, scan, facts)
        elif after <= scan.page and not self._progress.goes_back(unit):
            self._pass_over(cursor, unit, "its list became shorter again and again")
        else:
            units.advance(cursor, scan, facts, after)
            self._progress.page_came(unit, max(1, (facts.page_count or after) - after + 1))

    def _complete(self, cursor: Cursor, scan: Scan, facts: PageFacts) -> None:
        units.complete(cursor, scan, facts)
        # Without a number of pages no one knows whether that was all.
        if facts.page_count is not None:
            missing.mark(cursor, scan.unit, scan.began(facts.answered_at), facts.answered_at)
        self._progress.page_came(scan.unit, 0)

    def _pass_over(self, cursor: Cursor, unit: Unit, reason: str) -> None:
        units.begin_again(cursor, unit, reason)
        log.warning("%s: %s while it was read; the next run begins it again", unit.path, reason)
        self._progress.page_came(unit, 1)
        self._progress.failures.pass_over(unit.path)

    def _land_title(self, cursor: Cursor, scan: Scan, answers: UnitAnswers) -> None:
        level, title_id = _title_level(scan.unit), scan.unit.title_id
        if level is None or title_id is None:
            return
        if answers.details is not None:
            self._titles.title(cursor, level, answers.details, title_id)
        if answers.seasons is not None:
            found = self._titles.seasons(cursor, title_id, answers.seasons)
            now = answers.seasons.answered_at
            units.follow(cursor, found, now, priority=scan.priority)
        if answers.ratings is not None:
            self._titles.ratings(cursor, level, title_id, answers.ratings)
        if answers.stats is not None:
            self._titles.stats(cursor, level, title_id, answers.stats)


def _title_level(unit: Unit) -> Level | None:
    """The level of a unit that is a title itself."""
    match unit.level:
        case "movie" | "show" as level:
            return level
    return None


def _subject_of(cursor: Cursor, comment_id: int | None) -> Subject:
    """What a comment is about, and so each of its replies."""
    cursor.execute(
        "select level, title_id, season, episode from raw.trakt_comments where comment_id = %s",
        (comment_id,),
    )
    row = cursor.fetchone()
    assert row is not None  # noqa: S101 - replies are due by a comment that is there
    return Subject(*row)


def _facts(page: CommentsPage, landed: LandedPage) -> PageFacts:
    created = [datetime.fromisoformat(each.comment["created_at"]) for each in landed.seen]
    return PageFacts(
        answered_at=page.answer.answered_at,
        rows=len(page.items),
        limit=page.page_limit,
        page_count=page.page_count,
        item_count=page.item_count,
        newest_comment_at=max(created, default=None),
    )
