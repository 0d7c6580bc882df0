"""The steps of the sync that read pages: genres, the popular lists, and the changes."""

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from tmdb_pipeline import items, walks
from tmdb_pipeline.client import Page, TmdbClient
from tmdb_pipeline.config import MOST_PAGES, MediaKind
from tmdb_pipeline.content import content_sha256
from tmdb_pipeline.figures import Figures
from tmdb_pipeline.landing import (
    Checks,
    Measure,
    last_content,
    write_answer,
    write_measures,
)
from tmdb_pipeline.walks import Walk, Walks
from warehouse.errors import HeldBack
from warehouse.http.api_client import ApiAnswer
from warehouse.http.contracts import Breach
from warehouse.raw.api_batch import ApiBatch
from warehouse.raw.quarantine import QuarantinedItem, quarantine, record_drift

log = logging.getLogger(__name__)

PAGE_LENGTH = 20


@dataclass(frozen=True, slots=True)
class Sorted:
    """The results of a page: those that keep to their contract, and those that do not."""

    good: tuple[dict[str, Any], ...]
    bad: tuple[QuarantinedItem, ...]


def sort_out(page: Page, checks: Checks, number: int) -> Sorted:
    """Compare each result of the page with the contract."""
    good, bad = [], []
    for place, result in enumerate(page.results):
        if breach := checks.breach(result, page.answer.body):
            key = result.get("id") if isinstance(result, dict) else None
            bad.append(_bad(str(key or f"page {number}, place {place + 1}"), breach, result, page))
        else:
            good.append(result)
    return Sorted(tuple(good), tuple(bad))


def _bad(key: str, breach: Breach, data: Any, page: Page) -> QuarantinedItem:
    # ASCII, so that text which Postgres refuses is kept as JSON writes it.
    return QuarantinedItem(key, breach, json.dumps(data), page.answer.answered_at)


