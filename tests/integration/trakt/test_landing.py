"""What landing keeps of comments: states, numbers by day, and nothing of a person but a key."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.support.leaks import Search
from tests.support.postgres import Database
from tests.support.trakt import NOW, SmallTrakt, comment, entry, small_trakt, sync, user
from trakt_pipeline.config import COMMENT_DATASETS, COMMENTS
from trakt_pipeline.landing import LandedPage, PageKind
from trakt_pipeline.steps import TraktRun
from trakt_pipeline.subjects import Subject
from trakt_pipeline.user_keys import UserKeys

MOVIE = Subject("movie", 1)
PATH = "movies/1/comments"


@pytest.fixture
def trakt() -> Iterator[SmallTrakt]:
    with small_trakt() as api:
        yield api


def run(database: Database, trakt: SmallTrakt, **changed: Any) -> TraktRun:
    return sync(database.url, trakt.base_url, **{"max_quarantined_share": 1.0} | changed).run


def land(
    database: Database,
    trakt: SmallTrakt,
    comments: list[Any],
    *,
    hours: float = 0,
    kind: PageKind = "unit",
    **changed: Any,
) -> LandedPage:
    """Land a page of a movie's comments that is answered so many hours later than the first."""
    trakt.lists[f"{PATH}/oldest"] = comments
    trakt.now = NOW + timedelta(hours=hours)
    with (
        run(database, trakt, **changed).step("unit", COMMENT_DATASETS) as step,
        step.connection,
        step.connection.cursor() as cursor,
    ):
        return step.landing().land(cursor, kind, step.client.unit_comments(PATH, 1), MOVIE)


def batches(database: Database, table: str) -> dict[int, int]:
    """By comment, how many batches of its dataset there were when its row was last written."""
    return dict(
        database.query(
            "select comment_id, (select count(*) from meta.api_batch_log as earlier "
            "where earlier.dataset = batch.dataset and earlier.batch_id <= batch.batch_id) "
            f"from raw.{table} inner join meta.api_batch_log as batch using (batch_id)"
        )
    )


def test_the_same_page_again_adds_nothing_and_moves_only_when_it_was_seen(
    database: Database, trakt: SmallTrakt
) -> None:
    page = [comment(1), comment(2)]
    assert len(land(database, trakt, page).new) == 2

    again = land(database, trakt, page, hours=30)

    assert set(again.known) == {1, 2}
    assert not again.new | again.changed
    for table, rows in (("pages", 1), ("comment_versions", 2), ("comment_measures", 2)):
        assert database.value(f"select count(*) from raw.trakt_{table}") == rows
    assert batches(database, "trakt_comments") == {1: 1, 2: 1}
    assert database.query(
        "select distinct first_seen_at, last_seen_at from raw.trakt_comments"
    ) == [(NOW, NOW + timedelta(hours=30))]


def test_each_state_of_a_comment_is_kept_and_the_present_one_is_named(
    database: Database, trakt: SmallTrakt
) -> None:
    states = [
        comment(1, likes=8),
        comment(1, likes=7, user_rating=None),
        comment(1, comment="Another text of six words.", updated_at="2031-03-03T00:00:00Z"),
        comment(1, likes=8),
    ]
    found = [land(database, trakt, [state], hours=place) for place, state in enumerate(states)]

    assert [sorted(page.changed) for page in found] == [[], [1], [1], [1]]
    versions = database.query(
        "select raw_data ->> 'likes', raw_data -> 'user_rating', words, version.content_hash = "
        "comment.content_hash from raw.trakt_comment_versions as version "
        "inner join raw.trakt_comments as comment using (comment_id) order by first_seen"
    )
    assert versions == [("8", 7, 5, True), ("7", None, 5, False), ("1", 7, 5, False)]
    assert batches(database, "trakt_comments") == {1: 4}


