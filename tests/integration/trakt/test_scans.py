"""A scan reads all of a list, whatever happens to the list meanwhile, or it is no complete scan."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.moments import Moment, exit_code_of_killed, started
from tests.support.postgres import Database
from tests.support.trakt import SmallTrakt, comment, small_trakt, sync
from tests.support.trakt_titles import add_title, known, next_day, rescan, run_backfill

_PAGE = r"insert into raw\.trakt_pages"
MOMENTS = {
    "a page has come": Moment("after", ("trakt_pipeline.client:TraktClient.unit_comments",) * 2),
    "a page is written, not committed": Moment("after", (_PAGE, _PAGE)),
    "a page is committed": Moment(
        "after", (_PAGE, "commit in a thread", _PAGE, "commit in a thread")
    ),
    "the last page is committed": Moment(
        "after", (_PAGE, _PAGE, r"completed_scans = completed_scans \+ 1", "commit in a thread")
    ),
    "the batch is ended, not committed": Moment("before", (_PAGE, r"insert into meta\.load_log")),
}


@pytest.fixture
def trakt() -> Iterator[SmallTrakt]:
    """A movie with six comments, in pages of two."""
    with small_trakt(recent=[], updates=[]) as api:
        api.longest = 2
        add_title(api, "movie", 1, [comment(number) for number in range(1, 7)])
        yield api


LIST = "movies/1/comments/oldest"


def missed(database: Database) -> set[int]:
    return known(database, "missing_scans > 0")


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_a_scan_that_was_killed_continues_at_the_page_that_was_not_committed(
    database: Database, trakt: SmallTrakt, moment: Moment
) -> None:
    assert exit_code_of_killed(moment, run_backfill, database.url, trakt.base_url, "killed") == -9
    committed = database.value("select count(*) from raw.trakt_pages")
    trakt.asked.clear()

    run_backfill(database.url, trakt.base_url, "continued")

    assert trakt.pages_of(LIST) == list(range(committed + 1, 4))
    assert known(database) == {1, 2, 3, 4, 5, 6}
    assert missed(database) == set()
    assert database.value("select count(*) from meta.api_batch_log where load_id is null") == 0


def test_two_backfills_at_once_share_the_queue(database: Database, trakt: SmallTrakt) -> None:
    for number in range(2, 13):
        made = [comment(10 * number + each) for each in range(5)]
        add_title(trakt, "movie", number, made)

    processes = [
        started(run_backfill, database.url, trakt.base_url, run_id) for run_id in ("one", "two")
    ]
    for process in processes:
        process.join(timeout=120)

    assert [process.exitcode for process in processes] == [0, 0]
    pages = [each for each in trakt.asked if each[0].endswith("oldest")]
    assert len(pages) == len(set(pages)) == 3 * 12
    assert len(known(database)) == 6 + 11 * 5
    assert missed(database) == set()


def test_what_moves_to_a_page_that_was_read_is_read_again(
    database: Database, trakt: SmallTrakt
) -> None:
    def lose_the_first(path: str, page: int) -> None:
        if path == LIST and page == 2 and len(trakt.lists[LIST]) == 6:
            del trakt.lists[LIST][0]

    trakt.before_page = lose_the_first
    figures = sync(database.url, trakt.base_url).backfill(10)

    assert trakt.pages_of(LIST) == [1, 2, 1, 2, 3]
    assert known(database) == {1, 2, 3, 4, 5, 6}
    assert figures["complete"]


def test_a_list_that_is_never_at_rest_is_left_for_the_next_run(
    database: Database, trakt: SmallTrakt
) -> None:
    def get_shorter_and_longer(path: str, page: int) -> None:
        if path == LIST:
            trakt.lists[LIST] = [comment(number) for number in range(1, 7 if page == 1 else 6)]

    trakt.before_page = get_shorter_and_longer
    figures = sync(database.url, trakt.base_url).backfill(10)
    assert (figures["complete"], figures["due"]) == (False, 1)
    assert figures["pages"] < 20

    trakt.before_page = lambda *_: None
    assert sync(database.url, trakt.base_url, "next").backfill(10)["complete"]
    assert missed(database) == set()


def test_pages_of_another_length_do_not_make_a_scan(database: Database, trakt: SmallTrakt) -> None:
    def get_longer(path: str, page: int) -> None:
        if path == LIST:
            trakt.longest = 2 if page == 1 else 3

    trakt.before_page = get_longer
    figures = sync(database.url, trakt.base_url).backfill(10)
    assert (figures["complete"], figures["due"]) == (False, 1)

    trakt.before_page, trakt.longest = (lambda *_: None), 3
    trakt.asked.clear()
    assert sync(database.url, trakt.base_url, "next").backfill(10)["complete"]
    assert trakt.pages_of(LIST) == [1, 2]
    assert known(database) == {1, 2, 3, 4, 5, 6}


def test_nothing_is_missing_from_a_scan_that_was_not_complete(
    database: Database, trakt: SmallTrakt
) -> None:
    sync(database.url, trakt.base_url).backfill(10)
    trakt.lists[LIST] = [comment(number) for number in (1, 2, 5, 6)]
    trakt.failing = {(LIST, 2)}
    for day in range(3):
        next_day(trakt)
        figures = rescan(trakt, sync(database.url, trakt.base_url, f"run {day}", rescan_days=1))
        assert (figures["complete"], figures["due"]) == (False, 1)
    assert missed(database) == set()
    assert (
        database.value(
            "select pages_announced - pages_landed from meta.ingest_log "
            "order by ingest_id desc limit 1"
        )
        == 1
    )

    trakt.failing.clear()
    for missing in (1, 2):
        next_day(trakt)
        run = sync(database.url, trakt.base_url, f"whole {missing}", rescan_days=1)
        assert rescan(trakt, run)["complete"]
        assert known(database, f"missing_scans = {missing}") == missed(database) == {3, 4}


def test_hidden_comments_and_headers_that_are_missing_do_not_end_a_scan(
    database: Database, trakt: SmallTrakt
) -> None:
    trakt.hidden = {3, 4}

    sync(database.url, trakt.base_url).backfill(10)

    assert trakt.pages_of(LIST) == [1, 2, 3]
    assert known(database) == {1, 2, 5, 6}


@pytest.mark.parametrize("page_count", [{}, {"X-Pagination-Page-Count": "0"}])
def test_an_empty_page_before_the_last_one_does_not_end_a_scan(
    database: Database, trakt: SmallTrakt, page_count: dict[str, str]
) -> None:
    sync(database.url, trakt.base_url).backfill(10)
    trakt.pages[LIST, 2] = (200, {"X-Pagination-Limit": "2"} | page_count, b"[]")
    next_day(trakt)

    figures = rescan(trakt, sync(database.url, trakt.base_url, "cut", rescan_days=1))

    assert (figures["complete"], figures["due"]) == (False, 1)
    assert missed(database) == set()


def test_a_title_that_is_gone_is_asked_for_again_on_its_day(
    database: Database, trakt: SmallTrakt
) -> None:
    sync(database.url, trakt.base_url).backfill(10)
    comments: list[Any] = trakt.lists.pop(LIST)
    next_day(trakt)
    run = sync(database.url, trakt.base_url, "gone", rescan_days=1)
    assert rescan(trakt, run)["gone"] == 1
    assert missed(database) == {1, 2, 3, 4, 5, 6}

    trakt.lists[LIST] = comments
    next_day(trakt)
    rescan(trakt, run)
    assert missed(database) == set()
    assert database.value("select gone_at from raw.trakt_units") is None
