"""Promise 1: the state before comes back in one step, and what was rejected stays away."""

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest

from tests.support.marts import Marts
from tests.support.postgres import Database
from warehouse.builds.publish_log import what_is_live
from warehouse.database.connection import connected
from warehouse.errors import WarehouseRefused
from warehouse.raw.ledger import Load, record

ROOT = Path(__file__).parents[2]
NAMES = ("mart_one", "mart_two")
LOG = "select action, run_id, load_id, build_id from meta.publish_log order by publish_id"


@pytest.fixture
def marts(database: Database, tmp_path: Path) -> Marts:
    """Marts of which nothing was built yet."""
    return Marts(database, tmp_path / "project", NAMES)


@pytest.fixture
def twice(marts: Marts) -> Marts:
    """Marts published twice: build 1 from load 1, build 2 from load 2."""
    for number in (1, 2):
        load(marts.database)
        marts.build_and_publish(f"run {number}")
    return marts


def load(database: Database) -> int:
    """A row of the ledger, as a load writes it."""
    row = Load("imdb", "title.crew", "sample", 1, 1, 0, 0, 0.5, run_id="loader")
    with connected(database.url, purpose="load") as connection, connection:
        return record(connection.cursor(), row)


def live(marts: Marts) -> str:
    """What is live, in words."""
    with connected(marts.database.url, purpose="look") as connection:
        return what_is_live(connection.cursor(), "imdb")


def test_the_state_before_is_back_and_noted(twice: Marts) -> None:
    assert twice.published() == {2}

    now = twice.rollback("back")

    assert twice.published() == {1}
    assert (now.action, now.build_id, now.state.load_id) == ("rollback", 1, 1)
    assert twice.database.query(LOG) == [
        ("publish", "run 1", 1, 1),
        ("publish", "run 2", 2, 2),
        ("rollback", "back", 1, 1),
    ]
    began = twice.database.value(
        "select began_at::timestamptz(0)::text from meta.build_log where build_id = 1"
    )
    assert live(twice) == f"build 1 of run run 1, made from load 1, built at {began}"
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        twice.database.query("select * from marts_next.mart_one", role="analyst")
    assert "tested" in twice.database.value("select obj_description('marts_next'::regnamespace)")


def test_marks_move_with_the_marts_that_they_are_of(twice: Marts) -> None:
    for schema, mark in (("marts", 2), ("marts_next", 1)):
        twice.database.execute(
            f"create table {schema}.high_water_mark (model text, dataset text, load_id bigint); "
            f"insert into {schema}.high_water_mark values ('mart_one', 'title.crew', {mark}), "
            f"('mart_of_another_source', 'other', {mark})",
            role="pipeline",
        )
    twice.rollback()
    for schema, own, other in (("marts", 1, 2), ("marts_next", 2, 1)):
        assert twice.database.query(
            f"select model, load_id from {schema}.high_water_mark order by model desc"
        ) == [("mart_one", own), ("mart_of_another_source", other)]


def test_a_build_from_nothing_can_be_gone_back_from(twice: Marts) -> None:
    twice.change_project("select 2")
    build = twice.build_and_publish("run 3")
    assert build.from_nothing
    assert twice.rollback().build_id == 2
    assert twice.published() == {2}


def test_a_second_rollback_is_refused(twice: Marts) -> None:
    twice.rollback("back")
    with pytest.raises(WarehouseRefused, match=r"run back went back already, at .*force_transform"):
        twice.rollback("again")
    assert twice.published() == {1}
    assert twice.rollback("back").build_id == 1, "a task that was cleared is answered"
    assert len(twice.database.query(LOG)) == 3


def test_before_the_first_publish_there_is_nothing(marts: Marts) -> None:
    with pytest.raises(WarehouseRefused, match="nothing was published yet"):
        marts.rollback()
    marts.build_and_publish("run 1")
    with pytest.raises(WarehouseRefused, match="no state of imdb before the first publish"):
        marts.rollback()
    assert marts.published() == {1}


def test_what_a_build_wrote_over_is_gone_and_the_build_is_named(twice: Marts) -> None:
    twice.begin("run 3", "a test wants it")
    with pytest.raises(WarehouseRefused, match=r"build 3 of run run 3, begun .*, has written into"):
        twice.rollback()
    assert twice.published() == {2}


def test_what_a_cleared_task_of_the_published_run_wrote_over_is_gone(twice: Marts) -> None:
    """Killed in its tests, it left no row in the logs of dbt."""
    with twice.session("run 2", build_id=2):
        twice.database.execute("drop table marts_next.mart_one", role="pipeline")
    with pytest.raises(WarehouseRefused, match=r"build 2 of run run 2, begun .*, has written into"):
        twice.rollback()
    assert twice.published() == {2}
    twice.build_and_publish("run 3")
    assert twice.rollback().build_id == 2


