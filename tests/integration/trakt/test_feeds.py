"""The walks through the feeds: where they end, and what they do not lose."""

import json
from collections.abc import Iterator

import pytest

from tests.support.postgres import Database
from tests.support.trakt import SmallTrakt, comment, entries, entry, small_trakt, sync
from trakt_pipeline.config import COMMENT_DATASETS
from trakt_pipeline.sync import TraktSync
from warehouse.errors import HeldBack, SourceUnavailable

RECENT, UPDATES = "comments/recent/all/all", "comments/updates/all/all"
NO_PAGES = {"X-Pagination-Page-Count": "0", "X-Pagination-Item-Count": "0"}


@pytest.fixture
def trakt() -> Iterator[SmallTrakt]:
    """Feeds of 60 comments in pages of 10, the newest first."""
    with small_trakt(recent=entries(range(60, 0, -1)), updates=entries(range(60, 0, -1))) as api:
        api.longest = 10
        yield api


def run(database: Database, trakt: SmallTrakt, name: str, **changed: object) -> TraktSync:
    trakt.asked.clear()
    return sync(database.url, trakt.base_url, name, **changed)


def landed(database: Database) -> set[int]:
    return {number for (number,) in database.query("select comment_id from raw.trakt_comments")}


def test_the_first_walk_reads_all_and_the_next_ends_after_two_pages_that_are_known(
    database: Database, trakt: SmallTrakt
) -> None:
    first = run(database, trakt, "first").recent()
    assert trakt.pages_of(RECENT) == [1, 2, 3, 4, 5, 6, 1]
    assert (first["new"], first["complete"]) == (60, True)

    trakt.lists[RECENT] = entries(range(73, 0, -1))
    second = run(database, trakt, "second").recent()

    # The third page has seven that are known, after three that are not.
    assert trakt.pages_of(RECENT) == [1, 2, 3, 4, 1]
    assert (second["new"], second["complete"]) == (13, True)
    assert landed(database) == set(range(1, 74))


def test_the_server_is_asked_for_250_and_the_headers_say_where_the_end_is(
    database: Database, trakt: SmallTrakt
) -> None:
    trakt.hidden = {55, 54, 53, 12, *range(31, 41)}

    figures = run(database, trakt, "first").recent()

    assert trakt.pages_of(RECENT) == [1, 2, 3, 4, 5, 6, 1]
    assert landed(database) == set(range(1, 61)) - trakt.hidden
    assert (figures["pages"], figures["complete"]) == (7, True)
    assert database.query(
        "select distinct page_limit, page_count, item_count from raw.trakt_pages"
    ) == [(10, 6, 60)]


def test_updates_are_walked_by_what_is_known_and_not_by_their_times(
    database: Database, trakt: SmallTrakt
) -> None:
    run(database, trakt, "first").updates()
    moved = [comment(3, likes=90), comment(70), comment(21, comment="Edited."), comment(4, likes=1)]
    # What was touched last comes first, in no order of any field; a whole page of it is known.
    trakt.lists[UPDATES] = [
        *(entry(each) for each in moved[:2]),
        *entries(range(60, 42, -1)),
        *(entry(each) for each in moved[2:]),
        *(each for each in entries(range(42, 0, -1)) if each["comment"]["id"] not in (3, 21, 4)),
    ]

    figures = run(database, trakt, "second").updates()

    assert trakt.pages_of(UPDATES) == [1, 2, 3, 4, 5, 1]
    assert (figures["new"], figures["changed"]) == (1, 3)
    assert database.query(
        "select likes from raw.trakt_comment_measures where comment_id = 3 order by likes"
    ) == [(90,)]


def test_a_walk_that_was_killed_leaves_no_gap(database: Database, trakt: SmallTrakt) -> None:
    run(database, trakt, "first").recent()
    trakt.lists[RECENT] = entries(range(130, 0, -1))

    def break_at(_: str, page: int) -> None:
        if page == 4:
            trakt.faults.extend([(200, {}, b"[{")] * 2)

    trakt.before_page = lambda path, page: break_at(path, page + 1)
    with pytest.raises(SourceUnavailable):
        run(database, trakt, "killed").recent()
    assert len(landed(database)) == 90
    assert database.query(
        "select is_complete, pages_announced, pages_landed from meta.ingest_log "
        "where run_id = 'killed'"
    ) == [(False, 4, 3)]

    trakt.before_page = lambda *_: None
    figures = run(database, trakt, "again").recent()

    assert landed(database) == set(range(1, 131))
    assert (figures["new"], figures["known"], figures["complete"]) == (40, 30 + 20 + 10, True)


