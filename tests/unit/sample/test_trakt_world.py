"""The days of the invented Trakt: what changes from one to the next, and that its truth agrees."""

import json
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from include.sample.api.answers import ApiRequest, SampleAnswer
from include.sample.trakt.server import TraktServer

DAYS = 8
FIRST = date(2026, 12, 1)
TITLES = 200
Comment = dict[str, Any]


@cache
def day(number: int) -> TraktServer:
    """A server of a day; it need not listen to answer."""
    return TraktServer(TITLES, number, today=FIRST + timedelta(days=number - 1))


def ask(server: TraktServer, target: str) -> SampleAnswer:
    return server.api.answer(ApiRequest.parse(target))


def walk(server: TraktServer, target: str) -> list[Any]:
    found, page, pages = [], 1, 1
    while page <= pages:
        answer = ask(server, f"{target}&limit=250&page={page}")
        pages = int(answer.headers["X-Pagination-Page-Count"])
        found += json.loads(answer.body)
        page += 1
    return found


@cache
def comments(number: int) -> dict[int, Comment]:
    """All that is in the feed of a day, by id."""
    feed = walk(day(number), "/comments/recent/all/all?include_replies=true")
    return {item["comment"]["id"]: item["comment"] for item in feed}


@cache
def pairs() -> list[tuple[Comment, Comment]]:
    """Each comment on two days, one after the other."""
    return [
        (comments(number)[each], comments(number + 1)[each])
        for number in range(1, DAYS)
        for each in comments(number).keys() & comments(number + 1).keys()
    ]


def test_the_same_day_is_the_same_world() -> None:
    other = TraktServer(TITLES, 3, today=FIRST + timedelta(days=2))
    for target in ("/comments/updates/all/all?limit=250", "/movies/popular?extended=full"):
        assert ask(other, target) == ask(day(3), target)


def test_a_later_date_of_day_1_changes_no_comment() -> None:
    later = TraktServer(TITLES, 1, today=FIRST + timedelta(days=100))
    target = "/comments/recent/all/all?include_replies=true&limit=250"
    assert ask(later, target) == ask(day(1), target)


def test_each_day_brings_comments_and_replies() -> None:
    for number in range(2, DAYS + 1):
        new = [comments(number)[each] for each in comments(number).keys() - comments(1).keys()]
        date_before = (FIRST + timedelta(days=number - 2)).isoformat()
        assert any(each["created_at"][:10] == date_before for each in new), number
        assert all(each["created_at"] > FIRST.isoformat() for each in new)
    late = [each for each in comments(DAYS).values() if each["created_at"] > FIRST.isoformat()]
    assert {bool(each["parent_id"]) for each in late} == {True, False}


def test_texts_likes_and_ratings_change_in_all_ways() -> None:
    edited = [(old, new) for old, new in pairs() if old["comment"] != new["comment"]]
    assert all(new["updated_at"] > max(old["updated_at"], "2026-11-30") for old, new in edited)
    moved = {new["likes"] > old["likes"] for old, new in pairs() if new["likes"] != old["likes"]}
    replies = {
        new["replies"] > old["replies"] for old, new in pairs() if new["replies"] != old["replies"]
    }
    rated = [(old["user_rating"], new["user_rating"]) for old, new in pairs()]
    assert edited
    assert moved == replies == {True, False}
    assert any(old is not None and new is None for old, new in rated)
    assert any(old is None and new is not None for old, new in rated)
    for old, new in pairs():
        assert (new["updated_at"] == old["updated_at"]) == (new["comment"] == old["comment"])


def test_users_turn_private_and_get_other_names() -> None:
    users = [(old["user"], new["user"]) for old, new in pairs()]
    assert any(new["private"] and not old["private"] for old, new in users)
    renamed = [(old, new) for old, new in users if old["ids"]["slug"] != new["ids"]["slug"]]
    assert renamed
    assert all(old["ids"].get("trakt") == new["ids"].get("trakt") for old, new in renamed)
    assert {"trakt" in new["ids"] for _, new in renamed} == {True, False}


@pytest.mark.parametrize("number", [2, DAYS])
def test_what_left_the_lists_is_deleted_or_hidden(number: int) -> None:
    server = day(number)
    left = comments(1).keys() - comments(number).keys()
    statuses = {each: ask(server, f"/comments/{each}").status for each in left}
    assert {
        each for each, status in statuses.items() if status == 404
    } == server.truth.gone().keys() & comments(1).keys()
    assert {
        each for each, status in statuses.items() if status == 200
    } == server.truth.hidden().keys() & comments(1).keys()
    if number == DAYS:
        assert set(statuses.values()) == {200, 404}


def test_the_truth_of_the_last_day_is_what_each_day_answered() -> None:
    truth = day(DAYS).truth
    for number in range(1, DAYS + 1):
        assert truth.date(number) == day(number).today
        hidden = {
            each for each, comment in truth.comments(number).items() if comment.is_hidden(number)
        }
        assert truth.comments(number).keys() - hidden == comments(number).keys()
        for each, body in comments(number).items():
            content = {key: value for key, value in body.items() if key != "user"}
            assert truth.content(each, number) == content
        titles = truth.titles(number)
        seen = truth.seen(number)
        assert sum(title.comments for title in titles.values()) == sum(
            comment.title is not None for comment in seen.values()
        )
    some = next(iter(truth.gone()))
    versions = truth.versions(some)
    assert versions[-1][0] < truth.gone()[some]


def test_the_versions_of_a_comment_are_its_contents_in_order() -> None:
    truth = day(DAYS).truth
    changed = [old["id"] for old, new in pairs() if old["comment"] != new["comment"]]
    for number in changed[:3]:
        versions = truth.versions(number)
        assert len(versions) > 1
        assert all(old[1] != new[1] for old, new in pairwise(versions))
        for began, content in versions:
            assert comments(began)[number] == content | {"user": comments(began)[number]["user"]}


def test_the_feed_of_updates_begins_with_what_changed() -> None:
    server, before = day(DAYS), comments(DAYS - 1)
    feed = walk(server, "/comments/updates/all/all?include_replies=true")
    start = server.world.calendar.start(DAYS)
    touched = sum(
        comment.touched(DAYS, server.world.calendar) >= start
        for number, comment in server.truth.comments().items()
        if number in comments(DAYS)
    )
    assert 3 < touched < len(feed) / 2
    for item in feed[touched:]:
        now, old = item["comment"], before[item["comment"]["id"]]
        # A new rating alone does not bring every comment to the top, as at Trakt.
        same = {"user": None, "user_rating": None, "user_stats": None}
        assert now | same == old | same


def test_popular_titles_have_comments_by_many_in_a_burst_after_the_release() -> None:
    server = day(1)
    titles = server.truth.titles()
    assert sum(title.comments >= 20 for title in titles.values()) >= 2
    top = max(titles.values(), key=lambda title: title.comments)
    assert 10 < len(top.people) < top.comments
    early = 0
    for comment in server.truth.seen().values():
        title = comment.title
        if title and title.released and comment.season is None:
            written = date.fromisoformat(comments(1)[comment.number]["created_at"][:10])
            early += 0 <= (written - title.released).days < 30
    assert early > 10


def test_a_day_that_cannot_be_made_is_refused() -> None:
    with pytest.raises(ValueError, match="day must be 1 or later"):
        TraktServer(TITLES, 0)
