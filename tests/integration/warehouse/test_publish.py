"""Publish: the marts become visible together, the state before is kept, nobody is disturbed."""

from pathlib import Path

import psycopg2
import pytest

from include.local.warehouse import apply_schema
from tests.support.marts import TESTED
from tests.support.postgres import Cluster, Database
from warehouse.builds.publish import (
    State,
    current_state,
    project_sha256,
    publish,
    published_state,
    why_build,
)
from warehouse.database.connection import connected
from warehouse.database.turns import BUILDING, hold
from warehouse.errors import WarehouseRefused, WarehouseUnavailable
from warehouse.raw.ledger import Load, newest_load_id, record

STATE = State(load_id=3, project_sha256="abc")


MARTS = ("mart_one", "mart_two")


def build(database: Database, word: str, run_id: str = "run", status: str = "success") -> None:
    """Build two marts in marts_next, as dbt does."""
    database.execute(
        f"""
        drop table if exists marts_next.mart_one, marts_next.mart_two;
        create table marts_next.mart_one as select '{word}' as word from generate_series(1, 3);
        create table marts_next.mart_two as select '{word}' as word;
        insert into meta.model_log (run_id, invocation_id, model, resource_type, status, seconds)
        values
            ('{run_id}', '{word}', 'mart_one', 'model', 'success', 1),
            ('{run_id}', '{word}', 'mart_two', 'model', '{status}', 1)
        """,
        role="pipeline",
    )
    database.execute(TESTED, run_id, role="pipeline")


def publish_build(database: Database, state: State = STATE, run_id: str = "run") -> int:
    with connected(database.url, purpose="publish") as connection:
        return publish(connection, state, run_id=run_id, tables=MARTS)


def published(database: Database) -> str:
    """What the analyst reads, unqualified."""
    rows = database.query(
        "select distinct mart_one.word, mart_two.word from mart_one cross join mart_two",
        role="analyst",
    )
    ((one, two),) = rows
    assert one == two
    return str(one)


def test_marts_become_visible_together(database: Database) -> None:
    build(database, "new")
    with pytest.raises(psycopg2.errors.UndefinedTable):
        published(database)

    publish_build(database)

    assert published(database) == "new"


def test_what_is_not_published_is_not_readable(database: Database) -> None:
    build(database, "old")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        database.query("select * from marts_next.mart_one", role="analyst")
    publish_build(database)
    build(database, "untested")

    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        database.query("select * from marts_next.mart_one", role="analyst")
    assert published(database) == "old"


@pytest.mark.parametrize(("from_nothing", "kept"), [(False, [(7,)]), (True, [])])
def test_a_build_from_nothing_leaves_nothing_to_go_on_from(
    database: Database, from_nothing: bool, kept: list[tuple[int]]
) -> None:
    build(database, "old")
    mark = "create table marts_next.high_water_mark as select 7 as load_id"
    database.execute(mark, role="pipeline")
    publish_build(database, run_id="run")
    build(database, "new", run_id="next")
    database.execute(mark.replace("7", "8"), role="pipeline")

    with connected(database.url, purpose="publish") as connection:
        publish(connection, STATE, run_id="next", tables=MARTS, from_nothing=from_nothing)

    marks = "select to_regclass('marts_next.high_water_mark') is not null"
    if database.query(marks) == [(True,)]:
        found = database.query("select load_id from marts_next.high_water_mark")
    else:
        found = []
    assert found == kept
    assert database.query("select load_id from marts.high_water_mark") == [(8,)]


def test_what_another_run_left_half_built_is_not_published(database: Database) -> None:
    build(database, "one", run_id="first")
    publish_build(database, run_id="first")
    build(database, "two", run_id="second")
    publish_build(database, run_id="second")
    build(database, "untested", run_id="third")

    with pytest.raises(WarehouseRefused, match="run first did not build mart_one, mart_two"):
        publish_build(database, run_id="first")
    assert published(database) == "two"


def test_a_mart_that_was_not_built_is_named(database: Database) -> None:
    build(database, "new", status="error")

    with pytest.raises(WarehouseRefused, match=r"did not build mart_two since.*make manifest"):
        publish_build(database)
    assert database.query("select * from meta.publish_log") == []


