"""The DAG `imdb_pipeline`: IMDb's seven files into the warehouse, and on into published marts.

download.<dataset> -> load.<dataset>  (x 7, in parallel)
                         -> changed -> dbt (models with their tests) -> publish -> report

`imdb_rollback` puts the marts before the last publish back. `imdb_docs` renews the page of the dbt
docs after each publish.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Param, TaskGroup

from imdb_pipeline.config import DATASET_NAMES, DATASETS, SOURCE, Settings
from imdb_pipeline.dbt_tasks import dbt_task_group
from imdb_pipeline.tasks import download, load
from warehouse.orchestration.assets import marts_asset, raw_asset
from warehouse.orchestration.dbt import dbt_project
from warehouse.orchestration.docs import docs
from warehouse.orchestration.failures import RecordError, alert_when_red
from warehouse.orchestration.tasks import changed, publish, report, rollback

PROJECT = dbt_project()


def lock_patience() -> float:
    """Return how many seconds a publish or rollback waits for readers."""
    return Settings.from_environment().lock_patience


# Faults of the network or of a connection pass; each download has tries of its own besides.
RETRIED: dict[str, Any] = {
    "retries": 2,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=10),
}

SHORT = RETRIED | {"execution_timeout": timedelta(minutes=20)}

OF_EVERY_DAG: dict[str, Any] = {
    "catchup": False,
    "max_active_runs": 1,
    "tags": ["imdb", "warehouse"],
    "default_args": {"owner": "warehouse", "retry_policy": RecordError()},
}


def datasets_param(default: list[str], description: str) -> Param:
    """Return a parameter that takes names of datasets."""
    return Param(
        default,
        type="array",
        items={"enum": list(DATASET_NAMES)},
        examples=list(DATASET_NAMES),
        description=description,
    )


def flag(description: str) -> Param:
    """Return a parameter that is off unless asked for."""
    return Param(False, type="boolean", description=description)


with DAG(
    dag_id="imdb_pipeline",
    description="IMDb's seven files: downloaded, loaded, modelled, tested, published",
    doc_md=__doc__,
    schedule="@daily",
    params={
        "datasets": datasets_param(
            list(DATASET_NAMES),
            "The files to fetch and load; models over the others stay as they are.",
        ),
        "accept_shrink": datasets_param(
            [], "The files to load although they have far fewer rows than before."
        ),
        "accept_older": datasets_param(
            [], "The files to load although they are older than those that were loaded last."
        ),
        "force_download": flag("Fetch every file, changed or not."),
        "force_transform": flag("Build and publish though nothing changed."),
        "full_refresh": flag("Fetch, load and build everything from nothing."),
    },
    **OF_EVERY_DAG,
) as dag:
    with TaskGroup("download", tooltip="Fetch the files that changed"):
        downloads = [
            download.override(
                task_id=dataset.slug,
                execution_timeout=dataset.timeout,
                doc_md=f"Fetches {dataset.file_name} where it changed, and checks it.",
                **RETRIED,
            )(dataset.name)
            for dataset in DATASETS
        ]
    with TaskGroup("load", tooltip="Load the files that the ledger does not have"):
        loads = [
            load.override(
                task_id=dataset.slug,
                execution_timeout=dataset.timeout,
                doc_md=f"Loads {dataset.file_name} into raw.{dataset.table}, unless it is there.",
                outlets=[raw_asset(SOURCE)],
                **RETRIED,
            )(dataset.name)
            for dataset in DATASETS
        ]
    for downloaded, loaded in zip(downloads, loads, strict=True):
        downloaded >> loaded
    published = publish(SOURCE, PROJECT, patience=lock_patience, **SHORT)
    reported = report(
        SOURCE,
        {
            dataset.name: [f"download.{dataset.slug}", f"load.{dataset.slug}"]
            for dataset in DATASETS
        },
        on_failure_callback=alert_when_red,
        **SHORT,
    )
    loads >> changed(SOURCE, PROJECT, **SHORT) >> dbt_task_group() >> published
    # All of them, not the last alone: what is behind a failed task has ended before what is beside
    # it, and the report would not see what else fails. `changed` skips what follows it directly; it
    # has ended whenever the first dbt tasks have.
    for other in [task for task in dag.tasks if task.task_id not in {"changed", "report"}]:
        other >> reported

with DAG(
    dag_id="imdb_rollback",
    description="IMDb's marts before the last publish are live again",
    doc_md="Run it by hand after a wrong publish. The marts that it rejects come back with a new "
    "load, another dbt project or `force_transform`.",
    schedule=None,
    **OF_EVERY_DAG,
):
    rollback(SOURCE, PROJECT, patience=lock_patience, on_failure_callback=alert_when_red, **SHORT)

with DAG(
    dag_id="imdb_docs",
    description="The page of the dbt docs (Browse, Warehouse), made again after each publish",
    doc_md="Runs when IMDb's marts are published, beside the pipeline, which does not wait for it.",
    schedule=[marts_asset(SOURCE)],
    **OF_EVERY_DAG,
):
    docs(SOURCE, **SHORT)
