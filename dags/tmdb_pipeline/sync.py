"""The sync: what a run asks TMDb for, and what it writes. Each method is a step of the DAG.

Every answer is committed with the note that it was got, so a step that is killed at any moment
continues where it was. Steps of two runs can work at the same time: they share the queue of
details, and take turns at each list.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from tmdb_pipeline import items, retention, walks
from tmdb_pipeline.client import TmdbClient
from tmdb_pipeline.config import (
    CHANGES,
    DATASETS,
    GENRES,
    KIND_NAMES,
    KINDS,
    LISTS,
    MEASURES,
    SOURCE,
    MediaKind,
    TmdbSettings,
    kind_named,
)
from tmdb_pipeline.details import DetailsBatches, DetailsStep
from tmdb_pipeline.figures import Figures
from tmdb_pipeline.pages import PageSteps
from tmdb_pipeline.walks import Walks
from warehouse.database.connection import connected
from warehouse.database.turns import held
from warehouse.http.api_client import ApiClient
from warehouse.http.rate_limit import SharedLimit
from warehouse.raw.api_batch import ApiBatch, ApiDataset, ApiRun, api_batch, end_killed
from warehouse.raw.origins import begin_history
from warehouse.raw.quarantine import check_share

log = logging.getLogger(__name__)

# How many seconds a walk waits for the same walk of another run.
_PATIENCE = 3600.0


@dataclass(frozen=True, slots=True)
class Sync:
    """The steps of the run `run_id` of `dag_id` on the warehouse at `url`.

    `kinds` are those that are asked for. Each step returns its figures. Steps raise
    `SourceRefused` for a key that is not accepted, `SourceUnavailable` where TMDb is out, and
    `HeldBack` where too many items break their contract.
    """

    url: str = field(repr=False)
    settings: TmdbSettings
    dag_id: str
    run_id: str
    kinds: tuple[str, ...] = KIND_NAMES

    @property
    def _run(self) -> ApiRun:
        return ApiRun(self.dag_id, self.run_id, self.settings.origin)

    @property
    def _kinds(self) -> list[MediaKind]:
        return [kind for kind in KINDS if kind.name in self.kinds]

    def genres(self) -> dict[str, Any]:
        """Fetch the lists of genres."""
        with self._step([GENRES]) as step:
            kinds = [kind for kind in self._kinds if kind.genres]
            step.pages.genres(kinds, step.batches[0], step.figures)
        return self._finished("genres", step)

    def popular(self, kind_name: str, pages: int) -> dict[str, Any]:
        """Walk the popular list of a kind."""
        kind = kind_named(kind_name)
        with self._step([LISTS, MEASURES]) as step:
            lock = Walks(self._run, walks.POPULAR, kind.name).lock
            with held(step.connection, lock, patience=_PATIENCE):
                listed, measures = step.batches
                step.pages.popular(kind, pages, listed, measures, step.figures)
        return self._finished(f"list of {kind.name}", step)

    def changes(self) -> dict[str, Any]:
        """Walk the changes of all kinds since the last complete window."""
        with self._step([CHANGES]) as step:
            now = step.client.now()
            for kind in self._kinds:
                lock = Walks(self._run, walks.CHANGES, kind.name).lock
                with held(step.connection, lock, patience=_PATIENCE):
                    step.pages.changes(kind, now, step.batches[0], step.figures)
        return self._finished("changes", step)

    def plan(self, *, everything: bool = False) -> dict[str, dict[str, int]]:
        """Make due what was not checked for long; return how many things are due, by reason.

        With `everything`, all that is followed is due.
        """
        with (
            connected(self.url, purpose=f"plan {self.run_id}") as connection,
            connection,
            connection.cursor() as cursor,
        ):
            now = _newest_answer(cursor)
            planned = {
                kind.name: dict(items.plan(cursor, kind, self.settings, now, everything=everything))
                for kind in self._kinds
            }
        for name, reasons in planned.items():
            shown = ", ".join(f"{reason} {count:,}" for reason, count in reasons.items())
            log.info("%s: due are %s", name, shown or "none")
        return planned

    def details(self, kind_name: str, *, threads: int | None = None) -> dict[str, Any]:
        """Ask for all things of a kind that are due; what fails stays due and is counted."""
        kind = kind_named(kind_name)
        with self._step([kind.dataset, MEASURES]) as step:
            with step.connection, step.connection.cursor() as cursor:
                cursor.execute("select clock_timestamp()")
                (since,) = cursor.fetchone() or (None,)
            batches = DetailsBatches(*step.batches)
            work = DetailsStep(self.url, step.client, self.settings, kind, batches, step.figures)
            work.run(since, threads or self.settings.max_at_once)
            with step.connection, step.connection.cursor() as cursor:
                step.figures.due = sum(items.due(cursor, kind).values())
        return self._finished(kind.dataset.name, step)

    def end_killed(self) -> None:
        """End the batches whose process was killed: models read only what has ended."""
        with connected(self.url, purpose=f"killed {self.run_id}") as connection:
            for dataset in DATASETS:
                end_killed(connection, dataset, patience=self.settings.lock_patience)

    def prune(self) -> dict[str, int]:
        """Delete bodies that are too old; return how many rows, by table."""
        with connected(self.url, purpose=f"prune {self.run_id}") as connection:
            return retention.prune(connection, self.settings.keep_bodies_days)

    @contextmanager
    def _step(self, datasets: Iterable[ApiDataset]) -> Iterator["_Step"]:
        """Open the sessions, the client and the batches of a step, and end them."""
        settings, figures = self.settings, Figures()
        with ExitStack() as stack:
            policy = settings.api_policy
            connection = stack.enter_context(connected(self.url, purpose=f"{SOURCE} {self.run_id}"))
            limit = stack.enter_context(
                SharedLimit(
                    self.url,
                    SOURCE,
                    requests=settings.requests_in_period,
                    period=settings.period,
                    at_once=settings.max_at_once,
                )
            )
            api = ApiClient(policy, limit)
            stack.callback(api.close)
            begin_history(connection, DATASETS, self._run, _forget, patience=settings.lock_patience)
            batches = tuple(
                stack.enter_context(
                    api_batch(connection, dataset, self._run, patience=settings.lock_patience)
                )
                for dataset in datasets
            )
            client = TmdbClient(api)
            pages = PageSteps(connection, client, settings.max_quarantined_share)
            step = _Step(connection, client, pages, batches, figures)
            try:
                yield step
            finally:
                figures.requests = api.requests

    def _finished(self, name: str, step: "_Step") -> dict[str, Any]:
        """Log the step's figures and return them; raise where too many items were quarantined."""
        log.info("%s: %s", name, step.figures.line())
        with (
            connected(self.url, purpose=f"{SOURCE} quarantine") as connection,
            connection,
            connection.cursor() as cursor,
        ):
            check_share(
                cursor,
                SOURCE,
                self._run,
                name,
                most=self.settings.max_quarantined_share,
                setting="TMDB_MAX_QUARANTINED_SHARE",
                folder="tmdb_pipeline/contracts",
            )
        return step.figures.report(step.batches[:1])


@dataclass(frozen=True, slots=True)
class _Step:
    """What a step works with."""

    connection: Connection
    client: TmdbClient
    pages: PageSteps
    batches: tuple[ApiBatch, ...]
    figures: Figures


def _forget(cursor: Cursor) -> None:
    """Delete what is due and measured of another place; answers stay, and leave the models."""
    cursor.execute(
        "delete from raw.tmdb_items; delete from raw.tmdb_walks; delete from raw.tmdb_measures"
    )


def _newest_answer(cursor: Cursor) -> datetime:
    """The time by TMDb's clock when it answered last; now where it never did."""
    cursor.execute(
        "select coalesce(max(greatest(completed_at, began_at)), clock_timestamp()) "
        "from raw.tmdb_walks"
    )
    (now,) = cursor.fetchone() or (None,)
    assert isinstance(now, datetime)  # noqa: S101 - an aggregate gives a row
    return now