class PageSteps:
    """Asks `client` for pages and writes them through `connection`, page by page."""

    def __init__(
        self, connection: Connection, client: TmdbClient, max_quarantined_share: float
    ) -> None:
        self._connection = connection
        self._client = client
        self._max_bad_share = max_quarantined_share

    def genres(self, kinds: Iterable[MediaKind], batch: ApiBatch, figures: Figures) -> None:
        """Fetch the genres of the kinds that have some."""
        checks = Checks("genres")
        for kind in kinds:
            way = Walks(batch.run, walks.GENRES, kind.name)
            with self._connection, self._connection.cursor() as cursor:
                done = way.taken_over(cursor)
            if done and self._is_of_today(done):
                _log_taken_over(f"genres of {kind.name}")
                continue
            answer = self._client.genres(kind)
            now = answer.answered_at
            figures.answers += 1
            batch.checked += 1
            with self._connection, self._connection.cursor() as cursor:
                if breach := checks.breach(answer.data, answer.body):
                    item = QuarantinedItem(kind.name, breach, json.dumps(answer.data), now)
                    # Not noted as read: it is asked for again.
                    self._quarantine(cursor, batch, figures, (item,))
                else:
                    body = answer.body.decode()
                    self._write(cursor, batch, figures, (kind.name,), answer, body, answer.data)
                    way.advance(cursor, way.begin(cursor, now), 1, now, ends=True)
        self._record_drift(batch, checks)

    def popular(
        self, kind: MediaKind, pages: int, batch: ApiBatch, measures: ApiBatch, figures: Figures
    ) -> None:
        """Walk the popular list: at most `pages` pages, as far as TMDb serves them."""
        checks, most = Checks(f"list_{kind.name}"), min(pages, MOST_PAGES)
        way = Walks(batch.run, walks.POPULAR, kind.name)
        with self._connection, self._connection.cursor() as cursor:
            walk, done = way.unfinished(cursor), way.taken_over(cursor, most)
        if done and self._is_of_today(done):
            _log_taken_over(f"list of {kind.name}")
            return
        if walk and not self._is_of_today(walk):
            walk = None  # The list of another day is another list.
        goes_on = True
        while goes_on:
            number = walk.next_page if walk else 1
            page = self._client.popular(kind, number)
            now = page.answer.answered_at
            if page.breach:
                self._hold_back(page, page.breach, number, batch, figures)
            with self._connection, self._connection.cursor() as cursor:
                # Pages from a cache can be of different days: a walk keeps its own.
                walk = walk or way.begin(cursor, now, most_pages=most)
                figures.answers += 1
                found = sort_out(page, checks, number)
                batch.checked += len(page.results)
                self._quarantine(cursor, batch, figures, found.bad)
                if not page.ends:
                    self._land_list(cursor, kind, number, page, found, batch, measures, figures)
                ends = page.ends or walk.ends_after(len(page.results), page.total_pages, most)
                walk = way.advance(cursor, walk, len(page.results), now, ends=ends)
            goes_on = not ends
        self._record_drift(batch, checks)

    def _is_of_today(self, walk: Walk) -> bool:
        """Whether a walk of before began on the day that it is by TMDb's clock, or later.

        Later, because the answer with the time can be from a cache, too.
        """
        return _day(walk.began_at) >= _day(self._client.now())

    def _land_list(
        self,
        cursor: Cursor,
        kind: MediaKind,
        number: int,
        page: Page,
        found: Sorted,
        batch: ApiBatch,
        measures: ApiBatch,
        figures: Figures,
    ) -> None:
        now = page.answer.answered_at
        kept = {**page.answer.data, "results": list(found.good)}
        body = json.dumps(kept) if found.bad else page.answer.body.decode()
        self._write(cursor, batch, figures, (kind.name, number), page.answer, body, kept)
        write_measures(cursor, measures, kind, ranked(page, found, number), now)
        numbers = [result["id"] for result in found.good]
        figures.followed += items.follow(cursor, kind.name, numbers, "list", now)

    def changes(self, kind: MediaKind, now: datetime, batch: ApiBatch, figures: Figures) -> None:
        """Walk the changes since the last complete window, and make due what is followed."""
        checks, way = Checks("change"), Walks(batch.run, walks.CHANGES, kind.name)
        with self._connection, self._connection.cursor() as cursor:
            walk, done = way.unfinished(cursor), way.taken_over(cursor)
            last_end = walks.last_complete_end(cursor, kind.name)
        if done and done.end == now.date():
            return
        for start, end in walks.windows(last_end, now.date()):
            if walk is None or (walk.start, walk.end) != (start, end):
                with self._connection, self._connection.cursor() as cursor:
                    walk = way.begin(cursor, now, start=start, end=end)
            self._walk_window(way, walk, kind, now, batch, figures, checks)
            walk = None
        self._record_drift(batch, checks)

    def _walk_window(
        self,
        way: Walks,
        walk: Walk,
        kind: MediaKind,
        now: datetime,
        batch: ApiBatch,
        figures: Figures,
        checks: Checks,
    ) -> None:
        assert walk.start is not None  # noqa: S101 - a walk through changes has a window
        assert walk.end is not None  # noqa: S101
        # What was checked after the window's last day has all that changed in it. On that day
        # itself a thing is asked for once, and again where it was not among the day's changes.
        before = min(
            items.start_of_day(now),
            items.start_of_day(datetime(walk.end.year, walk.end.month, walk.end.day, tzinfo=UTC))
            + timedelta(days=1),
        )
        with self._connection, self._connection.cursor() as cursor:
            seen = way.seen_on(cursor, walk.end)
        ends = False
        while not ends:
            number = walk.next_page
            page = self._client.changes(kind, walk.start, walk.end, number)
            if page.breach:
                self._hold_back(page, page.breach, number, batch, figures)
            figures.answers += 1
            found = sort_out(page, checks, number)
            batch.checked += len(page.results)
            numbers = {result["id"] for result in found.good if result["id"] is not None}
            with self._connection, self._connection.cursor() as cursor:
                self._quarantine(cursor, batch, figures, found.bad)
                if not page.ends:
                    kept = {**page.answer.data, "results": list(found.good)}
                    body = json.dumps(kept) if found.bad else page.answer.body.decode()
                    key = (kind.name, walk.start, walk.end, number)
                    self._write(cursor, batch, figures, key, page.answer, body, kept)
                    figures.followed += items.mark_changed(
                        cursor, kind.name, numbers, now, before=before, seen=seen
                    )
                ends = page.ends or walk.ends_after(len(page.results), page.total_pages, 1 << 30)
                too_bad = ends and batch.quarantined > batch.checked * self._max_bad_share
                if too_bad:
                    # The next run reads the whole window again.
                    way.begin(cursor, now, start=walk.start, end=walk.end)
                else:
                    walk = way.advance(cursor, walk, len(page.results), now, ends=ends)
            if too_bad:
                raise HeldBack(
                    f"changes of {kind.name}: {batch.quarantined:,} of {batch.checked:,} entries "
                    f"break their contract, and {self._max_bad_share:.1%} may "
                    "(TMDB_MAX_QUARANTINED_SHARE). They are in raw.quarantine, and the next run "
                    f"reads {walk.start} to {walk.end} again. Where TMDb changed its entries, "
                    "change tmdb_pipeline/contracts/change.json."
                )

    def _write(
        self,
        cursor: Cursor,
        batch: ApiBatch,
        figures: Figures,
        key: tuple[object, ...],
        answer: ApiAnswer,
        body: str,
        data: Any,
    ) -> None:
        content = content_sha256(data)
        if content == last_content(cursor, batch, key):
            figures.unchanged += 1
            return
        write_answer(cursor, batch, key, answer, content, body)
        figures.written += 1

    def _quarantine(
        self, cursor: Cursor, batch: ApiBatch, figures: Figures, bad: Iterable[QuarantinedItem]
    ) -> None:
        for item in bad:
            quarantine(cursor, batch, item)
            batch.quarantined += 1
            figures.quarantined += 1

    def _hold_back(
        self, page: Page, breach: Breach, number: int, batch: ApiBatch, figures: Figures
    ) -> None:
        """Put aside a page that is none, and raise: what it should say is not known."""
        figures.answers += 1
        batch.checked += 1
        with self._connection, self._connection.cursor() as cursor:
            self._quarantine(
                cursor, batch, figures, (_bad(f"page {number}", breach, page.answer.data, page),)
            )
        raise HeldBack(
            f"{page.answer.url}: the page breaks its contract: {breach.path}: {breach.rule}. It is "
            "in raw.quarantine, and the next run asks for it again. Where TMDb changed its pages, "
            "change tmdb_pipeline/contracts/page.json."
        )

    def _record_drift(self, batch: ApiBatch, checks: Checks) -> None:
        with self._connection, self._connection.cursor() as cursor:
            record_drift(cursor, batch.dataset.source, batch.dataset.name, checks.drift)


def ranked(page: Page, found: Sorted, number: int) -> list[Measure]:
    """Return the numbers of a page's things with their places; the best one of a thing counts."""
    places = {id(result): place for place, result in enumerate(page.results, 1)}
    measures: dict[int, Measure] = {}
    for result in found.good:
        rank = (number - 1) * PAGE_LENGTH + places[id(result)]
        measures.setdefault(result["id"], Measure.of(result, rank))
    return list(measures.values())


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def _log_taken_over(name: str) -> None:
    log.info("%s: was read by this run, or by one that did not end, and is not read again", name)
