"""The DAG `imdb_pipeline`: IMDb's seven files into the warehouse, and on into published marts.

download.<dataset> -> load.<dataset>  (x 7, in parallel)
                         -> changed -> dbt (models with their tests) -> publish -> report
"""

from datetime import timedelta

from airflow.sdk import DAG, Param, TaskGroup

from imdb_pipeline.config import DATASET_NAMES, DATASETS, SOURCE, Settings
from imdb_pipeline.dbt_tasks import dbt_task_group
from imdb_pipeline.tasks import download, load
from warehouse.orchestration.dbt import dbt_project
from warehouse.orchestration.failures import RecordError, alert_when_red
from warehouse.orchestration.tasks import changed, publish, report, rollback

PROJECT = dbt_project()


def lock_patience() -> float:
    """Return how many seconds a publish or rollback waits for readers."""
    return Settings.from_environment().lock_patience


# Faults of the network or of a connection pass; each download has tries of its own besides.
RETRIED = {
    "retries": 2,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=10),
}

SHORT = RETRIED | {"execution_timeout": timedelta(minutes=20)}

with DAG(
    dag_id="imdb_pipeline",
    description="IMDb's seven files: downloaded, loaded, modelled, tested, published",
    doc_md=__doc__,
    schedule="@daily",
    catchup=False,
    max_active_runs=1,
    tags=["imdb", "warehouse"],
    default_args={"retry_policy": RecordError()},
    params={
        "datasets": Param(
            list(DATASET_NAMES),
            type="array",
            items={"enum": list(DATASET_NAMES)},
            examples=list(DATASET_NAMES),
            description="The files to fetch and load; models over the others stay as they are.",
        ),
        "accept_shrink": Param(
            [],
            type="array",
            items={"enum": list(DATASET_NAMES)},
            examples=list(DATASET_NAMES),
            description="The files to load although they have far fewer rows than before.",
        ),
        "force_download": Param(
            False, type="boolean", description="Fetch every file, changed or not."
        ),
        "force_transform": Param(
            False, type="boolean", description="Build and publish though nothing changed."
        ),
        "full_refresh": Param(
            False, type="boolean", description="Fetch, load and build everything from nothing."
        ),
    },
) as dag:
    with TaskGroup("download"):
        downloads = [
            download.override(task_id=dataset.slug, execution_timeout=dataset.timeout, **RETRIED)(
                dataset.name
            )
            for dataset in DATASETS
        ]
    with TaskGroup("load"):
        loads = [
            load.override(task_id=dataset.slug, execution_timeout=dataset.timeout, **RETRIED)(
                dataset.name
            )
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
    schedule=None,
    catchup=False,
    max_active_runs=1,
    tags=["imdb", "warehouse"],
    default_args={"retry_policy": RecordError()},
):
    rollback(SOURCE, PROJECT, patience=lock_patience, on_failure_callback=alert_when_red, **SHORT)
