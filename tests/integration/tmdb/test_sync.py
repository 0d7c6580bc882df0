"""A sync lands what the API says, once, and asks for nothing that it has."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import requests

from include.sample.api.faults import edit, put
from include.sample.tmdb.server import TmdbServer
from tests.support.postgres import Database
from tests.support.tmdb import FIRST_DAY, TOKEN, SyncRun, answered, bodies, rows, served
from tmdb_pipeline.config import KINDS
from warehouse.database.connection import connected
from warehouse.raw.api_batch import end_killed


@pytest.fixture
def server() -> Iterator[TmdbServer]:
    with served() as running:
        yield running


@pytest.fixture
def run(database: Database, server: TmdbServer) -> SyncRun:
    return SyncRun(database.url, server.base_url)


def test_a_first_sync_has_a_body_for_every_thing_in_a_list_as_it_came(
    database: Database, server: TmdbServer, run: SyncRun
) -> None:
    figures = run.whole()

    for kind in KINDS:
        table, key = f"raw.{kind.dataset.table}", kind.dataset.key[0]
        listed = {
            result["id"]
            for page in bodies(database, "tmdb_lists")
            for result in page["results"]
            if ("title" in result, "known_for" in result)
            == {"movie": (True, False), "tv": (False, False), "person": (False, True)}[kind.name]
        }
        found = database.query(
            f"select {key}, raw_data::text, body_sha256, source_url from {table}"
        )
        assert listed
        assert listed <= {row[0] for row in found}
        number, body, sha256, url = found[0]
        came = requests.get(url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=5)
        assert came.json()["id"] == number
        assert json.loads(body) == came.json()
        assert sha256 == hashlib.sha256(came.content).hexdigest()
        assert figures[kind.name]["due"] == 0
    assert database.value("select count(*) from raw.tmdb_items where due_since is not null") == 0
    assert rows(database)["quarantine"] == 0
    assert database.value("select count(*) from meta.schema_drift") == 0


def test_the_ledger_has_each_dataset_and_models_read_what_it_has(
    database: Database, run: SyncRun
) -> None:
    run.whole()

    loads = dict(
        database.query(
            "select dataset, max(rows) from meta.load_log where source = 'tmdb' group by dataset"
        )
    )
    counted = rows(database)
    assert loads == {
        "movies": counted["tmdb_movies"],
        "shows": counted["tmdb_shows"],
        "people": counted["tmdb_people"],
        "genres": 2,
        "lists": counted["tmdb_lists"],
        "measures": counted["tmdb_measures"],
        "changes": 3,
    }
    for name in ("movies", "shows", "people", "genres", "lists", "measures"):
        for view in ("newest", "changes"):
            found = database.value(f"select count(*) from raw.tmdb_{name}_{view}")
            assert found == loads[name], view


def test_a_second_sync_of_the_day_asks_for_pages_only_and_writes_nothing(
    database: Database, server: TmdbServer, run: SyncRun
) -> None:
    run.whole()
    before, items = rows(database), database.query("select * from raw.tmdb_items order by 1, 2")
    measures = database.query("select * from raw.tmdb_measures order by 1, 2")
    server.traffic.endpoints.clear()

    replace(run, run_id="second").whole()

    assert rows(database) == before
    assert database.query("select * from raw.tmdb_items order by 1, 2") == items
    assert database.query("select * from raw.tmdb_measures order by 1, 2") == measures
    assert not [name for name in server.traffic.endpoints if "{id}" in name]
    changed = database.value(
        "select sum(rows_inserted + rows_updated + rows_deleted) from meta.load_log "
        "where run_id = 'second'"
    )
    assert changed == 0


def test_the_next_day_asks_for_what_is_new_and_what_was_edited_only(
    database: Database, run: SyncRun
) -> None:
    run.whole()
    first = rows(database)
    with served(day=2) as server:
        next_day = replace(run, base_url=server.base_url, run_id="second")
        next_day.whole()
        asked = {name for name in answered(server) if "append_to_response" in name}
        told = {
            (kind.name, result["id"])
            for kind in KINDS
            for result in requests.get(
                f"{server.base_url}/{kind.name}/changes",
                params={"start_date": str(FIRST_DAY - timedelta(days=1))},
                headers={"Authorization": f"Bearer {TOKEN}"},
                timeout=5,
            ).json()["results"]
        }

    assert asked
    assert len(asked) < sum(first[f"tmdb_{name}"] for name in ("movies", "shows", "people")) / 3
    known = set(
        database.query("select media_type, id from raw.tmdb_items where first_seen_at < %s",
                       FIRST_DAY + timedelta(days=1))
    )  # fmt: skip
    for name in asked:
        kind, number = name.partition("?")[0].strip("/").split("/")
        assert (kind, int(number)) in told or (kind, int(number)) not in known
    assert rows(database)["tmdb_measures"] > first["tmdb_measures"]


def test_what_is_edited_between_two_syncs_of_a_day_is_asked_for_once_more(
    database: Database, server: TmdbServer, run: SyncRun
) -> None:
    run.whole()
    number = database.value("select min(id) from raw.tmdb_items where media_type = 'movie'")
    edited = {"id": number, "adult": False}
    server.faults.add(
        edit(lambda page: page | {"results": [edited, *page["results"]]}), path="^/movie/changes"
    )

    asked = [replace(run, run_id=name).whole()["movie"]["requests"] for name in ("two", "three")]

    assert asked == [1, 0]


def moved(by: int) -> Any:
    """Every vote, popularity and picture of an answer, at any depth, is another."""

    def change(value: Any) -> Any:
        if isinstance(value, list):
            return [change(each) for each in value]
        if not isinstance(value, dict):
            return value
        found = {}
        for key, inner in value.items():
            if key in {"popularity", "vote_count", "vote_average"} and inner is not None:
                found[key] = inner + by
            elif key.endswith("_path"):
                found[key] = f"/{by}.jpg"
            else:
                found[key] = change(inner)
        return found

    return change


def test_ten_days_of_moving_votes_and_pictures_write_no_body(database: Database) -> None:
    for day in range(11):
        with served(titles=60, today=FIRST_DAY + timedelta(days=day)) as server:
            server.faults.add(edit(moved(day)))
            run = SyncRun(database.url, server.base_url, run_id=f"day {day}")
            run.whole(everything=True)
        if day == 0:
            before = rows(database)

    after = rows(database)
    for table in ("tmdb_movies", "tmdb_shows", "tmdb_people", "tmdb_lists", "tmdb_items"):
        assert after[table] == before[table], table
    assert after["tmdb_measures"] == 11 * before["tmdb_measures"]


def test_a_batch_that_was_not_ended_is_read_by_no_model_and_ended_by_the_next(
    database: Database, run: SyncRun
) -> None:
    run.whole()
    movies = database.value("select count(*) from raw.tmdb_movies_newest")
    batch = database.value("select batch_id from meta.api_batch_log where dataset = 'movies'")
    database.execute(
        "delete from meta.load_log where dataset = 'movies';"
        "update meta.api_batch_log set load_id = null where batch_id = %s", batch,
    )  # fmt: skip
    assert database.value("select count(*) from raw.tmdb_movies_newest") == 0

    with connected(database.url, purpose="a test") as connection:
        assert end_killed(connection, KINDS[0].dataset, patience=0) == [batch]

    assert database.value("select count(*) from raw.tmdb_movies_newest") == movies


def test_numbers_that_a_killed_batch_wrote_over_are_in_the_models_again(
    database: Database, run: SyncRun
) -> None:
    run.pages_of_lists()
    measures = database.value("select count(*) from raw.tmdb_measures_newest")
    database.execute(
        "with killed as (insert into meta.api_batch_log (source, dataset, dag_id, run_id, origin) "
        "values ('tmdb', 'measures', 'tmdb_pipeline', 'killed', 'sample') returning batch_id) "
        "update raw.tmdb_measures set popularity = popularity + 1, batch_id = killed.batch_id "
        "from killed where media_type = 'movie'"
    )
    assert database.value("select count(*) from raw.tmdb_measures_newest") < measures

    run.sync.end_killed()

    assert database.value("select count(*) from raw.tmdb_measures_newest") == measures


def test_another_origin_is_another_history(database: Database, run: SyncRun) -> None:
    run.whole()
    old = database.value("select max(batch_id) from meta.api_batch_log")

    replace(run, run_id="other", changed={"source_name": "elsewhere"}).whole()

    for kind in KINDS:
        table = f"raw.{kind.dataset.table}"
        newest = database.query(f"select batch_id from {table}_newest")
        assert len(newest) == database.value(f"select count(*) from {table}") / 2
        assert all(batch > old for (batch,) in newest)
    begins = database.query(
        "select dataset, count(*) from meta.load_log where history_begins group by dataset"
    )
    assert dict(begins) == dict.fromkeys(
        ("movies", "shows", "people", "genres", "lists", "measures", "changes"), 2
    )


def test_another_origin_begins_the_history_of_kinds_that_are_not_asked_for(
    database: Database, run: SyncRun, caplog: pytest.LogCaptureFixture
) -> None:
    run.whole()
    caplog.clear()

    replace(run, run_id="b", kinds=("movie",), changed={"source_name": "elsewhere"}).whole()

    newest = {
        kind.name: database.value(f"select count(*) from raw.{kind.dataset.table}_newest")
        for kind in KINDS
    }
    assert newest == {"movie": rows(database)["tmdb_movies"] / 2, "tv": 0, "person": 0}
    assert "was not ended" not in caplog.text


def test_an_earlier_origin_that_comes_back_has_all_its_answers_again(
    database: Database, run: SyncRun
) -> None:
    run.whole()
    names = ("genres", "lists", "changes", "movies", "measures")
    newest = {name: f"select count(*) from raw.tmdb_{name}_newest" for name in names}
    before = {name: database.value(query) for name, query in newest.items()}

    replace(run, run_id="other", changed={"source_name": "elsewhere"}).whole()
    replace(run, run_id="back").whole()

    assert {name: database.value(query) for name, query in newest.items()} == before
    updated = database.value("select sum(rows_updated) from meta.load_log where run_id = 'back'")
    assert updated == 0


def test_a_thing_that_is_credited_twice_is_asked_for_once(
    database: Database, server: TmdbServer, run: SyncRun
) -> None:
    replace(run, changed={"people_per_title": 3}).whole()

    assert database.value("select count(*) from raw.tmdb_items where media_type = 'person'") > 40
    details = [name for name in server.traffic.repeated if "append_to_response" in name]
    assert details == []


def test_more_people_per_title_holds_for_titles_that_did_not_change(
    database: Database, run: SyncRun
) -> None:
    run = replace(run, changed={"people_per_title": 1})
    run.whole()
    people = "select count(*) from raw.tmdb_items where media_type = 'person'"
    before = database.value(people)
    more = replace(run, run_id="second", changed={"people_per_title": 3})

    more.sync.plan(everything=True)
    figures = more.sync.details("movie")

    assert figures["written"] == 0
    assert database.value(people) > before


def test_unknown_keys_load_and_are_counted(
    database: Database, server: TmdbServer, run: SyncRun
) -> None:
    server.faults.add(put(smell="fresh"), path="^/movie/[0-9]")

    run.whole()

    movies = rows(database)["tmdb_movies"]
    assert database.query("select dataset, path, items from meta.schema_drift") == [
        ("movies", "smell", movies)
    ]
    assert {body["smell"] for body in bodies(database, "tmdb_movies")} == {"fresh"}
