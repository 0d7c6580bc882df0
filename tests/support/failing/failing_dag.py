"""A DAG whose tasks fail in every way that tasks can, with the pipeline's own report at its end."""

import os
import threading
from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, TaskGroup, get_current_context, task

from imdb_pipeline.tasks import download
from warehouse.errors import WarehouseUnavailable
from warehouse.orchestration.connection import connection_string
from warehouse.orchestration.failures import RecordError, alert_when_red
from warehouse.orchestration.tasks import report

AGAIN: dict[str, Any] = {"retries": 1, "retry_delay": timedelta(0)}


@task
def bug() -> None:
    """An unexpected error."""
    raise KeyError("tconst")


@task
def leak() -> None:
    """A library that says too much."""
    raise RuntimeError(f"{connection_string()} and {os.environ['WAREHOUSE_ALERT_URL']}\nfailed")


@task
def late() -> None:
    """A fault that does not pass."""
    raise WarehouseUnavailable(f"late: try {get_current_context()['ti'].try_number}")


@task
def mended() -> None:
    """A fault that passes."""
    if get_current_context()["ti"].try_number == 1:
        raise WarehouseUnavailable("mended: try 1")


@task
def slow() -> None:
    """What never ends."""
    threading.Event().wait()


@task
def silent() -> None:
    """What leaves no message: without the policy it ends as a killed task does."""
    raise KeyError("lost")


with DAG(
    dag_id="failing",
    schedule=None,
    params={
        "datasets": ["title.crew"],
        "accept_shrink": [],
        "accept_older": [],
        "force_download": False,
        "full_refresh": False,
    },
    default_args={"retry_policy": RecordError(), "retries": 0},
) as dag:
    with TaskGroup("download"):
        refused = download.override(task_id="title_crew", **AGAIN)("title.crew")
    [
        refused,
        bug(),
        leak(),
        late.override(**AGAIN)(),
        mended.override(**AGAIN)(),
        slow.override(execution_timeout=timedelta(seconds=0.5))(),
        silent.override(retry_policy=None)(),
    ] >> report(
        "imdb",
        {"title.crew": ["download.title_crew", "load.title_crew"]},
        on_failure_callback=alert_when_red,
        **AGAIN,
    )
