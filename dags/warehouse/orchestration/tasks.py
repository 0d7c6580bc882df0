"""The tasks that every source's DAG ends with: changed, publish, report; and rollback.

Each function adds one task to the DAG that is being defined and returns it; other arguments are
those of the operator (`retries`, `execution_timeout` ...). Nothing is decided here: a task calls
the core, logs one line of figures and hands the figures over.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from warehouse.builds import publish as publishing
from warehouse.builds import rollback as rolling_back
from warehouse.builds.builds import begin_build
from warehouse.builds.project import DbtProject
from warehouse.builds.publish_log import published_change, what_is_live
from warehouse.database.connection import connected
from warehouse.orchestration.assets import (
    group_asset,
    marts_asset,
    raw_asset,
    warehouse_asset,
)
from warehouse.orchestration.connection import connection_string
from warehouse.orchestration.failures import SUMMARY_KEY, final_where_permanent, messages_of
from warehouse.orchestration.handovers import counts_of, figures_of
from warehouse.orchestration.lineage import note_publish
from warehouse.orchestration.skips import REPORT, say_why_not, skip_to_report
from warehouse.runs.retention import days_to_keep, prune
from warehouse.runs.run_log import record_run
from warehouse.runs.summary import failure_of, summarize, summary_lines

log = logging.getLogger(__name__)

CHANGED = "changed"
NO_COUNTS: Mapping[str, str] = {}


def changed(source: str, project: DbtProject, **operator: Any) -> Any:
    """Add the task `changed`: the tasks after it run where the source's marts are out of date, else
    all of them but the report are skipped.

    It hands over the build that begins: `build_id`, and `full_refresh` where it begins from
    nothing. The run's params `force_transform` and `full_refresh` ask for a build in any case; a
    `dry_run` never builds.
    """

    @task.short_circuit(
        task_id=CHANGED,
        trigger_rule="none_failed",
        ignore_downstream_trigger_rules=False,
        doc_md="Begins a build where the loads or the dbt project are not those of the live marts.",
        **operator,
    )
    def decide() -> dict[str, Any] | None:
        context = get_current_context()
        params, run_id = context["params"], context["run_id"]
        if params.get("dry_run"):
            log.info("nothing is built: it is a dry run")
            skip_to_report(context)
            return None
        asked_for = [
            f"{parameter} was asked for"
            for parameter in ("force_transform", "full_refresh")
            if params.get(parameter)
        ]
        with (
            final_where_permanent(),
            connected(connection_string(), purpose=f"changed? {run_id}") as connection,
        ):
            build = begin_build(
                connection,
                project,
                source=source,
                dag_id=context["ti"].dag_id,
                run_id=run_id,
                asked_for=asked_for[-1] if asked_for else None,
                full_refresh=bool(params.get("full_refresh")),
            )
            if build is None:
                with connection, connection.cursor() as cursor:
                    say_why_not(cursor, project, source)
                skip_to_report(context)
                return None
        how = " from nothing" if build.from_nothing else ""
        log.info("build %s: the marts will be built%s: %s", build.build_id, how, build.reason)
        return {"build_id": build.build_id, "full_refresh": build.from_nothing}

    return decide()


def publish(
    source: str, project: DbtProject, *, patience: Callable[[], float], **operator: Any
) -> Any:
    """Add the task `publish`: the tested marts of the run's build become visible together.

    `patience` gives the seconds to wait for readers when the task runs.
    """

    @task(
        task_id="publish",
        trigger_rule="none_failed_min_one_success",
        inlets=[raw_asset(source)],
        outlets=[marts_asset(source)],
        doc_md="Audits the marts that were built and tested, then makes them visible together.",
        **operator,
    )
    def make_visible() -> int:
        context = get_current_context()
        ti, run_id = context["ti"], context["run_id"]
        with (
            final_where_permanent(),
            connected(connection_string(), purpose=f"publish {run_id}") as connection,
        ):
            publish_id = publishing.publish(
                connection,
                project,
                source=source,
                dag_id=ti.dag_id,
                run_id=run_id,
                build_id=_build_id(ti),
                patience=patience(),
            )
            with connection, connection.cursor() as cursor:
                log.info("published: live is %s", what_is_live(cursor, source))
        note_publish(publish_id)
        return publish_id

    return make_visible()


def rollback(
    source: str, project: DbtProject, *, patience: Callable[[], float], **operator: Any
) -> Any:
    """Add the task `rollback`, for a DAG of its own: the marts before the last publish are live
    again. `patience` is as in `publish`."""

    @task(
        task_id="rollback",
        outlets=[marts_asset(source)],
        doc_md="Puts the marts before the last publish back, by the same exchange of tables.",
        **operator,
    )
    def put_back() -> int:
        context = get_current_context()
        run_id = context["run_id"]
        with (
            final_where_permanent(),
            connected(connection_string(), purpose=f"rollback {run_id}") as connection,
        ):
            live = rolling_back.rollback(
                connection,
                project,
                source=source,
                dag_id=context["ti"].dag_id,
                run_id=run_id,
                patience=patience(),
            )
            with connection, connection.cursor() as cursor:
                log.info("rolled back: live is %s", what_is_live(cursor, source))
        return live.publish_id

    return put_back()


def announce(source: str, dataset: str, group: str, **operator: Any) -> Any:
    """Add the task `announce.<group>`: an event of the group's Asset where the publish of the run
    brought changes of `dataset`; skipped where it did not. The event's extra counts them."""
    outlet = group_asset(source, group)

    @task(
        task_id=group,
        inlets=[marts_asset(source)],
        outlets=[outlet],
        doc_md=f"Lets other DAGs know that the {group} of the marts changed.",
        **operator,
    )
    def tell() -> dict[str, Any]:
        context = get_current_context()
        with (
            final_where_permanent(),
            connected(connection_string(), purpose=f"announce {group}") as connection,
            connection,
            connection.cursor() as cursor,
        ):
            change = published_change(cursor, source, dataset)
        if change.is_empty:
            raise AirflowSkipException(f"the {group} are as they were")
        content = asdict(change)
        log.info(
            "%s: +%s ~%s -%s, %.1f s",
            group,
            f"{change.rows_inserted:,}",
            f"{change.rows_updated:,}",
            f"{change.rows_deleted:,}",
            change.seconds,
        )
        context["outlet_events"][outlet].extra = content
        return content

    return tell()


