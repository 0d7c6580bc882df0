"""The tasks of TMDb's DAG that are TMDb's own: what is asked for, and what is deleted.

Nothing is decided here: each task reads its settings, calls the core and hands the figures over.
The key comes from the environment or from the Airflow connection `tmdb`, and goes to the client.
"""

import contextlib
from collections.abc import Mapping
from typing import Any

from airflow.sdk import Asset, BaseHook, get_current_context, task
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowSkipException
from airflow.sdk.log import mask_secret

from tmdb_pipeline.config import (
    CHANGES,
    GENRES,
    LISTS,
    MEASURES,
    SOURCE,
    TMDB_BASE_URL,
    TmdbSettings,
    kind_named,
)
from tmdb_pipeline.coverage import linked
from tmdb_pipeline.dry_run import DryRun
from tmdb_pipeline.sync import Sync
from warehouse.database.connection import connected
from warehouse.orchestration.assets import raw_asset
from warehouse.orchestration.connection import connection_string
from warehouse.orchestration.failures import final_where_permanent
from warehouse.orchestration.lineage import note_load
from warehouse.raw.api_batch import ApiDataset

API_ASSET = Asset(name=f"{SOURCE}_api", uri=TMDB_BASE_URL)
CONNECTION_ID = "tmdb"
# The XCom with the ids that a dry run found.
NUMBERS = "numbers"


def _params(kind_name: str | None = None) -> Mapping[str, Any]:
    """The run's parameters; skips the task where the run asks for nothing of the kind."""
    params: Mapping[str, Any] = get_current_context()["params"]
    if not params["ingest"]:
        raise AirflowSkipException("the run asks for nothing: `ingest` is false")
    if kind_name is not None and kind_name not in params["kinds"]:
        raise AirflowSkipException(f"{kind_name} is not among the run's kinds")
    return params


def _settings() -> TmdbSettings:
    settings = TmdbSettings.from_environment()
    if not settings.token:
        with contextlib.suppress(AirflowNotFoundException):
            settings = settings.with_token(BaseHook.get_connection(CONNECTION_ID).password or "")
    if settings.token:
        mask_secret(settings.token)
    return settings


def _sync() -> Sync:
    context = get_current_context()
    return Sync(
        connection_string(),
        _settings(),
        dag_id=context["ti"].dag_id,
        run_id=context["run_id"],
        kinds=tuple(context["params"]["kinds"]),
    )


def _dry_run() -> DryRun:
    """The steps that write nothing; the task sends no event of the raw tables."""
    context = get_current_context()
    context["task"].outlets = []
    return DryRun(connection_string(), _settings(), tuple(context["params"]["kinds"]))


def _hand_over(figures: dict[str, Any], name: str) -> dict[str, Any]:
    """Leave the ids called `name` to the task that asks for them, and out of the report."""
    get_current_context()["ti"].xcom_push(key=NUMBERS, value=figures.pop(name))
    return figures


def _landed(figures: dict[str, Any], *datasets: ApiDataset) -> dict[str, Any]:
    """Note for the lineage what the task wrote; return its figures."""
    tables = {dataset.name: dataset.table for dataset in datasets}
    note_load(SOURCE, TmdbSettings.from_environment().origin, tables)
    return figures


@task(inlets=[API_ASSET], outlets=[raw_asset(SOURCE)])
def genres() -> dict[str, Any]:
    """Fetch the lists of genres."""
    params = _params()
    with final_where_permanent():
        if params["dry_run"]:
            return _dry_run().genres()
        return _landed(_sync().genres(), GENRES)


@task(inlets=[API_ASSET], outlets=[raw_asset(SOURCE)])
def popular(kind_name: str) -> dict[str, Any]:
    """Walk the popular list of a kind; things that are new in it are followed from now on."""
    params = _params(kind_name)
    with final_where_permanent():
        if params["dry_run"]:
            return _hand_over(_dry_run().popular(kind_name, params["pages"]), "new")
        return _landed(_sync().popular(kind_name, params["pages"]), LISTS, MEASURES)


@task(inlets=[API_ASSET], outlets=[raw_asset(SOURCE)])
def changes() -> dict[str, Any]:
    """Read which things were edited since the last complete window; those followed are due."""
    params = _params()
    with final_where_permanent():
        if params["dry_run"]:
            return _hand_over(_dry_run().changes(), "changed")
        return _landed(_sync().changes(), CHANGES)


@task.short_circuit(ignore_downstream_trigger_rules=False)
def plan() -> dict[str, dict[str, int]]:
    """Make due what was not checked for long; the log says what is due and why.

    Where nothing is due, the tasks of the details are skipped. What they would note is noted here,
    and their figures are handed over to the report under their names.
    """
    context = get_current_context()
    params = context["params"]
    if params["dry_run"]:
        raise AirflowSkipException("a dry run plans nothing")
    with final_where_permanent():
        sync = _sync()
        # Also where nothing is asked for: an open batch hides its rows from the models.
        sync.end_killed()
        if not params["ingest"]:
            return {}
        planned = sync.plan(everything=params["full_refresh"])
        if any(planned.values()):
            return planned
        for kind_name in planned:
            figures = sync.details(kind_name, threads=1)
            context["ti"].xcom_push(
                key=f"details.{kind_name}", value=figures | {"status": "unchanged"}
            )
    return {}


@task(inlets=[API_ASSET], outlets=[raw_asset(SOURCE)])
def details(kind_name: str, share: int) -> dict[str, Any]:
    """Ask for all things of a kind that are due, each with its credits, ids and keywords.

    `share` is how many such tasks share the requests that may be open at once.
    """
    params = _params(kind_name)
    with final_where_permanent():
        if params["dry_run"]:
            ti = get_current_context()["ti"]
            new = ti.xcom_pull(task_ids=f"lists.{kind_name}", key=NUMBERS) or []
            changed = ti.xcom_pull(task_ids="changes", key=NUMBERS) or {}
            numbers = [*new, *changed.get(kind_name, ())]
            return _dry_run().details(kind_name, numbers, everything=params["full_refresh"])
        sync = _sync()
        threads = max(1, sync.settings.max_at_once // share)
        figures = sync.details(kind_name, threads=threads)
        return _landed(figures, kind_named(kind_name).dataset, MEASURES)


@task
def links() -> dict[str, str]:
    """Count how many things of each kind the published marts link to IMDb."""
    with (
        final_where_permanent(),
        connected(connection_string(), purpose="links") as connection,
        connection,
        connection.cursor() as cursor,
    ):
        return linked(cursor)


@task
def prune() -> dict[str, int]:
    """Delete bodies that TMDb's terms do not allow to keep any longer."""
    if get_current_context()["params"]["dry_run"]:
        raise AirflowSkipException("a dry run deletes nothing")
    with final_where_permanent():
        return _sync().prune()
