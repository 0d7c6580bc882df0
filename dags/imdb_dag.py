"""The DAG `imdb_pipeline`: IMDb's seven files into the warehouse, and on into published marts.

download.<dataset> -> load.<dataset>  (x 7, in parallel)
                         -> changed -> dbt (models with their tests) -> publish -> report

`imdb_rollback` puts the marts before the last publish back. `imdb_docs` renews the page of the dbt
docs after each publish.
"""

from airflow.sdk import DAG, Param, TaskGroup

from imdb_pipeline.config import DATASET_NAMES, DATASETS, SOURCE, Settings
from imdb_pipeline.dbt_tasks import dbt_task_group
from imdb_pipeline.tasks import download, load
from warehouse.orchestration.assets import raw_asset
from warehouse.orchestration.dags import (
    RETRIED,
    SHORT,
    docs_dag,
    flag,
    names_param,
    of_every_dag,
    report_after_all,
    rollback_dag,
)
from warehouse.orchestration.dbt import dbt_project
from warehouse.orchestration.failures import alert_when_red
from warehouse.orchestration.tasks import changed, publish, report

PROJECT = dbt_project()


def lock_patience() -> float:
    """Return how many seconds a publish or rollback waits for readers."""
    return Settings.from_environment().lock_patience


def datasets_param(default: list[str], description: str) -> Param:
    """Return a parameter that takes names of datasets."""
    return names_param(default, DATASET_NAMES, description)


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
    **of_every_dag(SOURCE),
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
    report_after_all(dag, reported)

rollback_of_imdb = rollback_dag(SOURCE, "IMDb", PROJECT, patience=lock_patience)
docs_of_imdb = docs_dag(SOURCE, "IMDb")