@pytest.mark.parametrize(
    "untest",
    [
        "delete from meta.test_log where true",
        "delete from meta.test_log where model = 'mart_two'",
        "update meta.test_log set status = 'skipped' where model = 'mart_two'",
        "update meta.test_log set invocation_id = 'before' where model = 'mart_two'",
        "update meta.test_log set resource_type = 'unit_test' where model = 'mart_two'",
    ],
)
def test_a_build_without_tests_is_refused(database: Database, untest: str) -> None:
    build(database, "old")
    publish_build(database)
    build(database, "untested", run_id="other")
    database.execute(f"{untest} and run_id = 'other'")

    with pytest.raises(WarehouseRefused, match=r"^publish: no test of (mart_one, )?mart_two was"):
        publish_build(database, run_id="other")
    assert published(database) == "old"


def test_a_test_that_failed_in_the_run_is_named(database: Database) -> None:
    build(database, "new")
    insert = """
        insert into meta.test_log
            (run_id, invocation_id, test, resource_type, severity, status, seconds)
        values ('run', 'one', %s, 'test', %s, %s, 1)
    """
    database.execute(insert, "shares_sum_to_100", "error", "fail")
    database.execute(insert, "only_known_types", "warn", "warn")

    with pytest.raises(WarehouseRefused, match=r"^publish: shares_sum_to_100 failed in run run"):
        publish_build(database)

    database.execute(insert, "shares_sum_to_100", "error", "pass")
    assert publish_build(database) > 0


def test_a_mart_that_left_the_project_leaves_with_the_next_publish(database: Database) -> None:
    build(database, "new")
    database.execute("create table marts_next.mart_gone (x int)", role="pipeline")
    database.execute("create table marts_next.high_water_mark (x int)", role="pipeline")

    publish_build(database)

    tables = database.query("select tablename from pg_tables where schemaname = 'marts'")
    assert {name for (name,) in tables} == {*MARTS, "high_water_mark"}


def test_the_schemas_say_which_is_which_after_any_number_of_swaps(database: Database) -> None:
    for word in ("one", "two", "three"):
        build(database, word)
        publish_build(database)
        said = database.value("select obj_description('marts'::regnamespace)")
        assert said.startswith("What analysts")
        assert "built and tested" in database.value(
            "select obj_description('marts_next'::regnamespace)"
        )


def test_a_run_that_publishes_twice_does_not_bring_the_old_state_back(database: Database) -> None:
    build(database, "old", run_id="yesterday")
    publish_build(database, run_id="yesterday")
    build(database, "new")
    first = publish_build(database)

    assert publish_build(database) == first

    assert published(database) == "new"
    assert database.value("select count(*) from meta.publish_log") == 2


def test_a_run_that_built_again_publishes_again(database: Database) -> None:
    build(database, "old")
    first = publish_build(database)
    build(database, "new")

    assert publish_build(database) > first
    assert published(database) == "new"


def test_what_is_built_after_a_swap_is_readable_after_the_next(database: Database) -> None:
    for word in ("one", "two", "three", "four"):
        build(database, word)
        publish_build(database)
        assert published(database) == word


def test_the_ddl_is_all_that_a_publish_needs(postgres: Cluster) -> None:
    with postgres.database(template="template0") as blank:
        with blank.session("postgres") as connection:
            apply_schema(connection)
        build(blank, "first")

        publish_build(blank)

        assert published(blank) == "first"


def test_the_ddl_may_be_applied_again_after_a_swap(database: Database) -> None:
    build(database, "old")
    publish_build(database)
    with database.session("postgres") as connection:
        apply_schema(connection)

    assert published(database) == "old"
    build(database, "next")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        database.query("select * from marts_next.mart_one", role="analyst")


def test_a_mart_that_was_made_without_grants_is_readable(database: Database) -> None:
    build(database, "new")
    database.execute("revoke select on marts_next.mart_one from analyst", role="pipeline")

    publish_build(database)

    assert published(database) == "new"


def test_a_session_that_is_open_sees_the_new_marts(database: Database) -> None:
    build(database, "old")
    publish_build(database)
    with database.session("analyst") as session, session.cursor() as cursor:
        session.autocommit = True
        cursor.execute("prepare words as select distinct word from mart_one")
        cursor.execute("execute words")
        assert cursor.fetchone() == ("old",)
        build(database, "new")
        publish_build(database)

        cursor.execute("execute words")

        assert cursor.fetchone() == ("new",)


def test_nothing_built_is_refused(database: Database) -> None:
    with pytest.raises(
        WarehouseRefused, match="did not build mart_one, mart_two since the last publish"
    ):
        publish_build(database)
    assert database.query("select * from meta.publish_log") == []


