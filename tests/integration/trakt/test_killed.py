"""A walk that is killed at any moment loses nothing, and leaves no gap."""

from collections.abc import Iterator

import pytest

from tests.support.moments import Moment, exit_code_of_killed
from tests.support.postgres import Database
from tests.support.trakt import SmallTrakt, entries, small_trakt, sync
from trakt_pipeline.sync import TraktSync

_PAGE = "insert into raw.trakt_pages"
_MEASURES = "insert into raw.trakt_comment_measures"
_UNITS = "update raw.trakt_units"
_COMMIT = "^commit$"

MOMENTS = {
    "a page has come": Moment("after", ("trakt_pipeline.client:TraktClient.recent",) * 2),
    "a page is written, not committed": Moment("before", (_MEASURES, _MEASURES, _COMMIT)),
    "a page is committed, its units are not": Moment("after", (_PAGE, _PAGE, _COMMIT)),
    "all pages are read, the walk is not complete": Moment("before", ("into raw.trakt_feeds",)),
    "the walk is complete, its batches are open": Moment(
        "before", ("into raw.trakt_feeds", "insert into meta.load_log")
    ),
}


@pytest.fixture
def trakt() -> Iterator[SmallTrakt]:
    with small_trakt(recent=entries(range(40, 0, -1))) as api:
        api.longest = 10
        yield api


def walk(run: TraktSync) -> None:
    run.recent()


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_the_walk_after_a_kill_reads_what_is_missing(
    database: Database, trakt: SmallTrakt, moment: Moment
) -> None:
    sync(database.url, trakt.base_url, "first").recent()
    trakt.lists["comments/recent/all/all"] = entries(range(95, 0, -1))
    killed = sync(database.url, trakt.base_url, "killed")

    assert exit_code_of_killed(moment, walk, killed) == -9
    figures = sync(database.url, trakt.base_url, "again").recent()

    assert figures["complete"]
    assert database.query("select comment_id from raw.trakt_comments order by 1") == [
        (number,) for number in range(1, 96)
    ]
    for table in ("comments", "comment_versions", "comment_measures"):
        rows = database.value(f"select count(*) from raw.trakt_{table}_changes")
        assert rows == 95, table
    assert database.value("select count(*) from raw.trakt_units") == 3
    assert database.value("select count(*) from meta.api_batch_log where load_id is null") == 0