def test_what_arrives_while_a_feed_is_read_is_read_at_the_end(
    database: Database, trakt: SmallTrakt
) -> None:
    def arrive(_: str, page: int) -> None:
        if page == 6:
            trakt.lists[RECENT] = entries(range(75, 0, -1))
            trakt.before_page = lambda *_: None

    trakt.before_page = arrive

    run(database, trakt, "first").recent()

    # The first pages again, until one has something of what was read.
    assert trakt.pages_of(RECENT)[-2:] == [1, 2]
    assert landed(database) == set(range(1, 76))


def test_nothing_is_lost_where_a_feed_gets_shorter_while_it_is_read(
    database: Database, trakt: SmallTrakt
) -> None:
    def remove(_: str, page: int) -> None:
        if page == 3:
            trakt.lists[RECENT] = trakt.lists[RECENT][5:]
            trakt.before_page = lambda *_: None

    trakt.before_page = remove

    run(database, trakt, "first").recent()

    assert trakt.pages_of(RECENT)[:5] == [1, 2, 3, 2, 3]
    assert landed(database) == set(range(1, 61))


def test_a_later_walk_that_ends_by_its_limit_is_not_complete(
    database: Database, trakt: SmallTrakt
) -> None:
    first = run(database, trakt, "first", feed_pages=3).recent()
    assert first["complete"]
    assert landed(database) == set(range(31, 61))
    trakt.lists[RECENT] = entries(range(99, 0, -1))

    second = run(database, trakt, "second", feed_pages=2).recent()

    assert not second["complete"]
    assert database.query(
        "select is_complete, pages_announced, pages_landed from meta.ingest_log order by ingest_id"
    ) == [(True, 4, 4), (False, 3, 2)]
    assert run(database, trakt, "third", feed_pages=9).recent()["complete"]
    assert landed(database) == set(range(31, 100))


@pytest.mark.parametrize(
    ("empty", "headers"), [(3, {}), (3, NO_PAGES), (6, NO_PAGES), (8, {}), (8, NO_PAGES)]
)
def test_an_empty_page_before_the_last_one_does_not_end_a_walk(
    database: Database, trakt: SmallTrakt, headers: dict[str, str], empty: int
) -> None:
    """The eighth answer is the second page of what arrived meanwhile."""
    answered = 0

    def before(_: str, page: int) -> None:
        nonlocal answered
        answered += 1
        if answered == 7:
            trakt.lists[RECENT] = entries(range(110, 0, -1))
        if answered == empty - 1:
            trakt.faults.append((200, headers, b"[]"))
            answered += 1

    trakt.before_page = before
    assert not run(database, trakt, "cut").recent()["complete"]
    assert len(trakt.asked) == empty
    assert database.value("select count(*) from raw.trakt_feeds") == 0

    trakt.before_page = lambda *_: None
    trakt.lists[RECENT] = entries(range(110, 0, -1))
    assert run(database, trakt, "again").recent()["complete"]
    assert landed(database) == set(range(1, 111))


def test_a_feed_that_loses_its_last_page_while_it_is_read_loses_no_comment(
    database: Database, trakt: SmallTrakt
) -> None:
    trakt.lists[RECENT] = entries(range(61, 0, -1))

    def remove(_: str, page: int) -> None:
        if page == 7:
            trakt.lists[RECENT] = trakt.lists[RECENT][5:]
            trakt.before_page = lambda *_: None

    trakt.before_page = remove

    assert run(database, trakt, "first").recent()["complete"]
    assert trakt.pages_of(RECENT) == [1, 2, 3, 4, 5, 6, 7, 6, 1]
    assert landed(database) == set(range(1, 62))


@pytest.mark.parametrize("is_first", [True, False])
def test_an_empty_feed_is_complete_only_where_no_walk_was_before(
    database: Database, trakt: SmallTrakt, is_first: bool
) -> None:
    if not is_first:
        run(database, trakt, "first").recent()
    before = database.query("select * from raw.trakt_feeds")
    trakt.lists[RECENT] = []

    figures = run(database, trakt, "empty").recent()

    assert (figures["requests"], figures["complete"]) == (1, is_first)
    assert database.query("select * from raw.trakt_feeds") == before


