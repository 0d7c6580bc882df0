"""The thin layer between the ingestion core and Airflow: what the DAG's tasks do.

Nothing is decided here; each task reads its settings, calls the core, logs one line of figures and
hands the figures on. Faults that trying again cannot mend end the task at once.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Asset, Variable, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from psycopg2.extensions import cursor as Cursor

from imdb_pipeline.cache_manager import CacheManager
from imdb_pipeline.config import DATASETS, Settings, dataset_named
from warehouse.orchestration.dbt import PROJECT_DIR
from imdb_pipeline.downloader import Downloader
from imdb_pipeline.loader import Loader
from warehouse.builds import publish as publishing
from warehouse.builds.builds import begin_build, rejected_state
from warehouse.database.connection import connected
from warehouse.errors import DamagedFile, PermanentError
from warehouse.orchestration.connection import connection_string
from warehouse.orchestration.failures import SUMMARY_KEY, messages_of, record_error
from warehouse.runs.run_log import record_run
from warehouse.runs.summary import failure_of, summarize, summary_lines

log = logging.getLogger(__name__)

# Other DAGs may schedule on it; the event's extra is the run's report.
WAREHOUSE_ASSET = Asset(name="imdb_warehouse", uri="x-warehouse://imdb")


class VariableStore:
    """Cache entries as Airflow Variables, so that every worker and the UI see them."""

    def read(self, key: str) -> str | None:
        """Return the Variable, or None."""
        value = Variable.get(key, default=None)
        return None if value is None else str(value)

    def write(self, key: str, value: str) -> None:
        """Set the Variable."""
        Variable.set(key, value, description="What the downloaded file is; delete to fetch anew.")

    def delete(self, key: str) -> None:
        """Delete the Variable."""
        Variable.delete(key)


def _downloader() -> Downloader:
    settings = Settings.from_environment()
    return Downloader(settings, CacheManager(VariableStore(), settings.data_dir))


@contextmanager
def _final_where_permanent() -> Iterator[None]:
    """End the task without retries where trying again cannot help.

    A damaged file counts: the downloader has fetched it several times by then. Airflow does not
    show this error to the tasks' retry policy, so its message is handed on here.
    """
    try:
        yield
    except (PermanentError, DamagedFile) as error:
        record_error(error)
        raise AirflowFailException(str(error)) from error


@task
def download(dataset_name: str) -> dict[str, Any]:
    """Fetch the dataset's file where it changed."""
    params = get_current_context()["params"]
    if params["rollback"]:
        raise AirflowSkipException("the run only puts the marts before the last publish back")
    if dataset_name not in params["datasets"]:
        raise AirflowSkipException(f"{dataset_name} is not among the run's datasets")
    with _final_where_permanent():
        dataset = dataset_named(dataset_name)
        result = _downloader().download(
            dataset, force=params["force_download"] or params["full_refresh"]
        )
    log.info(
        "%s: %s, %s bytes fetched, %s rows, %.1f s, %.1f MB/s",
        dataset_name,
        "downloaded" if result.modified else "not modified",
        f"{result.fetched_bytes:,}",
        f"{result.entry.rows:,}",
        result.seconds,
        result.fetched_bytes / 1e6 / max(result.seconds, 1e-3),
    )
    return {
        "download": "downloaded" if result.modified else "not_modified",
        "bytes": result.entry.bytes,
        "download_seconds": round(result.seconds, 3),
    }


@task
def load(dataset_name: str) -> dict[str, Any]:
    """Load the dataset's file into its raw table where the ledger does not have it yet."""
    context = get_current_context()
    with _final_where_permanent():
        dataset = dataset_named(dataset_name)
        downloader = _downloader()
        loader = Loader(connection_string(), downloader.settings)
        force = context["params"]["full_refresh"]
        noted = downloader.cache.entry(dataset)
        # What the ledger has needs no file, which may be on another worker's disk.
        outcome = loader.loaded_already(dataset, noted) if noted and not force else None
        if outcome is None:
            outcome = loader.load(
                dataset,
                downloader.cache.path_of(dataset),
                downloader.present(dataset),
                run_id=context["run_id"],
                force=force,
                accept_shrink=dataset_name in context["params"]["accept_shrink"],
                previous=downloader.cache.previous_path_of(dataset),
            )
        loaded = downloader.cache.entry(dataset)
        if loaded and loaded.sha256 == outcome.load.snapshot_sha256:
            downloader.cache.keep_loaded(dataset, loaded)
    row = outcome.load
    seconds = row.seconds if outcome.written else 0.0
    log.info(
        "%s: %s, %s rows (+%s ~%s -%s), %s bytes, %.1f s, %s rows/s",
        dataset_name,
        outcome.how,
        f"{row.rows:,}",
        f"{row.rows_inserted if outcome.written else 0:,}",
        f"{row.rows_updated if outcome.written else 0:,}",
        f"{row.rows_deleted if outcome.written else 0:,}",
        f"{row.bytes:,}",
        seconds,
        f"{row.rows / seconds:,.0f}" if seconds else "0",
    )
    return {
        "status": "loaded" if outcome.written else "unchanged",
        "rows": row.rows,
        "rows_inserted": row.rows_inserted if outcome.written else 0,
        "rows_updated": row.rows_updated if outcome.written else 0,
        "rows_deleted": row.rows_deleted if outcome.written else 0,
        "load_seconds": round(seconds, 3),
    }


