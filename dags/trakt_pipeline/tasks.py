"""The tasks of Trakt's DAGs that are Trakt's own: what is asked for, and what is taken out.

Nothing is decided here: each task reads its settings, calls the core and hands the figures over.
The key comes from the environment, a file or the Airflow connection `trakt`, and goes to the
client.
"""

import contextlib
from collections.abc import Iterable
from typing import Any

from airflow.sdk import Asset, BaseHook, get_current_context, task
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowSkipException
from airflow.sdk.log import mask_secret

from trakt_pipeline.config import (
    COMMENT_DATASETS,
    DATASETS,
    SOURCE,
    TRAKT_BASE_URL,
    TraktSettings,
)
from trakt_pipeline.steps import TraktRun
from trakt_pipeline.sync import TraktSync
from warehouse.database.connection import connected
from warehouse.orchestration.assets import raw_asset
from warehouse.orchestration.connection import connection_string
from warehouse.orchestration.failures import final_where_permanent
from warehouse.orchestration.lineage import note_load
from warehouse.raw.api_batch import ApiDataset
from warehouse.runs.service_levels import budget_left

API_ASSET = Asset(name=f"{SOURCE}_api", uri=TRAKT_BASE_URL)
CONNECTION_ID = "trakt"


def _skip_without_ingest() -> None:
    """Skip the task where the run asks for nothing."""
    if not get_current_context()["params"].get("ingest", True):
        raise AirflowSkipException("the run asks for nothing: `ingest` is false")


def _skip_without_budget() -> None:
    """Skip the task where nothing is left of an error budget: what asks for much then waits."""
    with (
        connected(connection_string(), purpose="error budget") as connection,
        connection,
        connection.cursor() as cursor,
    ):
        budget = budget_left(cursor, SOURCE)
    if budget.is_used_up:
        raise AirflowSkipException(
            f"nothing is left of the error budget of {', '.join(budget.exhausted)}: backfills pause"
        )


def _landed(figures: dict[str, Any], datasets: Iterable[ApiDataset]) -> dict[str, Any]:
    """Note for the lineage what the task wrote; return its figures."""
    tables = {dataset.name: dataset.table for dataset in datasets}
    note_load(SOURCE, TraktSettings.from_environment().origin, tables)
    return figures


def _settings() -> TraktSettings:
    settings = TraktSettings.from_environment()
    if not settings.key:
        with contextlib.suppress(AirflowNotFoundException):
            settings = settings.with_key(BaseHook.get_connection(CONNECTION_ID).password or "")
    for secret in (settings.key, settings.user_key):
        if secret:
            mask_secret(secret)
    return settings


def _sync() -> TraktSync:
    context = get_current_context()
    return TraktSync(
        TraktRun(
            connection_string(),
            _settings(),
            dag_id=context["ti"].dag_id,
            run_id=context["run_id"],
        )
    )


@task(inlets=[API_ASSET], outlets=[raw_asset(SOURCE)])
def recent() -> dict[str, Any]:
    """Walk the feed of the newest comments until all on its pages is known."""
    _skip_without_ingest()
    with final_where_permanent():
        return _landed(_sync().recent(), COMMENT_DATASETS)


@task(inlets=[API_ASSET], outlets=[raw_asset(SOURCE)])
def updates() -> dict[str, Any]:
    """Walk the feed of the comments that were touched last until all on its pages is known."""
    _skip_without_ingest()
    with final_where_permanent():
        return _landed(_sync().updates(), COMMENT_DATASETS)


@task(inlets=[API_ASSET], outlets=[raw_asset(SOURCE)])
def backfill() -> dict[str, Any]:
    """Read all comments of titles that are new, and of those that were begun."""
    _skip_without_ingest()
    with final_where_permanent():
        _skip_without_budget()
        titles = get_current_context()["params"]["backfill"]
        return _landed(_sync().backfill(titles), DATASETS)


@task(inlets=[API_ASSET], outlets=[raw_asset(SOURCE)])
def rescan() -> dict[str, Any]:
    """Read the comments of those units again whose day it is, with ratings and stats."""
    _skip_without_ingest()
    with final_where_permanent():
        everything = get_current_context()["params"]["full_refresh"]
        return _landed(_sync().rescan(everything=everything), DATASETS)


@task(inlets=[API_ASSET], outlets=[raw_asset(SOURCE)])
def deletions() -> dict[str, Any]:
    """Ask for comments by their id that are missing from two scans; take out the words of those
    that are gone."""
    with final_where_permanent():
        sync = _sync()
        # Also where nothing is asked for: an open batch hides its rows from the models.
        sync.end_killed()
        _skip_without_ingest()
        return _landed(sync.deletions(), COMMENT_DATASETS)


@task
def prune() -> dict[str, int]:
    """Take out the bodies of pages that are too old, and old answers."""
    with final_where_permanent():
        return _sync().prune()
