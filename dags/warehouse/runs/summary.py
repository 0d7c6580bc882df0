"""The report of a run, put together from the tasks' states and figures and dbt's log tables."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from psycopg2.extensions import cursor as Cursor

from imdb_pipeline.config import DATASETS
from warehouse.runs.messages import TaskError, without_message
from warehouse.runs.run_log import RunSummary, dbt_errors, dbt_figures

_FAILED = frozenset({"failed", "upstream_failed"})
_NO_MESSAGES: Mapping[str, str] = {}
_NO_FIGURES: Mapping[str, object] = {
    "download": None,
    "rows": None,
    "rows_inserted": None,
    "rows_updated": None,
    "rows_deleted": None,
    "bytes": None,
    "download_seconds": None,
    "load_seconds": None,
}


def summarize(
    cursor: Cursor,
    *,
    run_id: str,
    started_at: datetime,
    finished_at: datetime,
    states: Mapping[str, str | None],
    figures: Mapping[str, Mapping[str, object]],
    messages: Mapping[str, str] = _NO_MESSAGES,
    dag_id: str = "imdb_pipeline",
) -> RunSummary:
    """Return the summary of `run_id`, a run of `dag_id`.

    `states` are the tasks' states by task id; `figures` what the download and load tasks of each
    dataset handed on, by dataset name; `messages` what failed tasks handed on, by task id.
    """
    failed = tuple(sorted(task for task, state in states.items() if state == "failed"))
    return RunSummary(
        run_id=run_id,
        state="failed" if failed else "success",
        started_at=started_at,
        finished_at=finished_at,
        datasets=tuple(
            {
                "dataset": dataset.name,
                "status": _status(dataset.slug, states),
                **_NO_FIGURES,
                **figures.get(dataset.name, {}),
            }
            for dataset in DATASETS
        ),
        dbt=dbt_figures(cursor, run_id, status=_dbt_status(states)),
        published=states.get("publish") == "success",
        failed_tasks=failed,
        rolled_back=states.get("rollback") == "success",
        errors=_errors(cursor, dag_id, run_id, failed, messages),
    )


def _errors(
    cursor: Cursor, dag_id: str, run_id: str, failed: Iterable[str], messages: Mapping[str, str]
) -> tuple[TaskError, ...]:
    """One message for each failed task.

    What dbt wrote down says more than what its task handed on. A task that handed nothing on was
    killed; what dbt wrote down is then that of an earlier time.
    """
    by_model = dbt_errors(cursor, run_id)

    def message(task: str) -> str:
        handed = messages.get(task)
        if handed is None:
            return without_message(dag_id, run_id, task)
        model = task.removeprefix("dbt.")
        return by_model.get(model, handed) if model != task else handed

    return tuple(TaskError(task, message(task)) for task in failed)


def failure_of(summary: RunSummary) -> str:
    """Return what a red run's report ends with: what failed and why, and what is published."""
    marts = (
        "new marts were published" if summary.published else "the published marts are as they were"
    )
    reasons = "; ".join(f"{error.task}: {error.message}" for error in summary.errors)
    return f"the run failed, {marts}. {reasons}"


def summary_lines(summary: RunSummary) -> list[str]:
    """Return the report for a log: a line per dataset, finding and error, the figures last."""
    lines = [
        "{dataset}: {status}, {rows} rows (+{rows_inserted} ~{rows_updated} -{rows_deleted}), "
        "download {download_seconds} s, load {load_seconds} s".format(**row)
        for row in summary.datasets
        if row["rows"] is not None
    ]
    for word, findings in (("warned", summary.dbt.warnings), ("FAILED", summary.dbt.failures)):
        for finding in findings:
            lines.append(
                f"test {finding.test} {word}: {finding.failures} rows in {finding.failures_table}"
            )
            lines += [f"  {example}" for example in finding.examples]
    lines += [f"{error.task} FAILED: {error.message}" for error in summary.errors]
    tests = summary.dbt.tests
    if summary.rolled_back:
        lines.append("the marts before the last publish are live again")
    lines.append(
        f"dbt {summary.dbt.status}: {summary.dbt.models} models in {summary.dbt.seconds:.1f} s, "
        f"tests {tests['pass']} passed, {tests['warn']} warned, {tests['fail']} failed; "
        f"{'published' if summary.published else 'nothing published'}; "
        f"{summary.seconds:.1f} s in all"
    )
    return lines


def _status(slug: str, states: Mapping[str, str | None]) -> str:
    both = {states.get(f"download.{slug}"), states.get(f"load.{slug}")}
    if both & _FAILED:
        return "failed"
    return "not_selected" if "skipped" in both else "loaded"


def _dbt_status(states: Mapping[str, str | None]) -> str:
    dbt = {state for task, state in states.items() if task.startswith("dbt.")}
    if dbt & _FAILED:
        return "failed"
    return "built" if "success" in dbt else "skipped"
