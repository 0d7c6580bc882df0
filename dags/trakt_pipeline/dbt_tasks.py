"""Trakt's dbt models as a group of Airflow tasks."""

from airflow.sdk import TaskGroup

from trakt_pipeline.config import SOURCE
from warehouse.orchestration import dbt


def dbt_task_group() -> TaskGroup:
    """Return the task group `dbt`: Trakt's seeds, staging and intermediate models, and marts."""
    return dbt.dbt_task_group(SOURCE)
