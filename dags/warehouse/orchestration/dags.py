"""What the DAG files of all sources share: defaults, retries, parameters, and two small DAGs."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Param

from warehouse.builds.project import DbtProject
from warehouse.orchestration.assets import marts_asset
from warehouse.orchestration.docs import docs
from warehouse.orchestration.failures import RecordError, alert_when_red
from warehouse.orchestration.tasks import rollback

# Faults of the network or of a connection pass; each download or request has tries of its own.
RETRIED: dict[str, Any] = {
    "retries": 2,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=10),
}

SHORT = RETRIED | {"execution_timeout": timedelta(minutes=20)}


def of_every_dag(source: str) -> dict[str, Any]:
    """Return the arguments that all DAGs of a source have."""
    return {
        "catchup": False,
        "max_active_runs": 1,
        "tags": [source, "warehouse"],
        "default_args": {"owner": "warehouse", "retry_policy": RecordError()},
    }


def flag(description: str, *, default: bool = False) -> Param:
    """Return a parameter that is true or false."""
    return Param(default, type="boolean", description=description)


def names_param(default: list[str], names: Iterable[str], description: str) -> Param:
    """Return a parameter that takes some of `names`."""
    known = list(names)
    return Param(
        default, type="array", items={"enum": known}, examples=known, description=description
    )


def report_after_all(dag: Any, reported: Any) -> None:
    """Let `reported` wait for every task of the DAG.

    For all of them, not the last alone: what is behind a failed task has ended before what is
    beside it, and the report would not see what else fails. A task that skips (`changed`) would
    skip the report with all that follows it directly; it has ended whenever these have.
    """
    for other in [task for task in dag.tasks if task.task_id != "report"]:
        if not other.inherits_from_skipmixin:
            other >> reported


def rollback_dag(
    source: str, title: str, project: DbtProject, *, patience: Callable[[], float]
) -> DAG:
    """Return the DAG `<source>_rollback`; `title` is how people call the source."""
    with DAG(
        dag_id=f"{source}_rollback",
        description=f"{title}'s marts before the last publish are live again",
        doc_md="Run it by hand after a wrong publish. The marts that it rejects come back with a "
        "new load, another dbt project or `force_transform`.",
        schedule=None,
        **of_every_dag(source),
    ) as dag:
        rollback(source, project, patience=patience, on_failure_callback=alert_when_red, **SHORT)
    return dag


def docs_dag(source: str, title: str) -> DAG:
    """Return the DAG `<source>_docs`; `title` is how people call the source."""
    with DAG(
        dag_id=f"{source}_docs",
        description="The page of the dbt docs (Browse, Warehouse), made again after each publish",
        doc_md=f"Runs when {title}'s marts are published, beside the pipeline, which does not wait "
        "for it.",
        schedule=[marts_asset(source)],
        **of_every_dag(source),
    ) as dag:
        docs(source, **SHORT)
    return dag
