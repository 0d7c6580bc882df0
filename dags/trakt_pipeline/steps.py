"""What each step of a run works with: a session, the client, open batches, figures, a log row."""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from trakt_pipeline.client import TraktClient
from trakt_pipeline.config import COMMENT_DATASETS, COMMENTS, DATASETS, SOURCE, TraktSettings
from trakt_pipeline.figures import TraktFigures
from trakt_pipeline.landing import CommentsLanding
from trakt_pipeline.user_keys import UserKeys
from warehouse.database.connection import connected
from warehouse.database.turns import held
from warehouse.http.api_client import ApiClient
from warehouse.http.rate_limit import SharedLimit
from warehouse.raw.api_batch import ApiBatch, ApiDataset, ApiRun, api_batch
from warehouse.raw.ingest_log import logged_step
from warehouse.raw.item_checks import ItemChecks
from warehouse.raw.origins import begin_history
from warehouse.raw.quarantine import check_share, record_drift

log = logging.getLogger(__name__)

# How many seconds a step waits for its lock.
_PATIENCE = 3600.0


@dataclass(frozen=True, slots=True)
class TraktStep:
    """What a step works with. `batches` are those of its datasets, by name.

    Give `checks` every check whose unknown keys are to be recorded when the step ends.
    """

    connection: Connection
    client: TraktClient
    settings: TraktSettings
    keys: UserKeys
    batches: dict[str, ApiBatch]
    figures: TraktFigures
    checks: list[tuple[ApiDataset, ItemChecks]]

    def batch(self, dataset: ApiDataset) -> ApiBatch:
        """Return the open batch of a dataset of the step."""
        return self.batches[dataset.name]

    def landing(self) -> CommentsLanding:
        """Return what writes pages of comments in this step, which has their three datasets."""
        comments, versions, measures = map(self.batch, COMMENT_DATASETS)
        landing = CommentsLanding(comments, versions, measures, self.keys, self.figures)
        self.checks.extend((COMMENTS, each) for each in landing.checks)
        return landing

    def record_drift(self) -> None:
        """Write the keys that no contract names."""
        with self.connection, self.connection.cursor() as cursor:
            for dataset, checks in self.checks:
                record_drift(cursor, SOURCE, dataset.name, checks.drift)


@dataclass(frozen=True, slots=True)
class TraktRun:
    """The run `run_id` of `dag_id` on the warehouse at `url`."""

    url: str = field(repr=False)
    settings: TraktSettings
    dag_id: str
    run_id: str

    @property
    def api_run(self) -> ApiRun:
        """What the batches of the run are of."""
        return ApiRun(self.dag_id, self.run_id, self.settings.origin)

    @contextmanager
    def step(
        self, name: str, datasets: Sequence[ApiDataset], *, lock: str | None = None
    ) -> Iterator[TraktStep]:
        """Open all that the step `name` works with; end its batches and log it at the end.

        With `lock`, steps of that lock take turns: each begins its batches when it has it. Raises
        `WarehouseUnavailable` where it does not get it, and `HeldBack` at the end where too many
        items of the run break their contract.
        """
        settings, figures = self.settings, TraktFigures()
        policy, run = settings.api_policy, self.api_run
        with ExitStack() as stack:
            stack.enter_context(logged_step(self.url, SOURCE, run, name, figures))
            connection = stack.enter_context(connected(self.url, purpose=f"{SOURCE} {self.run_id}"))
            stop = threading.Event()
            limit = stack.enter_context(
                SharedLimit(
                    self.url,
                    SOURCE,
                    requests=settings.max_requests,
                    period=settings.period_seconds,
                    at_once=settings.max_at_once,
                    stop=stop,
                )
            )
            api = ApiClient(policy, limit, stop=stop)
            stack.callback(api.close)
            begin_history(connection, DATASETS, run, _forget, patience=settings.lock_patience)
            with connection, connection.cursor() as cursor:
                keys = UserKeys.load(cursor, settings.user_key)
            if lock is not None:
                stack.enter_context(held(connection, lock, patience=_PATIENCE))
            batches = {
                dataset.name: stack.enter_context(
                    api_batch(connection, dataset, run, patience=settings.lock_patience)
                )
                for dataset in datasets
            }
            step = TraktStep(connection, TraktClient(api), settings, keys, batches, figures, [])
            try:
                yield step
            finally:
                figures.requests, figures.bans = api.requests, api.bans
                log.info("%s: %s", name, figures.line())
            step.record_drift()
        self.check(name)

    def check(self, name: str) -> None:
        """Raise `HeldBack` where too many items of the run were quarantined."""
        with (
            connected(self.url, purpose=f"{SOURCE} quarantine") as connection,
            connection,
            connection.cursor() as cursor,
        ):
            check_share(
                cursor,
                SOURCE,
                self.api_run,
                name,
                most=self.settings.max_quarantined_share,
                setting="TRAKT_MAX_QUARANTINED_SHARE",
                folder="trakt_pipeline/contracts",
            )

    def report(self, step: TraktStep) -> dict[str, Any]:
        """Return the figures of a step that has ended."""
        return step.figures.report(list(step.batches.values())[:1])


def _forget(cursor: Cursor) -> None:
    """Delete what is known from another place. Secrets and who is forgotten stay."""
    for statement in _KNOWN:
        cursor.execute(statement)


_KNOWN = (
    "delete from raw.trakt_comments",
    "delete from raw.trakt_comment_versions",
    "delete from raw.trakt_comment_measures",
    "delete from raw.trakt_units",
    "delete from raw.trakt_titles_asked",
    "delete from raw.trakt_feeds",
)