def test_a_test_that_failed_in_an_earlier_build_of_the_run_is_past(twice: Marts) -> None:
    first = twice.begin("run 3", "a test wants it")
    assert first
    twice.build("run 3")
    twice.database.execute(
        "insert into meta.test_log (dag_id, run_id, build_id, invocation_id, test, model, "
        "resource_type, severity, status, seconds) values ('dag', 'run 3', %s, 'one', "
        "'of_another_name_now', 'mart_one', 'test', 'error', 'fail', 1)",
        first.build_id,
    )
    with pytest.raises(WarehouseRefused, match="of_another_name_now failed in run run 3"):
        twice.publish("run 3", first)
    build = twice.begin("run 3", "everything was cleared")
    assert build
    twice.build("run 3")
    twice.publish("run 3", build)
    assert twice.published() == {build.build_id}


def test_what_dbt_by_hand_wrote_over_is_gone_too(twice: Marts) -> None:
    twice.database.execute(
        "insert into meta.model_log "
        "(dag_id, run_id, invocation_id, model, resource_type, relation, status, seconds) values "
        "('manual', 'manual', 'one', 'mart_one', 'model', 'marts_next.mart_one', 'success', 1)"
    )
    with pytest.raises(WarehouseRefused, match=r"dbt \(run manual, at .*\) has written into"):
        twice.rollback()
    assert twice.published() == {2}


def test_a_table_that_was_replaced_by_hand_is_no_state_to_go_back_to(twice: Marts) -> None:
    twice.database.execute(
        "drop table marts_next.mart_two; create table marts_next.mart_two as select 9 as build_id",
        role="pipeline",
    )
    with pytest.raises(
        WarehouseRefused, match=r"another writer than build 1 \(mart_two: not dbt\) has written"
    ):
        twice.rollback()
    assert twice.published() == {2}


def test_a_mart_comes_and_goes_with_the_state_that_has_it(twice: Marts) -> None:
    """mart_two leaves the project, mart_new is there instead; then both states are exchanged."""
    twice.let_names_be(["mart_one", "mart_new"])
    twice.build_and_publish("run 3")
    assert tables(twice, "marts") == {"mart_one", "mart_new"}
    twice.rollback()
    assert tables(twice, "marts") == {"mart_one", "mart_two"}
    twice.build_and_publish("run 4")
    assert tables(twice, "marts") == {"mart_one", "mart_new"}
    twice.build_and_publish("run 5")
    assert tables(twice, "marts_next") == {"mart_one", "mart_new"}


def test_what_an_earlier_version_published_can_be_gone_back_to(twice: Marts) -> None:
    """Its rows do not say which tables they are of, and nothing noted who wrote these."""
    twice.database.execute("update meta.publish_log set marts = null, build_id = null")
    twice.database.execute("delete from meta.mart_writer")
    twice.rollback()
    assert twice.published() == {1}


def tables(marts: Marts, schema: str) -> set[str]:
    """The tables of a schema."""
    found = marts.database.query("select tablename from pg_tables where schemaname = %s", schema)
    return {name for (name,) in found}


def test_what_was_rejected_comes_again_only_for_a_reason(twice: Marts) -> None:
    twice.rollback()
    assert twice.begin("nightly") is None
    twice.change_project("select 2")
    another = twice.begin("another project")
    assert another
    assert another.from_nothing
    twice.change_project("select 1")
    assert twice.begin("nightly") is None
    load(twice.database)
    after = twice.begin("new load")
    assert after
    assert after.reason == "the newest load is 3, the marts are made from 1"
    asked = twice.begin("asked", "force_transform was asked for")
    assert asked


def test_the_next_publish_ends_it(twice: Marts) -> None:
    twice.rollback()
    load(twice.database)
    for run_id in ("run 3", "run 4"):
        twice.build_and_publish(run_id)
    assert twice.rollback().build_id == 3
    assert twice.published() == {3}


def test_builds_go_on_only_from_what_their_own_project_made(marts: Marts) -> None:
    def from_nothing(run_id: str) -> bool:
        build = marts.begin(run_id, "a test wants it")
        assert build
        return build.from_nothing

    assert from_nothing("the first")
    marts.build_and_publish("run 1")
    assert not from_nothing("run 2")
    # Staging is of the other project from the moment on that it began to build.
    marts.change_project("select 2")
    assert from_nothing("it fails")
    marts.change_project("select 1")
    assert from_nothing("the project before")
    assert from_nothing("until one ends well")
    marts.build_and_publish("run 3")
    assert not from_nothing("run 4")
    # So are marts_next and staging after a rollback.
    marts.build_and_publish("run 5")
    marts.change_project("select 2")
    marts.build_and_publish("run 6")
    marts.rollback()
    assert not from_nothing("the rejected project")
    marts.change_project("select 1")
    assert from_nothing("the project that is live")


def test_make_rollback_says_what_is_live(twice: Marts) -> None:
    def make_rollback() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "include.local", "rollback"],
            env={**os.environ, "WAREHOUSE_URL": twice.database.url},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    done = make_rollback()
    assert done.returncode == 0, done.stderr
    assert re.match(
        r"rolled back in \d\.\d s: live is build 1 of run run 1, made from load 1,", done.stdout
    )
    assert twice.published() == {1}
    again = make_rollback()
    assert again.returncode == 1
    assert again.stderr.startswith("rollback: run make rollback 2")
    assert "Traceback" not in again.stderr