@task.short_circuit(trigger_rule="none_failed", ignore_downstream_trigger_rules=False)
def changed() -> dict[str, Any] | None:
    """Let the dbt part run where the marts are not made from what is there now."""
    context = get_current_context()
    params = context["params"]
    if params["rollback"]:
        return None
    asked_for = [
        f"{parameter} was asked for"
        for parameter in ("force_transform", "full_refresh")
        if params[parameter]
    ]
    with (
        _final_where_permanent(),
        connected(connection_string(), purpose=f"changed? {context['run_id']}") as connection,
    ):
        build = begin_build(
            connection,
            PROJECT_DIR,
            run_id=context["run_id"],
            asked_for=asked_for[-1] if asked_for else None,
            full_refresh=params["full_refresh"],
        )
        if build is None:
            with connection, connection.cursor() as cursor:
                _say_why_not(cursor)
            return None
    anew = " from nothing" if build.from_nothing else ""
    log.info("build %s: the marts will be built%s: %s", build.build_id, anew, build.reason)
    return {
        **asdict(build.state),
        "build_id": build.build_id,
        "full_refresh": build.from_nothing,
    }


def _say_why_not(cursor: Cursor) -> None:
    live, rejected = publishing.what_is_live(cursor), rejected_state(cursor)
    if rejected == publishing.current_state(cursor, PROJECT_DIR):
        log.info(
            "nothing is built: somebody went back from the marts made from load %s and this dbt "
            "project; they come again with a new load, another project or force_transform. "
            "Live is %s",
            rejected.load_id,
            live,
        )
    else:
        log.info("nothing changed. Live is %s", live)


@task(trigger_rule="none_failed_min_one_success")
def publish() -> int:
    """Make the tested marts visible, all at once."""
    context = get_current_context()
    built_from = context["ti"].xcom_pull(task_ids="changed")
    state = publishing.State(built_from["load_id"], built_from["project_sha256"])
    with (
        _final_where_permanent(),
        connected(connection_string(), purpose=f"publish {context['run_id']}") as connection,
    ):
        publish_id = publishing.publish(
            connection,
            state,
            run_id=context["run_id"],
            tables=publishing.mart_names(PROJECT_DIR),
            build_id=built_from.get("build_id"),
            from_nothing=built_from["full_refresh"],
            patience=Settings.from_environment().lock_patience,
        )
        with connection, connection.cursor() as cursor:
            log.info("published: live is %s", publishing.what_is_live(cursor))
    return publish_id


@task
def rollback() -> int:
    """Put the marts before the last publish back, where the run is for that."""
    context = get_current_context()
    if not context["params"]["rollback"]:
        raise AirflowSkipException("nobody asked for it (parameter rollback)")
    with (
        _final_where_permanent(),
        connected(connection_string(), purpose=f"rollback {context['run_id']}") as connection,
    ):
        live = publishing.rollback(
            connection,
            run_id=context["run_id"],
            patience=Settings.from_environment().lock_patience,
        )
        with connection, connection.cursor() as cursor:
            log.info("rolled back: live is %s", publishing.what_is_live(cursor))
    return live.publish_id


@task(trigger_rule="all_done", outlets=[WAREHOUSE_ASSET])
def report() -> dict[str, Any]:
    """Say what the run did, to the log, to `meta.run_log` and as the Asset's extra.

    It runs whatever happened before, so it also is what makes a run with a failed task red. Of a
    red run it leaves the summary for `alert_when_red`.
    """
    context = get_current_context()
    ti, run_id, finished_at = context["ti"], context["run_id"], datetime.now(UTC)
    states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[run_id]).get(run_id, {})
    messages = messages_of(ti, [task for task, state in states.items() if state == "failed"])
    figures = {
        dataset.name: {
            key: value
            for step in ("download", "load")
            for key, value in (ti.xcom_pull(task_ids=f"{step}.{dataset.slug}") or {}).items()
        }
        for dataset in DATASETS
    }
    with (
        _final_where_permanent(),
        connected(connection_string(), purpose="report") as connection,
        connection,
        connection.cursor() as cursor,
    ):
        summary = summarize(
            cursor,
            run_id=run_id,
            started_at=context["dag_run"].start_date or finished_at,
            finished_at=finished_at,
            states=states,
            figures=figures,
            messages=messages,
        )
        record_run(cursor, summary)
    content = summary.as_json()
    for line in summary_lines(summary):
        log.info(line)
    if summary.failed_tasks:
        ti.xcom_push(key=SUMMARY_KEY, value=content)
        raise AirflowFailException(failure_of(summary))
    context["outlet_events"][WAREHOUSE_ASSET].extra = content
    return content