def test_a_publish_is_noted_in_its_own_transaction(database: Database) -> None:
    build(database, "old", run_id="first")
    first = publish_build(database, run_id="first")
    build(database, "new", run_id="second")
    second = publish_build(database, State(4, "def"), run_id="second")

    rows = database.query(
        "select publish_id, run_id, load_id, project_sha256 from meta.publish_log order by 1"
    )
    assert rows == [(first, "first", 3, "abc"), (second, "second", 4, "def")]


def test_a_publish_that_cannot_be_noted_does_not_happen(database: Database) -> None:
    build(database, "old")
    publish_build(database)
    build(database, "new")
    database.execute("revoke insert on meta.publish_log from pipeline")

    with pytest.raises(WarehouseRefused, match="permission denied for table publish_log"):
        publish_build(database)
    assert published(database) == "old"


def test_two_publishes_do_not_meet(database: Database) -> None:
    build(database, "new")
    with connected(database.url, purpose="the first") as other, other.cursor() as cursor:
        hold(cursor, BUILDING)

        with pytest.raises(WarehouseUnavailable, match=r"building: session \d+ .*the first"):
            publish_build(database)
    assert publish_build(database) > 0


def test_only_the_pipeline_publishes(database: Database) -> None:
    build(database, "new")
    with (
        pytest.raises(WarehouseRefused, match=r"read-only transaction|permission denied"),
        connected(database.url_of("analyst"), purpose="publish") as connection,
    ):
        publish(connection, STATE, run_id="run", tables=MARTS)


def test_the_first_publish_is_always_due() -> None:
    assert why_build(STATE, None) == "nothing was published yet"


def test_nothing_new_needs_no_build() -> None:
    assert why_build(STATE, State(3, "abc")) is None


@pytest.mark.parametrize(
    ("published", "said"),
    [
        (State(1, "abc"), "the newest load is 3, the marts are made from 1"),
        (State(3, "xyz"), "the dbt project is not the one last published"),
        (State(2, "xyz"), "the newest load is 3, the marts are made from 2"),
    ],
)
def test_a_build_that_is_due_says_why(published: State, said: str) -> None:
    assert why_build(STATE, published) == said


def test_the_state_is_that_of_the_ledger_and_of_the_project(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / "model.sql").write_text("select 1")
    load = Load("imdb", "title.crew", "sample", 1, 1, 0, 0, 0.5, run_id="run")
    with connected(database.url, purpose="test") as connection, connection.cursor() as cursor:
        assert published_state(cursor) is None
        assert current_state(cursor, tmp_path) == State(0, project_sha256(tmp_path))
        load_id = record(cursor, load)
        assert newest_load_id(cursor) == load_id > 0
        state = current_state(cursor, tmp_path)
        assert state.load_id == load_id
        connection.commit()
        build(database, "new")
        publish(connection, state, run_id="run", tables=MARTS)
        assert published_state(cursor) == state
        assert why_build(current_state(cursor, tmp_path), published_state(cursor)) is None


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small dbt project."""
    for name in ("dbt_project.yml", "models/a.sql", "seeds/b.csv", "macros/deep/c.sql"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


@pytest.mark.parametrize(
    "name", ["models/a.sql", "seeds/b.csv", "models/new.yml", "macros/deep/c.sql"]
)
def test_any_file_of_the_project_counts(project: Path, name: str) -> None:
    before = project_sha256(project)
    (project / name).write_text("changed")

    assert project_sha256(project) != before


def test_a_change_that_keeps_the_size_counts(project: Path) -> None:
    before = project_sha256(project)
    (project / "models/a.sql").write_text("models/b.sql")

    assert project_sha256(project) != before


def test_names_and_the_ends_of_files_count(project: Path) -> None:
    before = project_sha256(project)
    (project / "models/a.sql").rename(project / "models/renamed.sql")
    renamed = project_sha256(project)
    (project / "models/renamed.sql").unlink()

    assert len({before, renamed, project_sha256(project)}) == 3


@pytest.mark.parametrize(
    "name",
    ["target/manifest.json", "logs/dbt.log", "dbt_packages/x/a.sql", ".user.yml",
     "macros/__pycache__/a.pyc"],
)  # fmt: skip
def test_what_dbt_makes_does_not_count(project: Path, name: str) -> None:
    before = project_sha256(project)
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    (project / name).write_text("made")

    assert project_sha256(project) == before
