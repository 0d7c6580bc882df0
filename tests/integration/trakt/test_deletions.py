"""A comment is gone when Trakt says so of its id, and after that its words are nowhere."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.support.postgres import Database
from tests.support.trakt import SmallTrakt, comment, entry, small_trakt, sync, user
from tests.support.trakt_titles import add_title, body, known, next_day, rescan
from trakt_pipeline.config import COMMENT_DATASETS
from trakt_pipeline.sync import TraktSync
from warehouse.errors import SourceUnavailable

LIST = "movies/1/comments/oldest"


@pytest.fixture
def trakt(database: Database) -> Iterator[SmallTrakt]:
    """A movie with six comments, of which the second has two replies, all in the warehouse."""
    with small_trakt(recent=[], updates=[]) as api:
        comments = [comment(number, replies=2 * (number == 2)) for number in range(1, 7)]
        add_title(api, "movie", 1, comments)
        api.lists["comments/2/replies"] = [comment(7, parent_id=2), comment(8, parent_id=2)]
        for each in (*comments, *api.lists["comments/2/replies"]):
            api.things[f"comments/{each['id']}"] = body(each)
        sync(database.url, api.base_url).backfill(10)
        yield api


def lose(trakt: SmallTrakt, *numbers: int) -> None:
    """Let comments be deleted."""
    trakt.lists[LIST] = [each for each in trakt.lists[LIST] if each["id"] not in numbers]
    for number in numbers:
        del trakt.things[f"comments/{number}"]


def scans(database: Database, trakt: SmallTrakt, days: int, **changed: object) -> TraktSync:
    """Scan all once a day."""
    run = sync(database.url, trakt.base_url, "scans", rescan_days=1, **changed)
    for _ in range(days):
        next_day(trakt)
        rescan(trakt, run)
    trakt.asked.clear()
    return run


def by_id(trakt: SmallTrakt) -> set[str]:
    return {path for path, _ in trakt.asked if path.count("/") == 1}


def pages_with(database: Database, words: str) -> int:
    return int(
        database.value("select count(*) from raw.trakt_pages where strpos(body, %s) > 0", words)
    )


def test_two_scans_that_miss_a_comment_let_it_be_asked_for(
    database: Database, trakt: SmallTrakt
) -> None:
    lose(trakt, 3)
    run = scans(database, trakt, 1)
    assert run.deletions()["requests"] == 0

    run = scans(database, trakt, 1)
    figures = run.deletions()

    assert "comments/3" in by_id(trakt)
    assert (figures["gone"], figures["due"], figures["complete"]) == (1, 0, True)
    assert database.value("select gone_at from raw.trakt_comments where comment_id = 3") == (
        trakt.now
    )
    assert pages_with(database, "Five words on number 3.") == 0
    assert pages_with(database, "Five words on number 4.") == 2
    # The models read the change: its batch is in the ledger.
    assert 3 in {
        number
        for (number,) in database.query(
            "select comment_id from raw.trakt_comments_changes where gone_at is not null"
        )
    }
    # What is gone stays gone, and is asked for no more.
    run = scans(database, trakt, 2)
    assert run.deletions()["requests"] == 0


def test_replies_of_a_comment_that_is_gone_are_asked_for_too(
    database: Database, trakt: SmallTrakt
) -> None:
    lose(trakt, 2)
    del trakt.things["comments/7"]
    del trakt.lists["comments/2/replies"]

    scans(database, trakt, 2).deletions()

    assert known(database, "gone_at is not null") == {2, 7}
    assert known(database, "hidden_at is not null") == {8}


def test_a_comment_that_is_there_by_its_id_is_hidden_until_it_is_listed(
    database: Database, trakt: SmallTrakt
) -> None:
    trakt.hidden = {5}
    scans(database, trakt, 2).deletions()
    assert known(database, "hidden_at is not null") == {5}
    assert known(database, "gone_at is not null") == set()
    since = database.value("select hidden_at from raw.trakt_comments where comment_id = 5")

    scans(database, trakt, 2).deletions()
    assert by_id(trakt) >= {"comments/5"}
    assert database.value("select hidden_at from raw.trakt_comments where comment_id = 5") == since

    trakt.hidden = set()
    scans(database, trakt, 1)
    assert known(database, "hidden_at is not null") == set()


def test_a_reply_that_a_feed_showed_is_not_hidden_because_its_comment_is_gone(
    database: Database, trakt: SmallTrakt
) -> None:
    """Of the two replies, a feed shows one after the first scan that misses their comment."""
    lose(trakt, 2)
    scans(database, trakt, 1)
    trakt.lists["comments/updates/all/all"] = [entry(trakt.lists["comments/2/replies"][1])]
    sync(database.url, trakt.base_url, "feed").updates()

    scans(database, trakt, 1).deletions()

    assert by_id(trakt) >= {"comments/7", "comments/8"}
    assert known(database, "gone_at is not null") == {2}
    assert known(database, "hidden_at is not null") == {7}


def test_a_listed_comment_that_breaks_its_contract_is_not_missing(
    database: Database, trakt: SmallTrakt
) -> None:
    trakt.lists[LIST][2] = comment(3, likes="many")

    scans(database, trakt, 2, max_quarantined_share=1.0)

    assert known(database, "missing_scans > 0") == set()
    assert database.value("select last_seen_at from raw.trakt_comments where comment_id = 3") == (
        trakt.now
    )


def test_an_answer_by_id_that_breaks_its_contract_says_nothing(
    database: Database, trakt: SmallTrakt
) -> None:
    trakt.hidden = {3}
    run = scans(database, trakt, 2, max_quarantined_share=1.0)
    trakt.things["comments/3"] = body(comment(3, likes="many"))

    assert run.deletions()["due"] == 0

    assert by_id(trakt) >= {"comments/3"}
    assert known(database, "hidden_at is not null or gone_at is not null") == set()


def test_a_comment_that_comes_back_is_not_gone(database: Database, trakt: SmallTrakt) -> None:
    listed, answer = trakt.lists[LIST], trakt.things["comments/6"]
    lose(trakt, 6)
    scans(database, trakt, 2).deletions()
    assert known(database, "gone_at is not null") == {6}

    trakt.lists[LIST], trakt.things["comments/6"] = listed, answer
    scans(database, trakt, 1)
    assert known(database, "gone_at is not null") == set()


def test_nothing_is_gone_where_every_comment_is_answered_with_404(
    database: Database, trakt: SmallTrakt
) -> None:
    trakt.lists[LIST] = trakt.lists[LIST][:3]
    run = scans(database, trakt, 2)
    for number in range(1, 9):
        trakt.things.pop(f"comments/{number}", None)

    with pytest.raises(SourceUnavailable, match="lists have just shown"):
        run.deletions()

    assert known(database, "gone_at is not null") == set()
    assert known(database, "check_due_since is not null") == {4, 5, 6}


def test_an_old_404_of_a_cache_does_not_count_for_what_was_seen_later(
    database: Database, trakt: SmallTrakt
) -> None:
    lose(trakt, 4)
    run = scans(database, trakt, 2)
    trakt.now -= timedelta(days=5)

    run.deletions()

    assert known(database, "gone_at is not null") == set()
    assert known(database, "check_due_since is not null") == set()


def test_what_cannot_be_asked_stays_due(database: Database, trakt: SmallTrakt) -> None:
    lose(trakt, 4)
    run = scans(database, trakt, 2)
    trakt.things["comments/4"] = (500, {}, b"")

    figures = run.deletions()

    assert (figures["complete"], figures["failed"], figures["due"]) == (False, 1, 1)
    assert known(database, "gone_at is not null") == set()


def test_words_of_a_user_who_was_deleted_leave_the_pages(
    database: Database, trakt: SmallTrakt
) -> None:
    trakt.lists[LIST][0] = comment(1, user=user(1, deleted=True))
    scans(database, trakt, 1).deletions()

    assert pages_with(database, "Five words on number 1.") == 0
    assert pages_with(database, "Five words on number 2.") > 0
    assert database.value("select words from raw.trakt_comment_versions where comment_id = 1") == 5


def test_a_user_who_was_deleted_while_another_step_erased_is_erased_by_the_next(
    database: Database, trakt: SmallTrakt
) -> None:
    trakt.lists[LIST][0] = comment(1, user=user(1, deleted=True))
    with sync(database.url, trakt.base_url, "other").run.step(
        "deletions", COMMENT_DATASETS
    ) as step:
        scans(database, trakt, 1)
        step.figures.is_complete = True

    scans(database, trakt, 0).deletions()

    assert pages_with(database, "Five words on number 1.") == 0
