"""Words and old answers go once their time is over, and what models read stays."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.postgres import Database
from tests.support.trakt import SmallTrakt, comment, small_trakt, sync
from tests.support.trakt_titles import RATINGS, STATS, add_title, body, rescan, title

LIST = "movies/1/comments/oldest"
ANSWERS = ("titles", "ratings", "stats")


@pytest.fixture
def trakt() -> Iterator[SmallTrakt]:
    with small_trakt(recent=[], updates=[]) as api:
        add_title(api, "movie", 1, [comment(1), comment(2)])
        yield api


def answered(database: Database, trakt: SmallTrakt, days_ago: int) -> None:
    """Read all as it was answered so many days ago, other than before."""
    trakt.now = datetime.now(UTC) - timedelta(days=days_ago)
    trakt.things["movies/1"] = body(title(1, tagline=f"{days_ago} days ago"))
    trakt.things["movies/1/ratings"] = body(RATINGS | {"votes": days_ago})
    trakt.things["movies/1/stats"] = body(STATS | {"plays": days_ago})
    trakt.lists[LIST] = [comment(1, likes=days_ago), comment(2)]
    run = sync(database.url, trakt.base_url, f"{days_ago} days ago", rescan_days=1)
    run.backfill(10)
    rescan(trakt, run)


def publish(database: Database) -> None:
    """Let all that was loaded be in the live marts."""
    database.execute(
        "insert into meta.publish_log (source, dag_id, run_id, project_sha256, load_id) "
        "select 'trakt', 'trakt_pipeline', 'run', '', max(load_id) from meta.load_log"
    )


def rows(database: Database) -> dict[str, int]:
    return {
        name: database.value(f"select count(*) from raw.trakt_{name} where http_status = 200")
        for name in ANSWERS
    }


def test_bodies_go_by_age_and_answers_where_a_newer_one_is_in_the_models(
    database: Database, trakt: SmallTrakt
) -> None:
    for days_ago in (300, 200, 100, 50):
        answered(database, trakt, days_ago)
    run = sync(database.url, trakt.base_url, keep_text_days=150)
    words = "select count(body), count(*) from raw.trakt_pages where kind = 'unit'"
    assert database.query(words) == [(4, 4)]

    # The models have seen nothing so far.
    assert run.prune() == {
        # One of the feed, too.
        "trakt_pages": 3,
        **{f"trakt_{name}": 0 for name in ("titles", "seasons", "ratings", "stats")},
        "quarantine": 0,
    }
    assert database.query(words) == [(2, 4)]

    publish(database)
    pruned = run.prune()
    assert {name: pruned[f"trakt_{name}"] for name in ANSWERS} == dict.fromkeys(ANSWERS, 2)
    assert rows(database) == dict.fromkeys(ANSWERS, 2)
    # The newest stays, however old it is.
    assert sync(database.url, trakt.base_url, keep_text_days=1).prune()["trakt_titles"] == 1
    assert rows(database) == dict.fromkeys(ANSWERS, 1)
    # What is known of the comments is not touched.
    assert database.value("select count(*) from raw.trakt_comment_versions") == 6


def test_a_page_without_body_is_still_known(database: Database, trakt: SmallTrakt) -> None:
    answered(database, trakt, 300)
    sync(database.url, trakt.base_url, keep_text_days=1).prune()

    trakt.now = datetime.now(UTC)
    rescan(trakt, sync(database.url, trakt.base_url, "now", rescan_days=1))

    found = "select count(body), count(*) from raw.trakt_pages where kind = 'unit'"
    assert database.query(found) == [(0, 1)]


def test_without_a_limit_all_is_kept(database: Database, trakt: SmallTrakt) -> None:
    answered(database, trakt, 3000)
    assert sync(database.url, trakt.base_url, keep_text_days=0).prune() == {}
    assert database.value("select count(body) from raw.trakt_pages where kind = 'unit'") == 1
