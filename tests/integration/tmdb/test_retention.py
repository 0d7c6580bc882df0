"""What is deleted of TMDb's answers when they are too old, and what models need of them stays."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.postgres import Database
from tests.support.tmdb_answers import RawAnswer, add_answers
from tmdb_pipeline.retention import prune
from warehouse.database.connection import connected

NOW = datetime.now(UTC)
DAYS = 180


def ago(days: int) -> datetime:
    return NOW - timedelta(days=days)


def page(*people: int) -> dict[str, Any]:
    """A page of popular people."""
    title = {"id": 5, "media_type": "movie", "title": "Tide", "overview": "Long."}
    show = {"id": 6, "media_type": "tv", "name": "Keepers", "overview": "Long."}
    return {
        "page": 1,
        "results": [{"id": number, "name": "Ann", "known_for": [show, title]} for number in people],
    }


def publish(database: Database) -> None:
    """Let the published marts be made from all that is there."""
    database.execute(
        "insert into meta.publish_log (source, dag_id, run_id, project_sha256, load_id) "
        "select 'tmdb', 'dag', 'run', 'abc', max(load_id) from meta.load_log"
    )


def pruned(database: Database) -> dict[str, int]:
    """Delete what is too old, twice; return how many rows, by table."""
    with connected(database.url, purpose="prune") as connection:
        found = prune(connection, DAYS)
        assert not any(prune(connection, DAYS).values())
    return {table: count for table, count in found.items() if count}


@pytest.fixture
def pages(database: Database) -> Database:
    """Person 3 is on no page of the last 180 days."""
    for days, key, people in (
        (400, ("person", 1), (1, 2)),
        (300, ("person", 1), (2, 3)),
        (300, ("movie", 1), (3,)),
        (290, ("person", 2), (2,)),
        (10, ("person", 1), (1, 2)),
    ):
        add_answers(database, "lists", [RawAnswer(key, page(*people))], ago(days))
    return database


def test_the_newest_page_with_a_person_keeps_what_the_person_is_known_for(pages: Database) -> None:
    publish(pages)
    assert pruned(pages) == {"tmdb_lists": 3}

    old, new = pages.query("select raw_data::text from raw.tmdb_lists order by answer_id")
    titles = [
        {"id": 6, "media_type": "tv", "name": "Keepers"},
        {"id": 5, "media_type": "movie", "title": "Tide"},
    ]
    assert json.loads(old[0]) == {"results": [{"id": 3, "known_for": titles}]}
    assert json.loads(new[0]) == page(1, 2)


def test_pages_that_no_model_has_stay(pages: Database) -> None:
    with connected(pages.url, purpose="prune") as connection:
        assert not any(prune(connection, DAYS).values())
    assert pages.value("select count(*) from raw.tmdb_lists") == 5


def test_pages_of_another_origin_go(pages: Database) -> None:
    add_answers(pages, "lists", [RawAnswer(("person", 1), page(9))], ago(5), origin="elsewhere")

    publish(pages)
    assert pruned(pages) == {"tmdb_lists": 4}


def test_genres_stay_and_pages_of_changes_go(database: Database) -> None:
    for days in (900, 400):
        genres = {"genres": [{"id": days, "name": "War"}]}
        add_answers(database, "genres", [RawAnswer(("movie",), genres)], ago(days))
    load_id = database.value("select max(load_id) from meta.load_log")
    database.execute(
        "with batch as (insert into meta.api_batch_log "
        "(source, dataset, dag_id, run_id, origin, load_id) "
        "values ('tmdb', 'changes', 'a DAG', 'a run', 'sample', %s) returning batch_id) "
        "insert into raw.tmdb_changes (batch_id, kind, start_date, end_date, page, raw_data, "
        "body_sha256, content_sha256, http_status, source_url, language, ingested_at) "
        "select batch_id, 'movie', at, at, 1, '{}', '', '', 200, '', 'en-US', at "
        "from batch, unnest(%s) as at", load_id, [ago(300), ago(20)],
    )  # fmt: skip

    publish(database)
    assert pruned(database) == {"tmdb_changes": 1}


def test_the_body_of_a_thing_goes_when_the_thing_is_gone_for_as_long(database: Database) -> None:
    for number, gone in ((1, 10), (2, 200)):
        body = RawAnswer((number,), {"id": number})
        add_answers(database, "movies", [body], ago(500))
        add_answers(database, "movies", [body], ago(400))
        add_answers(database, "movies", [RawAnswer((number,), None)], ago(gone))
    database.execute(
        "insert into raw.tmdb_items (media_type, id, first_seen_at, checked_at, http_status) "
        "select 'movie', id, now(), now(), 404 from generate_series(1, 2) as id"
    )

    publish(database)
    assert pruned(database) == {"tmdb_movies": 3}
    assert database.query("select movie_id from raw.tmdb_movies_newest") == [(1,)]
    assert database.value("select count(*) from raw.tmdb_gone") == 2


def test_an_old_body_stays_until_the_models_have_the_newer_one(database: Database) -> None:
    for days in (400, 300):
        add_answers(database, "movies", [RawAnswer((1,), {"id": days})], ago(days))
    publish(database)
    add_answers(database, "movies", [RawAnswer((1,), {"id": 5})], ago(5))
    database.execute(
        "insert into raw.tmdb_items (media_type, id, first_seen_at, checked_at) "
        "values ('movie', 1, now(), now())"
    )

    assert pruned(database) == {"tmdb_movies": 1}
    publish(database)
    assert pruned(database) == {"tmdb_movies": 1}
