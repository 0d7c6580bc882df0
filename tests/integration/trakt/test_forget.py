"""A person who asks for it is forgotten everywhere, and what they did stays counted."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.postgres import Database
from tests.support.trakt import SmallTrakt, comment, settings, small_trakt, sync, user
from tests.support.trakt_titles import add_title, next_day, rescan
from trakt_pipeline.forget import forget_user
from warehouse.errors import PermanentError

LIST = "movies/1/comments/oldest"
# Everything that is stored, as one text per table.
TABLES = """
    select format('%I.%I', schemaname, tablename) from pg_tables
    where schemaname in ('raw', 'meta', 'staging', 'marts', 'quality')
"""


@pytest.fixture
def trakt(database: Database) -> Iterator[SmallTrakt]:
    """A movie with comments of users 0 to 6, and models that know their keys."""
    with small_trakt(recent=[], updates=[]) as api:
        add_title(api, "movie", 1, [comment(number) for number in range(1, 15)])
        sync(database.url, api.base_url).backfill(10)
        for table in ("staging.stg_trakt__comments", "marts.fct_comment"):
            database.execute(
                f"create table {table} as select comment_id, user_key from raw.trakt_comments",
                role="pipeline",
            )
        yield api


def tables_with(database: Database, text: str) -> set[str]:
    """The tables in which the text stands anywhere."""
    return {
        table
        for (table,) in database.query(TABLES)
        if database.value(
            f"select exists (select from {table} as each where strpos(each::text, %s) > 0)", text
        )
    }


def rescan_next_day(database: Database, trakt: SmallTrakt) -> None:
    next_day(trakt)
    run = sync(database.url, trakt.base_url, rescan_days=1, max_quarantined_share=1.0)
    rescan(trakt, run)


def keys(database: Database, table: str = "raw.trakt_comments") -> dict[int, str]:
    return dict(database.query(f"select comment_id, user_key from {table}"))


def test_words_and_key_of_a_user_are_nowhere_after_it(
    database: Database, trakt: SmallTrakt, caplog: pytest.LogCaptureFixture
) -> None:
    before = keys(database)
    key = before[3]
    assert tables_with(database, "secretname3") == {"raw.trakt_pages"}
    caplog.set_level(logging.DEBUG)

    done = forget_user(database.url, settings(trakt.base_url), "secretname3")

    assert (done.comments, done.pages) == (2, 1)
    assert done.rows == {
        "raw.trakt_comments": 2,
        "staging.stg_trakt__comments": 2,
        "marts.fct_comment": 2,
    }
    for text in ("secretname3", "SecretName3", "Zebulon Q3", "on number 3.", "on number 10."):
        assert tables_with(database, text) == set(), text
    assert tables_with(database, key) == {"raw.trakt_forgotten_users"}
    assert tables_with(database, "secretname4") == {"raw.trakt_pages"}
    # Counts are as they were: the user is one person, and no other.
    after = keys(database)
    assert after[3] == after[10] != key
    assert {number: after[number] for number in after if number not in {3, 10}} == {
        number: before[number] for number in before if number not in {3, 10}
    }
    assert keys(database, "marts.fct_comment") == after
    assert "secretname3" not in caplog.text.lower()


def test_pages_that_come_later_have_neither_words_nor_key(
    database: Database, trakt: SmallTrakt
) -> None:
    forget_user(database.url, settings(trakt.base_url), "secretname3")
    replacement = keys(database)[3]
    trakt.lists[LIST].append(comment(17))
    next_day(trakt)

    rescan(trakt, sync(database.url, trakt.base_url, rescan_days=1))

    assert keys(database)[17] == replacement
    assert tables_with(database, "secretname3") == set()
    assert tables_with(database, "secretname4") == {"raw.trakt_pages"}

    again = forget_user(database.url, settings(trakt.base_url), "secretname3")
    assert (again.comments, again.pages, again.rows) == (3, 0, {})
    assert keys(database)[3] == replacement


def test_a_user_has_the_keys_of_the_slug_and_of_the_number(
    database: Database, trakt: SmallTrakt
) -> None:
    """Trakt began to give numbers, and the user changed the slug."""
    trakt.lists[LIST] += [
        comment(16, user=user(3, ids={"slug": "another"})),
        comment(18, user=user(3, ids={"slug": "another", "trakt": 93})),
        comment(17, user=user(3, ids={"slug": "secretname3", "trakt": 93})),
    ]
    next_day(trakt)
    rescan(trakt, sync(database.url, trakt.base_url, rescan_days=1))
    before = keys(database)
    assert len({before[number] for number in (3, 16, 17, 18)}) == 3

    done = forget_user(database.url, settings(trakt.base_url), "secretname3")

    assert done.comments == 5
    after = keys(database)
    assert not {before[3], before[16], before[17]} & set(after.values())
    assert len({after[number] for number in (3, 10, 16, 17, 18)}) == 1
    for name in ("secretname3", "another"):
        assert tables_with(database, name) == set()


SLUG = {"slug": "secretname3"}
BOTH = {"slug": "secretname3", "trakt": 93}


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (comment(16, user=user(3)), BOTH),
        (comment(3, user=user(3, ids=BOTH)), SLUG),
        (comment(16, user=user(3, ids=BOTH), likes="x"), SLUG),
    ],
    ids=["the number comes later", "the slug alone comes later", "all were put aside"],
)
def test_a_forgotten_user_does_not_come_back_under_another_name(
    database: Database, trakt: SmallTrakt, earlier: dict[str, Any], later: dict[str, Any]
) -> None:
    trakt.lists[LIST][:] = [each for each in trakt.lists[LIST] if each["id"] not in {3, 10}]
    trakt.lists[LIST].append(earlier)
    database.execute("delete from raw.trakt_comments where comment_id in (3, 10)")
    database.execute("delete from raw.trakt_pages")
    rescan_next_day(database, trakt)
    forget_user(database.url, settings(trakt.base_url), "secretname3")
    trakt.lists[LIST] += [
        comment(17, user=user(3, ids=later)),
        comment(18, user=user(3, ids=later), likes="x"),
    ]

    rescan_next_day(database, trakt)

    replacements = database.query("select distinct replacement from raw.trakt_forgotten_users")
    assert replacements == [(keys(database)[17],)]
    assert tables_with(database, "secretname3") == set()


@pytest.mark.parametrize(
    "changed",
    [{"id": None}, {"id": [16]}, {"id": {"trakt": 16}}, {"user": user(4, ids={"slug": ["x"]})}],
)
def test_items_that_break_their_contract_lose_words_too(
    database: Database, trakt: SmallTrakt, changed: dict[str, Any]
) -> None:
    whole = comment(16, user=user(3), comment="SecretWords") | changed
    odd = {key: value for key, value in whole.items() if value is not None}
    trakt.faults.append((200, {}, json.dumps([odd, comment(3)]).encode()))
    sync(database.url, trakt.base_url, max_quarantined_share=1.0).recent()
    assert "raw.trakt_pages" in tables_with(database, "SecretWords")

    assert forget_user(database.url, settings(trakt.base_url), "secretname3").pages == 2

    assert tables_with(database, "secretname3") == set()
    assert bool(tables_with(database, "SecretWords")) == ("user" in changed)


def test_the_number_is_enough_where_the_words_are_no_longer_kept(
    database: Database, trakt: SmallTrakt
) -> None:
    trakt.lists[LIST].append(comment(17, user=user(9, ids={"trakt": 99})))
    next_day(trakt)
    rescan(trakt, sync(database.url, trakt.base_url, rescan_days=1))
    database.execute("update raw.trakt_pages set body = null")

    assert forget_user(database.url, settings(trakt.base_url), "id:99").comments == 1


@pytest.mark.parametrize("name", ["someone-else", "id:12", "", "id:"])
def test_a_user_who_is_not_there_is_reported_without_the_name(
    database: Database, trakt: SmallTrakt, name: str
) -> None:
    before = keys(database)

    with pytest.raises(PermanentError) as found:
        forget_user(database.url, settings(trakt.base_url), name)

    assert "user" in str(found.value)
    assert not name or name not in str(found.value).replace("id:123", "").replace("id: and", "")
    assert keys(database) == before
    assert database.value("select count(*) from raw.trakt_forgotten_users") == 0
