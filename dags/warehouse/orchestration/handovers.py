"""What the tasks of a run returned, for its report."""

from collections.abc import Mapping, Sequence
from typing import Any


def figures_of(
    ti: Any, steps: Mapping[str, Sequence[str]], planner: str | None = None
) -> dict[str, dict[str, Any]]:
    """Return the figures of each dataset: what the tasks that ingest it returned.

    `planner` is the task that skips some of them; what it handed over under the name of a task
    that it skipped counts as returned by that task.
    """

    def returned(task_id: str) -> Mapping[str, Any]:
        found = ti.xcom_pull(task_ids=task_id)
        if found is None and planner:
            found = ti.xcom_pull(task_ids=planner, key=task_id)
        return found or {}

    return {
        dataset: {key: value for task_id in tasks for key, value in returned(task_id).items()}
        for dataset, tasks in steps.items()
    }


def counts_of(ti: Any, counts: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return what each task of `counts` counted, by the name of it; nothing of those skipped."""
    found = {name: ti.xcom_pull(task_ids=task_id) for name, task_id in counts.items()}
    return {name: dict(counted) for name, counted in found.items() if counted}