def report(
    source: str,
    steps: Mapping[str, Sequence[str]],
    counts: Mapping[str, str] = NO_COUNTS,
    planner: str | None = None,
    **operator: Any,
) -> Any:
    """Add the task `report`, which runs whatever happened before and fails where a task failed.

    `steps` are the ids of the tasks that ingest each dataset, by dataset name; what these tasks
    returned are the dataset's figures. `counts` are ids of the source's own tasks that count in the
    marts, by the name of what they count; each returns a text per group. `planner` is the task that
    skips steps which have nothing to do, and hands over their figures. The report goes to the log,
    to `meta.run_log` and to the Asset's extra; of a failed run also to an XCom for
    `alert_when_red`. A green run then deletes records older than `WAREHOUSE_KEEP_RUNS_DAYS`.
    """
    outlet = warehouse_asset(source)

    @task(
        task_id=REPORT,
        trigger_rule="all_done",
        inlets=[marts_asset(source)],
        outlets=[outlet],
        doc_md="Reports what the run did; fails where a task before it failed.",
        **operator,
    )
    def summarize_run() -> dict[str, Any]:
        context = get_current_context()
        ti, run_id, finished_at = context["ti"], context["run_id"], datetime.now(UTC)
        states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[run_id]).get(run_id, {})
        messages = messages_of(ti, [task for task, state in states.items() if state == "failed"])
        with (
            final_where_permanent(),
            connected(connection_string(), purpose="report") as connection,
            connection,
            connection.cursor() as cursor,
        ):
            summary = summarize(
                cursor,
                dag_id=ti.dag_id,
                run_id=run_id,
                build_id=_build_id(ti),
                started_at=context["dag_run"].start_date or finished_at,
                finished_at=finished_at,
                states=states,
                steps=steps,
                figures=figures_of(ti, steps, planner),
                messages=messages,
                counted=counts_of(ti, counts),
            )
            record_run(cursor, summary)
        content = summary.as_json()
        for line in summary_lines(summary):
            log.info(line)
        if summary.failed_tasks:
            ti.xcom_push(key=SUMMARY_KEY, value=content)
            raise AirflowFailException(failure_of(summary))
        _prune()
        context["outlet_events"][outlet].extra = content
        return content

    return summarize_run()


def _prune() -> None:
    """Delete old records."""
    with (
        final_where_permanent(),
        connected(connection_string(), purpose="prune") as connection,
        connection,
        connection.cursor() as cursor,
    ):
        pruned = prune(cursor, days_to_keep())
    for name, count in pruned.items():
        log.info(
            "%s: %s old %s deleted", name, f"{count:,}", "tables" if name == "quality" else "rows"
        )


def _build_id(ti: Any) -> int | None:
    """The build that the task `changed` of this run began; None where it began none."""
    begun: Mapping[str, Any] = ti.xcom_pull(task_ids=CHANGED) or {}
    return begun.get("build_id")
