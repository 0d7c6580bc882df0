"""Days of Trakt in a row: what the warehouse has in the end is what Trakt had, day by day."""

from collections import defaultdict
from datetime import timedelta
from unittest.mock import patch

import pytest

from include.sample.api.faults import cut, html, reset
from include.sample.trakt.faults import fail
from include.sample.trakt.server import TraktLike
from include.sample.trakt.truth import TraktTruth
from tests.support.postgres import Database
from tests.support.trakt import sync
from tests.support.trakt_days import FIRST_DAY, SampleDays, requests, whole
from tests.support.trakt_titles import known
from trakt_pipeline.content import content_hash

LAST = 6


def add_faults(server: TraktLike) -> None:
    """Let a request in some fail, in each way that passes."""
    for place, effect in enumerate(
        (fail(503), fail(502, html=True), fail(429, 0), fail(429, 0, html=True), html(), cut(0.4))
    ):
        server.faults.add(effect, path="/comments", times=2, after=3 + 7 * place)
    server.faults.add(reset(), path="/(ratings|stats|seasons)", times=2, after=2)
    server.faults.add(fail(520), path="^/comments/[0-9]+$", times=1)


@pytest.fixture(scope="module")
def days() -> SampleDays:
    return SampleDays(100)


def test_after_six_days_with_faults_the_warehouse_has_what_trakt_had(
    database: Database, days: SampleDays
) -> None:
    """Ids, versions and deletions, though lists change while they are read."""
    with patch("include.sample.trakt.pages.MOST", 25):
        for day in range(1, LAST + 1):
            yesterdays = 0 if day in {1, LAST} else 12
            with days.served(day, of_yesterday=yesterdays) as server:
                add_faults(server)
                run = sync(
                    database.url,
                    server.base_url,
                    f"day {day}",
                    rescan_days=1,
                    tries=6,
                    feed_pages=99,
                )
                figures = whole(run)
                assert all(step["complete"] for step in figures.values()), figures
                if day == LAST:
                    assert run.rescan(everything=True)["complete"]
                    assert run.deletions()["complete"]
                assert server.traffic.keys_in_urls == 0

    truth = days.truth(LAST)
    # What no list of a title has, feeds alone show: comments on lists of users.
    lists = "select comment_id from raw.trakt_comments where level = 'list'"
    on_lists = {number for (number,) in database.query(lists)}
    assert on_lists
    assert known(database, "gone_at is null") == set(truth.seen()) - on_lists
    assert set(gone(database)) == set(truth.gone()) - on_lists
    late = {number: on - truth.gone()[number] for number, on in gone(database).items()}
    assert set(late.values()) <= {0, 1}
    assert known(database, "hidden_at is not null") <= set(truth.hidden())
    assert versions(database) == true_versions(truth, set(versions(database)))
    assert database.value("select count(*) from raw.quarantine") == 0


def gone(database: Database) -> dict[int, int]:
    """The day on which each comment was found gone."""
    found = database.query(
        "select comment_id, (gone_at at time zone 'UTC')::date - %s + 1 from raw.trakt_comments "
        "where gone_at is not null",
        FIRST_DAY,
    )
    return dict(found)


def versions(database: Database) -> dict[int, set[str]]:
    """The states of each comment that is no reply and never was hidden or gone."""
    found = defaultdict(set)
    for number, state in database.query(
        "select comment_id, version.content_hash from raw.trakt_comment_versions as version "
        "inner join raw.trakt_comments as comment using (comment_id) "
        "where parent_id is null and hidden_at is null and gone_at is null and level <> 'list'"
    ):
        found[number].add(state)
    return found


def true_versions(truth: TraktTruth, numbers: set[int]) -> dict[int, set[str]]:
    return {
        number: {content_hash(content) for _, content in truth.versions(number)}
        for number in numbers
    }


def test_a_quiet_day_asks_for_little_and_nothing_is_asked_twice(
    database: Database,
) -> None:
    days = SampleDays(250)
    titles = days.publish_titles(database)
    with days.served(1) as server:
        first = requests(whole(sync(database.url, server.base_url, "first")))
        asked = dict(server.traffic.requests)
    assert titles > 10
    twice = {name for name, times in asked.items() if times > 1}
    # Of the feeds alone: the first page shows whether something arrived meanwhile.
    assert {name.split("?")[0].split("/")[2] for name in twice} <= {"recent", "updates"}

    quiet = []
    for later in range(1, 15):
        with days.served(1, today=FIRST_DAY + timedelta(days=later)) as server:
            quiet.append(requests(whole(sync(database.url, server.base_url, f"quiet {later}"))))
    assert sum(quiet) / len(quiet) <= first / 10, (first, quiet)
    # Each unit but replies was scanned again, once.
    assert (
        database.value(
            "select count(*) from raw.trakt_units where level <> 'replies' and completed_scans <> 2"
        )
        == 0
    )