def test_numbers_have_a_row_for_each_day_on_which_they_moved(
    database: Database, trakt: SmallTrakt
) -> None:
    for hours, likes, rating in ((0, 3, 7), (1, 5, 7), (24, 5, 7), (48, 4, None), (72, 4, None)):
        land(database, trakt, [comment(1, likes=likes, user_rating=rating)], hours=hours)

    assert database.query(
        "select observed_on - %s::date, likes, user_rating from raw.trakt_comment_measures",
        NOW.date(),
    ) == [(0, 5, 7), (2, 4, None)]


def test_an_answer_of_a_cache_does_not_bring_an_earlier_state_back(
    database: Database, trakt: SmallTrakt
) -> None:
    land(database, trakt, [comment(1, likes=9)], hours=3)

    land(database, trakt, [comment(1, likes=2)], hours=1)

    assert database.query(
        "select likes, raw_data -> 'likes' from raw.trakt_comment_measures "
        "inner join raw.trakt_comments using (comment_id) "
        "inner join raw.trakt_comment_versions using (comment_id, content_hash)"
    ) == [(9, 9)]


def test_what_is_gone_stays_gone_on_pages_of_a_cache_and_comes_back_later(
    database: Database, trakt: SmallTrakt
) -> None:
    land(database, trakt, [comment(1), comment(2)])
    database.execute(
        "update raw.trakt_comments set gone_at = %s, missing_scans = 2, check_due_since = now(), "
        "hidden_at = now() where comment_id = 1",
        NOW + timedelta(hours=1),
    )

    land(database, trakt, [comment(1, likes=50), comment(2)], hours=8)
    assert database.value("select gone_at is not null from raw.trakt_comments where comment_id = 1")
    (body,) = database.query("select body from raw.trakt_pages order by page_id desc limit 1")[0]
    assert [set(each) >= {"comment", "user"} for each in json.loads(body)] == [False, True]

    land(database, trakt, [comment(1, likes=50), comment(2)], hours=10)
    assert (
        database.query(
            "select gone_at, hidden_at, missing_scans, check_due_since from raw.trakt_comments"
        )
        == [(None, None, 0, None)] * 2
    )
    assert batches(database, "trakt_comments") == {1: 3, 2: 1}


def test_old_comments_have_fewer_keys_and_new_ones_more(
    database: Database, trakt: SmallTrakt
) -> None:
    old = comment(4528, created_at="2014-12-01T00:00:00.000Z", user=user(1, vip=None))
    for key in ("language", "user_stats"):
        del old[key]
    docs = comment(11599, created_at="2013-02-01T00:00:00.000Z")
    del docs["user_rating"]
    new = comment(3, reactions={"laugh": 2}, user=user(2, images={}) | {"pronouns": "they"})

    land(database, trakt, [old, docs, new])

    assert database.query(
        "select comment_id, user_rating from raw.trakt_comment_measures order by comment_id"
    ) == [(3, 7), (4528, 7), (11599, 7)]
    assert database.query("select dataset, path, items from meta.schema_drift order by path") == [
        ("comments", "reactions", 1),
        ("comments", "user.pronouns", 1),
    ]
    assert database.value("select count(*) from raw.quarantine") == 0


