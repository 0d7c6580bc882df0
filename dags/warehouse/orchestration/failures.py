"""How a failing task's message reaches the report, and how a failed run reaches the webhook."""

import contextlib
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import BaseHook, get_current_context
from airflow.sdk.definitions.retry_policy import RetryDecision, RetryPolicy
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.log import mask_secret

from warehouse.errors import DamagedFile, PermanentError, PipelineError
from warehouse.orchestration.connection import CONNECTION_ID
from warehouse.runs.messages import ERROR_KEY, TaskError, message_of, without_message
from warehouse.runs.webhook import URL_VARIABLE, Alert, AlertSettings, send

log = logging.getLogger(__name__)

# The XCom of the report of a failed run. Airflow deletes a task's XComs when its next try begins.
SUMMARY_KEY = "summary"


def record_error(error: BaseException, context: Any = None) -> None:
    """Leave the failing task's message for the report. Never raises: the task has its own error.

    Call it before the task ends: as soon as Airflow knows that it failed, the report may begin.
    """
    try:
        ti = (context or get_current_context())["ti"]
        ti.xcom_push(key=ERROR_KEY, value=message_of(error, secrets=_secrets()))
    except Exception:
        log.warning("the message could not be handed over to the report", exc_info=True)


@contextlib.contextmanager
def final_where_permanent() -> Iterator[None]:
    """End the task without retries where trying again cannot help.

    A damaged file counts: it was fetched several times by then. Airflow does not show this error to
    the tasks' retry policy, so its message is recorded here.
    """
    try:
        yield
    except (PermanentError, DamagedFile) as error:
        record_error(error)
        raise AirflowFailException(str(error)) from error


class RecordError(RetryPolicy):
    """Records the error of a try that failed, and changes nothing about retries.

    Airflow calls it with the error before it marks the try as failed: for unexpected errors,
    timeouts and Cosmos's errors. It does not for `AirflowFailException`, so code that raises that
    calls `record_error` first (`final_where_permanent`).
    """

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Any = None
    ) -> RetryDecision:
        """Record the message; let Airflow decide."""
        del try_number, max_tries
        record_error(exception, context)
        return RetryDecision.default()


def messages_of(ti: Any, tasks: Iterable[str]) -> dict[str, str]:
    """Return the messages that the failed `tasks` of the run left, by task."""
    found = {task: ti.xcom_pull(task_ids=task, key=ERROR_KEY) for task in tasks}
    return {task: str(message) for task, message in found.items() if message}


def alert_when_red(context: Any) -> None:
    """Send an alert about a run that failed; `on_failure_callback` of the run's last task.

    `report` is the last task of every run and fails when any task before it failed. Airflow calls
    this once, after its last try, in the task's own process, under a scheduler and under `dags
    test` alike, with the tasks' XComs and states at hand, also where the warehouse is down. A
    callback of the DAG would run in the DAG processor or inside `dags test`, where one or the other
    is missing. Where a report was killed, a scheduler has its DAG processor call this.
    """
    try:
        settings = AlertSettings.from_environment()
        if settings is not None:
            mask_address(settings)
            send(settings, _alert(context) or _bare_alert(context))
    except PipelineError as error:
        log.warning("no alert about the failed run was sent: %s", error)
    except Exception as error:
        log.warning("no alert about the failed run was sent: %s", type(error).__name__)


def _alert(context: Mapping[str, Any]) -> Alert | None:
    """The alert with what the run's tasks left; None where Airflow does not give it."""
    try:
        return _full_alert(context)
    except Exception:
        log.warning("what the run's tasks left could not be read", exc_info=True)
        return None


def _bare_alert(context: Mapping[str, Any]) -> Alert:
    ti, run_id, error = context["ti"], context["run_id"], context.get("exception")
    message = (
        message_of(error, secrets=_secrets())
        if error
        else without_message(ti.dag_id, run_id, ti.task_id)
    )
    failed = [TaskError(ti.task_id, message)]
    return Alert(ti.dag_id, run_id, failed, published=None, started_at=None, finished_at=_now())


def _full_alert(context: Mapping[str, Any]) -> Alert:
    ti, run_id = context["ti"], context["run_id"]
    summary = ti.xcom_pull(task_ids=ti.task_id, key=SUMMARY_KEY)
    if summary:
        return Alert(
            dag_id=ti.dag_id,
            run_id=run_id,
            failed=[TaskError(**error) for error in summary["errors"]],
            published=summary["published"],
            started_at=datetime.fromisoformat(summary["started_at"]),
            finished_at=datetime.fromisoformat(summary["finished_at"]),
        )
    # There is no report: the alert says what the tasks left.
    states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[run_id]).get(run_id, {})
    red = {task for task, state in states.items() if state == "failed"} | {ti.task_id}
    messages = messages_of(ti, red)
    return Alert(
        dag_id=ti.dag_id,
        run_id=run_id,
        failed=[
            TaskError(task, messages.get(task) or without_message(ti.dag_id, run_id, task))
            for task in sorted(red)
        ],
        published=states.get("publish") == "success",
        started_at=getattr(context.get("dag_run"), "start_date", None),
        finished_at=_now(),
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _secrets() -> list[str]:
    """What no message may hold: the warehouse's password and the webhook's address."""
    secrets = [os.environ.get(URL_VARIABLE, "").strip()]
    try:
        connection = BaseHook.get_connection(CONNECTION_ID)
    except Exception:
        return secrets
    # A password that is the user's name would hide the name in every sentence.
    if connection.password != connection.login:
        secrets.append(connection.password or "")
    return secrets


def mask_address(settings: AlertSettings) -> None:
    """Hide the address in the task's log, should a library below write it at level DEBUG."""
    path = settings.url.split("//", 1)[-1].partition("/")[2]
    # Airflow's supervisor may not answer; the alert is sent without it.
    with contextlib.suppress(Exception):
        for secret in (settings.url, f"/{path}"):
            mask_secret(secret)
