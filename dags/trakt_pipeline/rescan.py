"""The rescan: units on their day of the cycle, so that likes, ratings and deletions are seen."""

import logging
from typing import Any

from trakt_pipeline import plans
from trakt_pipeline.backfill import scan_due
from trakt_pipeline.config import DATASETS
from trakt_pipeline.steps import TraktRun
from trakt_pipeline.units import REPLIES, RESCAN
from trakt_pipeline.workers import Failures

log = logging.getLogger(__name__)


def rescan(run: TraktRun, *, everything: bool = False) -> dict[str, Any]:
    """Scan the units whose day it is, the most active first; return the figures.

    With `everything`, all units that were scanned before. What fails stays due and is counted.
    """
    with run.step("rescan", DATASETS) as step:
        with step.connection, step.connection.cursor() as cursor:
            now = plans.newest_answer(cursor)
            plans.follow_parts_of_followed_titles(cursor, now)
            days = 0 if everything else run.settings.rescan_days
            planned = plans.plan_rescans(cursor, days, now)
        log.info("%s units are due for a rescan", f"{planned:,}")
        failures = Failures("rescan", run.settings.give_up_after)
        scan_due(run, step, (RESCAN, REPLIES), failures)
    return run.report(step)