def test_pages_without_counts_end_with_an_empty_one(database: Database, trakt: SmallTrakt) -> None:
    def bare(_: str, page: int) -> None:
        items = trakt.lists[RECENT][(page - 1) * 10 : page * 10]
        trakt.faults.append((200, {}, json.dumps(items).encode()))

    path = f"/{RECENT}"
    for page in (*range(1, 8), 1):
        bare(path, page)

    figures = run(database, trakt, "first").recent()

    assert (figures["new"], figures["requests"]) == (60, 8)
    assert database.value("select count(page_count) from raw.trakt_pages") == 0


def test_what_comments_are_about_is_followed(database: Database, trakt: SmallTrakt) -> None:
    show = {"title": "B", "ids": {"trakt": 8}}
    trakt.lists[RECENT] = [
        entry(comment(9, created_at="2031-02-02T00:00:00.000Z"), 7),
        {"type": "show", "show": show, "comment": comment(8)},
        {"type": "season", "season": {"number": 2}, "show": show, "comment": comment(7)},
        {"type": "episode", "episode": {"season": 3, "number": 4}, "show": show}
        | {"comment": comment(6, parent_id=5)},
        {"type": "list", "list": {"name": "C", "ids": {"trakt": 1}}, "comment": comment(4)},
        entry(comment(3), 7),
    ]

    run(database, trakt, "first").recent()
    trakt.lists[RECENT].append(entry(comment(2, created_at="2031-01-01T00:00:00.000Z"), 7))
    run(database, trakt, "second").recent()

    assert database.query(
        "select unit, level, title_id, season, episode, due_reason, newest_comment_at::date::text "
        "from raw.trakt_units order by unit"
    ) == [
        ("movies/7/comments", "movie", 7, None, None, "backfill", "2031-02-02"),
        ("shows/8/comments", "show", 8, None, None, "backfill", "2031-01-01"),
        ("shows/8/seasons/2/comments", "season", 8, 2, None, "backfill", "2031-01-01"),
        ("shows/8/seasons/3/episodes/4/comments", "episode", 8, 3, 4, "backfill", "2031-01-01"),
    ]
    assert database.query(
        "select comment_id, level, title_id, season, episode, parent_id from raw.trakt_comments "
        "where comment_id in (4, 6) order by comment_id"
    ) == [(4, "list", None, None, None, None), (6, "episode", 8, 3, 4, 5)]


def test_a_unit_that_is_scanned_now_does_not_hold_a_feed_up(
    database: Database, trakt: SmallTrakt
) -> None:
    run(database, trakt, "first").recent()
    trakt.lists[RECENT] = entries(range(64, 0, -1))
    with database.session() as scan, scan.cursor() as cursor:
        cursor.execute("select from raw.trakt_units for no key update")

        assert run(database, trakt, "second").recent()["new"] == 4


def test_too_many_broken_entries_end_the_run(database: Database, trakt: SmallTrakt) -> None:
    broken = entries(range(60, 0, -1))
    del broken[0]["comment"]["likes"]
    broken[1] = broken[1]["comment"]
    trakt.lists[RECENT] = broken

    with pytest.raises(HeldBack, match=r"4 of 70 items .*TRAKT_MAX_QUARANTINED_SHARE"):
        run(database, trakt, "first").recent()

    assert len(landed(database)) == 58
    assert run(database, trakt, "second", max_quarantined_share=0.5).recent()["complete"]


def test_a_step_whose_log_row_cannot_be_written_ends_with_its_own_fault(
    database: Database, trakt: SmallTrakt, caplog: pytest.LogCaptureFixture
) -> None:
    trakt.faults.extend([(500, {}, b"")] * 2)
    database.execute("alter table meta.ingest_log rename to ingest_log_elsewhere")

    with pytest.raises(SourceUnavailable, match="answered 500"):
        run(database, trakt, "first").recent()

    assert "recent: its row of the log was not written" in caplog.text


def test_a_step_that_fails_at_its_end_is_not_complete(
    database: Database, trakt: SmallTrakt
) -> None:
    with (
        pytest.raises(SourceUnavailable),
        run(database, trakt, "first").run.step("recent", COMMENT_DATASETS) as step,
    ):
        step.figures.is_complete = True
        raise SourceUnavailable("at the end")

    assert database.query("select step, is_complete from meta.ingest_log") == [("recent", False)]