def test_texts_that_postgres_cannot_hold_break_nothing(
    database: Database, trakt: SmallTrakt
) -> None:
    odd = comment(1, comment="a\0b \ud800 \U0001f600 c\r\n d", language="\ud83d", note="\0")
    odd["user"] = user(1, name="\ud800\0")

    land(database, trakt, [odd])

    (body, kept, words) = database.query(
        "select body, raw_data, words from raw.trakt_pages, raw.trakt_comment_versions"
    )[0]
    assert json.loads(body) == [odd]
    assert (kept["language"], kept["note"], words) == ("\ufffd", "\ufffd", 5)
    assert "comment" not in kept


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"likes": "5"}, "data.likes"),
        ({"likes": 2**31}, "data.likes"),
        ({"comment": None}, "data.comment"),
        ({"created_at": "2031-02-30T00:00:00.000Z"}, "data.created_at"),
        ({"updated_at": "yesterday"}, "data.updated_at"),
        ({"user": None}, "data.user"),
        ({"user": {"ids": {"trakt": "SecretName1"}}}, "data.user.ids.trakt"),
    ],
)
def test_a_broken_comment_is_put_aside_without_its_words_and_author(
    database: Database, trakt: SmallTrakt, changed: dict[str, Any], path: str
) -> None:
    page = land(database, trakt, [comment(1, comment="SecretWords") | changed, comment(2)])

    assert (set(page.new), page.quarantined) == ({2}, 1)
    (found,) = database.query("select item_key, path, raw_data from raw.quarantine")
    assert found[:2] == ("1", path)
    assert "Secret" not in found[2]
    assert json.loads(found[2])["id"] == 1
    assert database.query(
        "select checked, quarantined from meta.api_batch_log where dataset = 'comments'"
    ) == [(2, 1)]


@pytest.mark.parametrize(
    "item", [None, 5, "SecretName1", [1], {"id": "SecretName1"}, {"id": [9]}, {"id": {"trakt": 9}}]
)
def test_what_is_no_comment_is_put_aside(
    database: Database, trakt: SmallTrakt, item: object
) -> None:
    trakt.lists["comments/recent/all/all"] = []
    trakt.faults.append((200, {}, json.dumps([item]).encode()))

    sync(database.url, trakt.base_url, max_quarantined_share=1.0).recent()

    (key, raw) = database.query("select item_key, raw_data from raw.quarantine")[0]
    assert "place 1" in key
    assert "Secret" not in raw or raw == '{"id": "SecretName1"}'


