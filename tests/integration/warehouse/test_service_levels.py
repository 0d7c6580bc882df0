"""Service levels: what a source promised is measured by the day, and its error budgets are kept."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.support.postgres import Database
from tests.support.webhook import Webhook, running_webhook
from warehouse.orchestration.service_levels import measure_and_announce
from warehouse.runs.level_measurement import measure
from warehouse.runs.retention import prune
from warehouse.runs.service_levels import (
    COMPLETENESS,
    FRESHNESS,
    POLITENESS,
    VALIDITY,
    Budget,
    Level,
    ServiceLevels,
    budget_left,
    newest_levels,
)
from warehouse.runs.webhook import AlertSettings

LEVELS = ServiceLevels("toy", incremental=("recent", "updates"))
MIDNIGHT = datetime(2031, 6, 2, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
FACTS = "select objective, day, good, total, measured_until from meta.slo_measurement order by 1, 2"


@dataclass(frozen=True, slots=True)
class Steps:
    """The log of the steps of a source, as its runs write it."""

    database: Database

    def log(self, step: str, ended_at: datetime, *, run_id: str = "manual__1", **row: Any) -> None:
        values = {
            "is_complete": True,
            "requests": 100,
            "bans": 0,
            "pages_announced": 100,
            "pages_landed": 100,
            "items": 10_000,
            "quarantined": 0,
        } | row
        self.database.execute(
            "insert into meta.ingest_log (source, dag_id, run_id, step, began_at, ended_at, "
            "is_complete, requests, bans, pages_announced, pages_landed, items, quarantined) "
            "values ('toy', 'toy_pipeline', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            run_id, step, ended_at, ended_at, *values.values(),
        )  # fmt: skip

    def run(self, ended_at: datetime, **row: Any) -> None:
        """Both incremental steps of a run, half an hour apart."""
        self.log("recent", ended_at - HOUR / 2, **row)
        self.log("updates", ended_at, **row)

    def measured(self, now: datetime) -> dict[str, Level]:
        """Measure at `now`, in a transaction of its own; the levels by objective."""
        with self.database.session() as session, session, session.cursor() as cursor:
            measure(cursor, LEVELS, now=now)
            return {level.objective: level for level in newest_levels(cursor, "toy")}

    def budget(self) -> Budget:
        with self.database.session() as session, session.cursor() as cursor:
            return budget_left(cursor, "toy")


@pytest.fixture
def steps(database: Database) -> Steps:
    """An empty log."""
    return Steps(database)


def test_a_source_that_keeps_its_promises_has_its_whole_budget(steps: Steps) -> None:
    for day in range(3):
        steps.run(MIDNIGHT + day * DAY + 5 * HOUR)

    found = steps.measured(MIDNIGHT + 2 * DAY + 6 * HOUR)

    assert list(found) == [FRESHNESS, COMPLETENESS, VALIDITY, POLITENESS]
    for level in found.values():
        assert (level.level, level.budget_left, level.state) == (1, 1, "met"), level
        assert level.day == date(2031, 6, 4)
    assert found[FRESHNESS].text == "met: 100 % of 99 % in 28 days, 100% of the budget left"
    assert steps.budget() == Budget(share=1.0)


def test_a_day_without_a_run_fails_freshness_by_its_time(steps: Steps) -> None:
    """The run of day 1 ends at 5:00, so day 2 is fresh until 7:00, and day 4 from 5:00 on."""
    steps.run(MIDNIGHT + 5 * HOUR)
    steps.run(MIDNIGHT + 3 * DAY + 5 * HOUR)

    level = steps.measured(MIDNIGHT + 4 * DAY)[FRESHNESS]

    days = "select good / 3600, total / 3600 from meta.slo_measurement where objective = %s"
    assert steps.database.query(f"{days} and total > 0 order by day", FRESHNESS) == [
        # Before the first complete step there was nothing to be fresh. `recent` is older.
        (19, 19), (6.5, 24), (0, 24), (19, 24),
    ]  # fmt: skip
    assert level.level == pytest.approx((19 + 6.5 + 0 + 19) / 91)
    # 46.5 hours of the 6.72 that a window has.
    assert level.budget_left == pytest.approx(1 - 46.5 / 6.72)
    assert level.state == "exhausted"


def test_both_incremental_steps_must_be_complete(steps: Steps) -> None:
    steps.log("recent", MIDNIGHT + HOUR)
    steps.log("updates", MIDNIGHT + HOUR, is_complete=False)
    steps.log("backfill", MIDNIGHT + HOUR)

    before = steps.measured(MIDNIGHT + 20 * HOUR)
    assert FRESHNESS not in before, "the first run has as long as any other"
    level = steps.measured(MIDNIGHT + 28 * HOUR)[FRESHNESS]
    assert (level.level, level.state) == (0, "met"), "an hour of 6.72 is bad"
    assert level.budget_left == pytest.approx(1 - 1 / 6.72)


def test_pages_of_a_try_that_failed_are_left_to_the_next_one(steps: Steps) -> None:
    steps.log("backfill", MIDNIGHT, pages_announced=100, pages_landed=40, is_complete=False)
    steps.log("backfill", MIDNIGHT + HOUR, pages_announced=60, pages_landed=59)
    steps.log("backfill", MIDNIGHT + HOUR, run_id="manual__2", pages_announced=0, pages_landed=0)

    level = steps.measured(MIDNIGHT + 2 * HOUR)[COMPLETENESS]

    assert (level.level, level.budget_left) == (0.99, 0), "99 of 100 pages"
    assert steps.budget().exhausted == (COMPLETENESS,)


@pytest.mark.parametrize(
    ("quarantined", "left", "state"), [(7, 0.3, "met"), (8, 0.2, "warning"), (10, 0, "exhausted")]
)
def test_a_quarter_of_the_budget_warns_and_none_pauses(
    steps: Steps, quarantined: int, left: float, state: str
) -> None:
    """Of 10,000 items 10 may be bad."""
    steps.log("recent", MIDNIGHT, quarantined=quarantined)
    level = steps.measured(MIDNIGHT + HOUR)[VALIDITY]
    assert level.budget_left == pytest.approx(left)
    assert level.state == state
    assert level.burn_rate == pytest.approx(quarantined / 10)
    budget = steps.budget()
    assert budget.share == pytest.approx(left)
    assert budget.exhausted == ((VALIDITY,) if left == 0 else ())
    assert budget.is_used_up == (left == 0)


def test_one_ban_pauses_until_its_day_leaves_the_window_or_is_left_out(steps: Steps) -> None:
    steps.log("recent", MIDNIGHT, bans=1)
    for day in range(1, 28):
        steps.log("recent", MIDNIGHT + day * DAY)

    level = steps.measured(MIDNIGHT + 27 * DAY + HOUR)[POLITENESS]
    assert (level.state, level.burn_rate) == ("exhausted", None)
    assert steps.budget() == Budget(0.0, (POLITENESS,))

    leave_out = "insert into meta.slo_excluded_day values ('toy', %s, %s, 'another program', now())"
    steps.database.execute(leave_out, POLITENESS, MIDNIGHT.date(), role="pipeline")
    assert not steps.budget().is_used_up
    steps.database.execute("delete from meta.slo_excluded_day")
    assert steps.budget().is_used_up
    assert steps.measured(MIDNIGHT + 28 * DAY + HOUR)[POLITENESS].state == "exhausted"
    steps.log("recent", MIDNIGHT + 28 * DAY)
    assert steps.measured(MIDNIGHT + 28 * DAY + HOUR)[POLITENESS].state == "met"


def test_by_hand_there_is_no_schedule_to_keep(steps: Steps) -> None:
    steps.run(datetime.now(UTC) - 10 * DAY, run_id="manual__1")
    assert steps.measured(datetime.now(UTC))[FRESHNESS].state == "exhausted"
    assert steps.budget() == Budget(1.0)
    steps.log("backfill", datetime.now(UTC) - HOUR, run_id="scheduled__2031")
    assert steps.budget().exhausted == (FRESHNESS,)


def test_a_day_gives_the_same_rows_again_and_keeps_them_without_its_log(steps: Steps) -> None:
    steps.run(MIDNIGHT + 5 * HOUR, pages_landed=99)
    steps.measured(MIDNIGHT + 6 * HOUR)
    steps.log("backfill", MIDNIGHT + 7 * HOUR)
    steps.run(MIDNIGHT + DAY + 5 * HOUR)
    steps.measured(MIDNIGHT + DAY + 6 * HOUR)
    first = steps.database.query(FACTS)
    assert [(row[0], row[1].day, row[2:4]) for row in first if row[0] == COMPLETENESS] == [
        (COMPLETENESS, 2, (298, 300)), (COMPLETENESS, 3, (200, 200)),
    ]  # fmt: skip

    steps.measured(MIDNIGHT + DAY + 6 * HOUR)
    assert steps.database.query(FACTS) == first
    steps.database.execute("truncate meta.slo_measurement")
    steps.measured(MIDNIGHT + DAY + 6 * HOUR)
    assert steps.database.query(FACTS) == first, "also where all is measured at once"

    # Years later there are no rows of the log but those that a measurement could need.
    steps.run(MIDNIGHT + 40 * DAY)
    with steps.database.session() as session, session, session.cursor() as cursor:
        cursor.execute("update meta.ingest_log set ended_at = ended_at - interval '30 years'")
        cursor.execute("update meta.slo_measurement set day = day - interval '30 years'")
        assert prune(cursor, 90) == {}
        cursor.execute("update meta.slo_measurement set day = day + interval '31 days'")
        assert prune(cursor, 90) == {"meta.ingest_log": 5}
    assert len(steps.database.query(FACTS)) == len(first)


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with running_webhook() as running:
        yield running


def test_each_change_of_a_state_is_sent_once(steps: Steps, webhook: Webhook) -> None:
    def report(**row: Any) -> list[tuple[str, str, str]]:
        """A run of today; what is posted: objective, state before, state."""
        if row:
            steps.log("recent", datetime.now(UTC), **row)
        with steps.database.session() as session:
            counted = measure_and_announce(
                session,
                replace(LEVELS, politeness=0.9),
                dag_id="toy_pipeline",
                run_id="manual__1",
                settings=lambda: AlertSettings(webhook.url, 30.0),
            )
        assert set(counted) == {COMPLETENESS, VALIDITY, POLITENESS}
        return [
            (change["objective"], change["before"], change["state"])
            for post in webhook.taken()
            for change in post["changes"]
        ]

    assert report(items=1000) == []
    assert report(items=0, quarantined=0, bans=16) == [(POLITENESS, "met", "warning")]
    webhook.script = [404]
    # The webhook refuses, so the next run sends it again.
    exhausted = [(POLITENESS, "warning", "exhausted"), (VALIDITY, "met", "exhausted")]
    assert sorted(report(requests=0, items=1000, quarantined=20)) == exhausted[1:]
    assert sorted(report(requests=10, bans=10)) == exhausted
    assert report() == []
    assert report(requests=1000, items=100_000) == [
        (VALIDITY, "exhausted", "met"), (POLITENESS, "exhausted", "met"),
    ]  # fmt: skip
    assert report() == []


def test_an_alert_says_what_is_promised_and_what_is_left(steps: Steps, webhook: Webhook) -> None:
    steps.log("recent", datetime.now(UTC), pages_landed=90)
    with steps.database.session() as session:
        measure_and_announce(
            session, LEVELS, dag_id="toy_pipeline", run_id="manual__1",
            settings=lambda: AlertSettings(webhook.url, 30.0),
        )  # fmt: skip
    (post,) = webhook.taken()
    assert post["text"].splitlines() == [
        "Service levels of toy (toy_pipeline, manual__1).",
        (
            "completeness has nothing left of its error budget; backfills pause. exhausted: 90 % "
            "of 99 % in 28 days, 0% of the budget left, burn rate 10.0"
        ),
    ]
    assert post["changes"][0]["budget_left"] == -9
    assert steps.database.value("select count(*) from slo_daily", role="analyst") == 3
