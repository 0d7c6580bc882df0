"""IMDb's dbt models as a group of Airflow tasks."""

from airflow.sdk import TaskGroup

from warehouse.orchestration import dbt


def dbt_task_group() -> TaskGroup:
    """Return the task group `dbt` with IMDb's seeds, staging, intermediate models and marts."""
    return dbt.dbt_task_group("imdb")
