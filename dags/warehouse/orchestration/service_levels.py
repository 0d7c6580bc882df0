"""The task `service_levels`: measures what a source promises, and announces what changed."""

import logging
from collections.abc import Callable
from typing import Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException
from psycopg2.extensions import connection as Connection

from warehouse.database.connection import connected
from warehouse.errors import PipelineError
from warehouse.orchestration.connection import connection_string
from warehouse.orchestration.failures import final_where_permanent, mask_address
from warehouse.runs.level_alerts import LevelAlert, changes_to_announce, note_announced
from warehouse.runs.level_measurement import measure
from warehouse.runs.service_levels import MET, ServiceLevels, newest_levels
from warehouse.runs.webhook import AlertSettings, send

log = logging.getLogger(__name__)


def service_levels(levels: ServiceLevels, **operator: Any) -> Any:
    """Add the task `service_levels`, which runs whatever happened before, and return it.

    It returns a text per objective, for the report: `counts={HEADING: "service_levels"}`. Put it
    behind all tasks that ask the source.
    """

    @task(
        task_id="service_levels",
        trigger_rule="all_done",
        doc_md="Measures freshness, completeness, validity and politeness; sends an alert where "
        "the state of one changed.",
        **operator,
    )
    def measure_levels() -> dict[str, str]:
        context = get_current_context()
        if context["params"].get("dry_run"):
            raise AirflowSkipException("a dry run measures nothing")
        with (
            final_where_permanent(),
            connected(connection_string(), purpose="service levels") as connection,
        ):
            return measure_and_announce(
                connection, levels, dag_id=context["ti"].dag_id, run_id=context["run_id"]
            )

    return measure_levels()


def measure_and_announce(
    connection: Connection,
    levels: ServiceLevels,
    *,
    dag_id: str,
    run_id: str,
    settings: Callable[[], AlertSettings | None] = AlertSettings.from_environment,
) -> dict[str, str]:
    """Measure the levels, log them, and send one alert about the states that changed.

    Without a webhook the log is the announcement. What could not be sent is not noted as announced.
    """
    with connection, connection.cursor() as cursor:
        measure(cursor, levels)
        found = newest_levels(cursor, levels.source)
        changes = changes_to_announce(cursor, found)
    for level in found:
        log.log(
            logging.INFO if level.state in (None, MET) else logging.WARNING,
            "%s: %s",
            level.objective,
            level.text,
        )
    if changes and _sent(LevelAlert(levels.source, dag_id, run_id, changes), settings):
        with connection, connection.cursor() as cursor:
            note_announced(cursor, changes)
    return {level.objective: level.text for level in found}


def _sent(alert: LevelAlert, settings: Callable[[], AlertSettings | None]) -> bool:
    try:
        webhook = settings()
    except PipelineError as error:
        log.warning("no alert about %s was sent: %s", alert.subject, error)
        return False
    if webhook is None:
        return True
    mask_address(webhook)
    return send(webhook, alert)
