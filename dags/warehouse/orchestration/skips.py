"""What the task `changed` does where nothing is to be built: says why, and skips to the report."""

import logging
from typing import Any

from psycopg2.extensions import cursor as Cursor

from warehouse.builds.builds import current_state
from warehouse.builds.project import DbtProject
from warehouse.builds.publish_log import rejected_state, what_is_live

log = logging.getLogger(__name__)

REPORT = "report"


def skip_to_report(context: Any) -> None:
    """End the task `changed`; skip all that comes after it but the report, at once.

    Left to the trigger rules, each layer of the models takes the scheduler another round.
    """
    task = context["task"]
    after = [other for other in task.get_flat_relatives(upstream=False) if other.task_id != REPORT]
    task.skip(context["ti"], after)  # raises what ends the task


def say_why_not(cursor: Cursor, project: DbtProject, source: str) -> None:
    """Log why nothing of `source` is built."""
    live, rejected = what_is_live(cursor, source), rejected_state(cursor, source)
    if rejected and rejected.covers(current_state(cursor, project, source)):
        log.info(
            "nothing is built: a rollback rejected the marts made from load %s and this dbt "
            "project; they come again with a new load, another project or force_transform. "
            "Live is %s",
            rejected.load_id,
            live,
        )
    else:
        log.info("nothing changed. Live is %s", live)
