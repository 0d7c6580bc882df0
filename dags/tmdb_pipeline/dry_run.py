"""The steps of a run that asks and compares with the contracts, and writes nothing to raw."""

import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tmdb_pipeline import items, walks
from tmdb_pipeline.client import Page, TmdbClient
from tmdb_pipeline.config import (
    KIND_NAMES,
    KINDS,
    MOST_PAGES,
    SOURCE,
    TmdbSettings,
    kind_named,
)
from tmdb_pipeline.figures import Figures
from tmdb_pipeline.landing import Checks
from tmdb_pipeline.pages import sort_out
from warehouse.database.connection import connected
from warehouse.errors import TransientError
from warehouse.http.api_client import ApiClient, Stopped
from warehouse.http.contracts import Breach
from warehouse.http.rate_limit import SharedLimit

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DryRun:
    """The steps of `Sync` without what they write; each returns its figures."""

    url: str = field(repr=False)
    settings: TmdbSettings
    kinds: tuple[str, ...] = KIND_NAMES

    def genres(self) -> dict[str, Any]:
        """Ask for the genres."""
        checks, figures = Checks("genres"), Figures()
        with self._client(figures) as client:
            for kind in [kind for kind in KINDS if kind.genres and kind.name in self.kinds]:
                answer = client.genres(kind)
                figures.answers += 1
                _note(figures, kind.name, checks.breach(answer.data, answer.body))
        return _reported("genres", figures, checks)

    def popular(self, kind_name: str, pages: int) -> dict[str, Any]:
        """Walk the list; `new` of the figures are the things that are not followed."""
        kind, checks, figures = kind_named(kind_name), Checks(f"list_{kind_name}"), Figures()
        numbers: set[int] = set()
        with self._client(figures) as client:
            for page in _walked(partial(client.popular, kind), min(pages, MOST_PAGES)):
                numbers.update(_numbers(page, checks, figures))
        with connected(self.url, purpose="dry run") as connection, connection.cursor() as cursor:
            new = items.unknown(cursor, kind.name, numbers)
        return _reported(f"list of {kind.name}", figures, checks) | {"new": new}

    def changes(self) -> dict[str, Any]:
        """Walk the changes; `changed` of the figures are the things that are followed, by kind."""
        checks, figures, changed = Checks("change"), Figures(), {}
        with (
            self._client(figures) as client,
            connected(self.url, purpose="dry run") as connection,
            connection.cursor() as cursor,
        ):
            today = client.now().date()
            for kind in [kind for kind in KINDS if kind.name in self.kinds]:
                numbers: set[int] = set()
                for start, end in walks.windows(walks.last_complete_end(cursor, kind.name), today):
                    for page in _walked(partial(client.changes, kind, start, end), 1 << 30):
                        numbers.update(_numbers(page, checks, figures))
                new = items.unknown(cursor, kind.name, numbers)
                changed[kind.name] = sorted(numbers.difference(new))
                figures.followed += len(changed[kind.name])
        return _reported("changes", figures, checks) | {"changed": changed}

    def details(
        self, kind_name: str, new: Iterable[int] = (), *, everything: bool = False
    ) -> dict[str, Any]:
        """Ask for the things that are due, and for those that are `new`.

        With `everything`, all that is followed is due.
        """
        kind, figures, checks = kind_named(kind_name), Figures(), Checks(kind_name)

        def ask(number: int) -> Breach | TransientError | None:
            try:
                answer = client.details(kind, number)
            except Stopped:
                raise
            except TransientError as error:
                return error
            found = None if answer.status == 404 else checks.breach(answer.data, answer.body)
            figures.gone += answer.status == 404
            return found

        with (
            self._client(figures) as client,
            ThreadPoolExecutor(self.settings.max_at_once) as threads,
            connected(self.url, purpose="dry run") as connection,
        ):
            with connection, connection.cursor() as cursor:
                due = items.due_numbers(
                    cursor, kind, self.settings, client.now(), everything=everything
                )
            numbers = sorted({*due, *new})
            for number, outcome in zip(numbers, threads.map(ask, numbers), strict=True):
                if isinstance(outcome, TransientError):
                    figures.failed += 1
                    log.warning("could not be had: %s", outcome)
                else:
                    figures.answers += 1
                    _note(figures, str(number), outcome)
        figures.due = figures.failed
        return _reported(kind.dataset.name, figures, checks)

    @contextmanager
    def _client(self, figures: Figures) -> Iterator[TmdbClient]:
        settings = self.settings
        policy = settings.api_policy
        with SharedLimit(
            self.url,
            SOURCE,
            requests=settings.requests_in_period,
            period=settings.period,
            at_once=settings.max_at_once,
        ) as limit:
            api = ApiClient(policy, limit)
            try:
                yield TmdbClient(api)
            finally:
                # A fault ends the other threads of the step.
                api.stop.set()
                api.close()
                figures.requests = api.requests


def _walked(ask: Callable[[int], Page], most: int) -> Iterator[Page]:
    walk, ends = walks.Walk(0, 1, 0, datetime.now(UTC)), False
    while not ends:
        page = ask(walk.next_page)
        yield page
        last = page.ends or page.breach is not None
        ends = last or walk.ends_after(len(page.results), page.total_pages, most)
        walk = walks.next_page(walk, len(page.results))


def _numbers(page: Page, checks: Checks, figures: Figures) -> set[int]:
    """The ids on a page, which is compared with its contract."""
    found = sort_out(page, checks, figures.answers)
    figures.answers += 1
    for bad in found.bad:
        _note(figures, bad.item_key, bad.breach)
    _note(figures, page.answer.url, page.breach)
    return {result["id"] for result in found.good if result["id"] is not None}


def _note(figures: Figures, key: str, breach: Breach | None) -> None:
    if breach:
        figures.quarantined += 1
        log.warning("%s breaks its contract: %s: %s", key, breach.path, breach.rule)


def _reported(name: str, figures: Figures, checks: Checks) -> dict[str, Any]:
    log.info("%s, dry run: %s", name, figures.line())
    for path, count in sorted(checks.drift.items()):
        log.info("%s: the contract does not name %s (%s items)", name, path, f"{count:,}")
    return figures.report()
