"""The report of a run, put together from the tasks' states and figures and dbt's log tables."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from psycopg2.extensions import cursor as Cursor

from warehouse.builds.publish_log import stale_objects
from warehouse.runs.messages import TaskError, without_message
from warehouse.runs.run_log import RunSummary, dbt_errors, dbt_figures

_FAILED = frozenset({"failed", "upstream_failed"})
# A dataset that comes as a file, and one that an API is asked for.
_FETCHED = (
    "{dataset}: {status}, {rows} rows (+{rows_inserted} ~{rows_updated} -{rows_deleted}), "
    "download {download_seconds} s, load {load_seconds} s"
)
_ASKED = (
    "{dataset}: {status}, {requests} requests, {rows} rows (+{rows_inserted} ~{rows_updated} "
    "-{rows_deleted}, {unchanged} unchanged, {gone} gone, {quarantined} quarantined), "
    "{failed} failed, {load_seconds} s"
)
_NO_MESSAGES: Mapping[str, str] = {}
_NOT_COUNTED: Mapping[str, Mapping[str, str]] = {}
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
    dag_id: str,
    run_id: str,
    build_id: int | None,
    started_at: datetime,
    finished_at: datetime,
    states: Mapping[str, str | None],
    steps: Mapping[str, Sequence[str]],
    figures: Mapping[str, Mapping[str, object]],
    messages: Mapping[str, str] = _NO_MESSAGES,
    counted: Mapping[str, Mapping[str, str]] = _NOT_COUNTED,
) -> RunSummary:
    """Return the summary of `run_id`, a run of `dag_id`, which built `build_id` (None: nothing).

    `states` are the tasks' states by task id; `steps` the ids of the tasks that ingest each
    dataset, by dataset name; `figures` what these tasks handed over, by dataset name; `messages`
    what failed tasks handed over, by task id; `counted` what the source's own tasks counted in the
    marts, by name and group.
    """
    failed = tuple(sorted(task for task, state in states.items() if state == "failed"))
    return RunSummary(
        dag_id=dag_id,
        run_id=run_id,
        state="failed" if failed else "success",
        started_at=started_at,
        finished_at=finished_at,
        datasets=tuple(
            {
                "dataset": dataset,
                "status": _status({states.get(task) for task in tasks}),
                **_NO_FIGURES,
                **figures.get(dataset, {}),
            }
            for dataset, tasks in steps.items()
        ),
        dbt=dbt_figures(cursor, build_id, status=_dbt_status(states)),
        published=states.get("publish") == "success",
        failed_tasks=failed,
        errors=_errors(cursor, dag_id, run_id, build_id, failed, messages),
        stale=stale_objects(cursor, build_id),
        figures=counted,
    )


def _errors(
    cursor: Cursor,
    dag_id: str,
    run_id: str,
    build_id: int | None,
    failed: Iterable[str],
    messages: Mapping[str, str],
) -> tuple[TaskError, ...]:
    """One message for each failed task.

    What dbt logged says more than what its task handed over. A task that handed over nothing was
    killed; what dbt logged is then of an earlier time.
    """
    by_model = dbt_errors(cursor, build_id)

    def message(task: str) -> str:
        handed_over = messages.get(task)
        if handed_over is None:
            return without_message(dag_id, run_id, task)
        group, _, model = task.partition(".")
        if group != "dbt":
            return handed_over
        return by_model.get(model.partition(".")[0], handed_over)

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
        (_ASKED if "requests" in row else _FETCHED).format(**row)
        for row in summary.datasets
        if row["rows"] is not None or "requests" in row
    ]
    for word, findings in (("warned", summary.dbt.warnings), ("FAILED", summary.dbt.failures)):
        for finding in findings:
            lines.append(
                f"test {finding.test} {word}: {finding.failures} rows in {finding.failures_table}"
            )
            lines += [f"  {example}" for example in finding.examples]
    lines += [
        f"{name}: " + ", ".join(f"{group} {figure}" for group, figure in groups.items())
        for name, groups in summary.figures.items()
    ]
    lines += [f"{each}: keeps the rows of the marts before" for each in summary.stale]
    lines += [f"{error.task} FAILED: {error.message}" for error in summary.errors]
    tests = summary.dbt.tests
    lines.append(
        f"dbt {summary.dbt.status}: {summary.dbt.models} models in {summary.dbt.seconds:.1f} s, "
        f"tests {tests['pass']} passed, {tests['warn']} warned, {tests['fail']} failed; "
        f"{'published' if summary.published else 'nothing published'}; "
        f"{summary.seconds:.1f} s in all"
    )
    return lines


def _status(steps: Collection[str | None]) -> str:
    if _FAILED.intersection(steps):
        return "failed"
    return "not_selected" if "skipped" in steps else "loaded"


def _dbt_status(states: Mapping[str, str | None]) -> str:
    dbt = {state for task, state in states.items() if task.startswith("dbt.")}
    if not dbt & {"success", "failed"}:
        return "skipped"
    return "failed" if dbt & _FAILED else "built"