def test_a_person_is_a_key_everywhere_but_in_bodies_of_pages(
    database: Database, trakt: SmallTrakt, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    private = {"username": "SecretName8", "private": True, "ids": {"slug": "secretname8"}}
    deleted = user(9, deleted=True)
    numbered = user(10, ids={"slug": "secretname10", "trakt": 77})
    renamed = user(11, username="SecretName11", ids={"slug": "secretname11", "trakt": 77})
    nameless = user(12, ids={"slug": None})
    authors = [user(1), private, deleted, numbered, renamed, nameless, user(1, name="Zebulon")]
    comments = [comment(place, user=each) for place, each in enumerate(authors, 1)]
    comments[2]["comment"] = "SecretWords"
    land(database, trakt, comments)
    land(database, trakt, comments, hours=1, kind="unit")

    found = database.query(
        "select user_key, is_private_user, is_deleted_user from raw.trakt_comments "
        "order by comment_id"
    )
    keys = [key for key, *_ in found]
    assert keys[0] == keys[6]
    assert keys[3] == keys[4]
    assert keys[5] is None
    assert len(set(keys)) == 5
    assert [marks for _, *marks in found] == [
        [False, False], [True, False], [False, True], *[[False, False]] * 4
    ]  # fmt: skip
    names = {f"name {n}": f"ecretname{n}" for n in (1, 8, 9, 10, 11)} | {
        f"name {n} itself": f"ecretName{n}" for n in (1, 8, 9, 10, 11)
    }
    secrets = names | {"words": "SecretWords", "person": "Zebulon", "key": "not-a-key"}
    search = Search(secrets)
    places = search.tables(database.url_of("postgres"), ("raw", "meta"))
    assert set(places) == {"trakt_pages.body"}
    # Of the author who deleted the account there is nothing.
    assert not {"words", "name 9", "name 9 itself"} & set(places["trakt_pages.body"])
    assert search.names(caplog.text.encode()) == []


def test_a_forgotten_user_is_replaced_and_has_no_words(
    database: Database, trakt: SmallTrakt
) -> None:
    land(database, trakt, [comment(1, user=user(1)), comment(2, user=user(2))])
    keys = dict(database.query("select comment_id, user_key from raw.trakt_comments"))
    database.execute(
        "insert into raw.trakt_forgotten_users (user_key, replacement) values (%s, 'random')",
        keys[1],
    )

    page = [
        comment(1, user=user(1), likes=30),
        comment(2, user=user(2)),
        comment(3, user=user(1), likes="x"),
    ]
    land(database, trakt, page, hours=1)

    assert dict(database.query("select comment_id, user_key from raw.trakt_comments")) == {
        1: "random", 2: keys[2]
    }  # fmt: skip
    body = database.value("select body from raw.trakt_pages order by page_id desc limit 1")
    assert "ecretname1" not in body
    assert "number 1" not in body
    assert "number 3" not in body
    assert "number 2" in body


def test_the_key_of_users_is_made_once_or_given(database: Database, trakt: SmallTrakt) -> None:
    land(database, trakt, [comment(1)])
    secret = bytes(database.value("select secret from raw.trakt_user_secret"))
    land(database, trakt, [comment(1)], hours=1)
    assert bytes(database.value("select secret from raw.trakt_user_secret")) == secret
    assert len(secret) == 32
    mine = UserKeys(secret).of_slug("secretname1")
    assert database.value("select user_key from raw.trakt_comments") == mine

    land(database, trakt, [comment(1)], hours=2, user_key="of the installation")

    other = UserKeys(b"of the installation").of_slug("secretname1")
    assert database.value("select user_key from raw.trakt_comments") == other
    assert mine != other


def test_a_comment_on_two_pages_and_twice_on_one_is_one(
    database: Database, trakt: SmallTrakt
) -> None:
    land(database, trakt, [comment(1), comment(2), comment(2)])

    land(database, trakt, [comment(2), comment(3)], kind="replies")

    assert database.value("select count(*) from raw.trakt_comments") == 3
    assert database.value("select count(*) from raw.trakt_comment_versions") == 3


def test_a_404_is_a_page_without_a_body(database: Database, trakt: SmallTrakt) -> None:
    with (
        run(database, trakt).step("deletions", COMMENT_DATASETS) as step,
        step.connection,
        step.connection.cursor() as cursor,
    ):
        page = step.client.comment(5)
        step.landing().land(cursor, "comment", page, MOVIE)

    assert page.is_gone
    assert step.figures.gone == 1
    assert database.query("select kind, http_status, body from raw.trakt_pages") == [
        ("comment", 404, None)
    ]
    assert step.batch(COMMENTS).load is not None


def test_another_place_begins_another_history(database: Database, trakt: SmallTrakt) -> None:
    trakt.lists["comments/recent/all/all"] = [entry(comment(1)), entry(comment(2))]
    sync(database.url, trakt.base_url, "first").recent()
    secret = database.value("select secret from raw.trakt_user_secret")
    trakt.lists["comments/recent/all/all"] = [entry(comment(3))]

    sync(database.url, trakt.base_url, "second", source_name="another").recent()

    assert database.query("select comment_id from raw.trakt_comments") == [(3,)]
    assert database.query("select unit from raw.trakt_units") == [("movies/1/comments",)]
    assert database.value("select secret from raw.trakt_user_secret") == secret
    assert database.query(
        "select dataset, count(*) filter (where history_begins) from meta.load_log "
        "group by dataset order by dataset"
    ) == [("comment_measures", 2), ("comment_versions", 2), ("comments", 2)]


def test_batches_whose_process_was_killed_are_ended(database: Database, trakt: SmallTrakt) -> None:
    database.execute(
        "insert into meta.api_batch_log (source, dataset, dag_id, run_id, origin) "
        "values ('trakt', 'comments', 'trakt_pipeline', 'killed', 'sample')"
    )

    sync(database.url, trakt.base_url).end_killed()

    assert database.value("select count(*) from meta.api_batch_log where load_id is null") == 0
