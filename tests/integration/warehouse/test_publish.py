"""Publish: a source's marts become visible together, and nothing else is touched."""

import json
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from include.local.warehouse import apply_schema
from tests.support.marts import ROWS, Marts
from tests.support.postgres import Cluster, Database
from warehouse.builds.builds import Build, current_state, why_build
from warehouse.builds.project import DbtProject
from warehouse.builds.publish import publish
from warehouse.builds.publish_log import State, published_state, stale_objects
from warehouse.database.connection import connected
from warehouse.database.turns import building_lock, hold
from warehouse.errors import PermanentError, WarehouseRefused, WarehouseUnavailable
from warehouse.raw.ledger import Load, record

STATE = State(load_id=3, project_sha256="abc")
NAMES = ("mart_one", "mart_two")
READ_NEXT = "select * from marts_next.mart_one"
MARKS = "select model, load_id from {}.high_water_mark order by model"


@pytest.fixture
def marts(database: Database, tmp_path: Path) -> Marts:
    """Marts of which nothing was built yet."""
    return Marts(database, tmp_path / "project", NAMES)


def built(marts: Marts, run_id: str = "run") -> Build:
    """A build that is ready to be published."""
    marts.begin(run_id, "a test wants it")
    return marts.build(run_id)


def keep_marks(marts: Marts, load_id: int, *models: str) -> None:
    """Leave high-water marks in marts_next, as the models do."""
    marts.database.execute(
        "create table if not exists marts_next.high_water_mark "
        "(model text, dataset text, load_id bigint, primary key (model, dataset)); "
        "insert into marts_next.high_water_mark "
        "select unnest(%s), 'title.crew', %s on conflict (model, dataset) do update set load_id = "
        "excluded.load_id",
        *(list(models), load_id),
        role="pipeline",
    )


def test_marts_become_visible_together(marts: Marts) -> None:
    build = built(marts)
    with pytest.raises(psycopg2.errors.UndefinedTable):
        marts.published()

    marts.publish("run")

    assert marts.published() == {build.build_id}


def view_of_an_analyst(marts: Marts, kind: str = "view") -> None:
    """What another person makes over a live mart, of the columns that it has today."""
    marts.database.execute(
        "create schema if not exists analytics; "
        f"create {kind} analytics.best as select id, build_id from marts.mart_one "
        "where build_id > 0 and 'a%' like '%'",
        role="pipeline",
    )


BEST = "select distinct build_id from analytics.best"


def test_a_view_on_a_mart_reads_what_is_live(
    marts: Marts, caplog: pytest.LogCaptureFixture
) -> None:
    marts.build_and_publish("one")
    view_of_an_analyst(marts)
    marts.database.execute(
        "create view analytics.of_best with (security_barrier = true) as "
        "select count(*) as n from analytics.best; "
        "alter view analytics.best set (security_barrier = true); "
        "comment on view analytics.best is 'mine'; grant usage on schema analytics to analyst; "
        "grant select on analytics.best to analyst",
        role="pipeline",
    )
    for run_id in ("two", "three"):
        build = marts.build_and_publish(run_id)
        assert marts.database.query(BEST, role="analyst") == [(build.build_id,)]
    marts.rollback()
    assert marts.database.query(BEST, role="analyst") == [(2,)]

    assert marts.database.query(
        "select reloptions, obj_description(oid) from pg_class where relname = 'best'"
    ) == [(["security_barrier=true"], "mine")]
    assert marts.database.value("select n from analytics.of_best") == ROWS
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("make", "described"),
    [
        (
            "create materialized view analytics.best as select id from marts.mart_one",
            "materialized view analytics.best on marts_next.mart_one",
        ),
        (
            "create table analytics.note (id int constraint known references marts.mart_one)",
            "constraint known on table analytics.note on marts_next.mart_one",
        ),
        (
            (
                "create view analytics.best as select id from marts.mart_one; "
                "alter view analytics.best owner to postgres"
            ),
            "view analytics.best on marts_next.mart_one",
        ),
        (
            (
                "create view analytics.best as select * from marts.mart_one; "
                "alter table marts_next.mart_one drop column build_id"
            ),
            "view analytics.best on marts_next.mart_one",
        ),
        (
            (
                "create function analytics.f() returns bigint begin atomic; "
                "select count(*) from marts.mart_one; end"
            ),
            "function analytics.f() on marts_next.mart_one",
        ),
    ],
)
def test_what_cannot_follow_the_live_mart_is_named(
    marts: Marts, caplog: pytest.LogCaptureFixture, make: str, described: str
) -> None:
    marts.build_and_publish("one")
    build = built(marts, "two")
    marts.database.execute(f"create schema analytics authorization pipeline; {make}")
    marts.publish("two")
    assert f"{described}: it keeps the rows of the marts before this publish" in caplog.text
    with marts.database.session() as session, session.cursor() as cursor:
        assert stale_objects(cursor, build.build_id) == (described,)

    caplog.clear()
    marts.begin("three", "a test wants it")
    assert f"{described}: dbt drops it when it builds that table again" in caplog.text


def test_grants_and_comments_survive_a_publish(marts: Marts) -> None:
    marts.build_and_publish("one")
    marts.database.execute(
        """
        create role bi; create role former;
        grant select, references on marts.mart_one to bi with grant option;
        grant select (id) on marts.mart_two to bi; grant select on marts.mart_two to former;
        comment on table marts.mart_one is 'mine'; comment on column marts.mart_one.id is 'my id';
        """
    )
    marts.build_and_publish("two")
    marts.database.execute("revoke select on marts.mart_two from former", role="pipeline")
    for run_id in ("three", "four"):
        marts.build_and_publish(run_id)
        assert marts.database.query(
            """
            select
                has_table_privilege('bi', 'marts.mart_one', 'select with grant option'),
                has_table_privilege('bi', 'marts.mart_one', 'references'),
                has_column_privilege('bi', 'marts.mart_two', 'id', 'select'),
                has_column_privilege('bi', 'marts.mart_two', 'build_id', 'select'),
                has_table_privilege('former', 'marts.mart_two', 'select'),
                obj_description('marts.mart_one'::regclass),
                col_description('marts.mart_one'::regclass, 1)
            """
        ) == [(True, True, True, False, False, "mine", "my id")]
        assert marts.published()
    marts.database.execute("drop owned by bi; drop owned by former; drop role bi, former")


def test_what_is_not_published_is_not_readable(marts: Marts) -> None:
    built(marts)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        marts.database.query(READ_NEXT, role="analyst")
    marts.publish("run")
    built(marts, "untested")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        marts.database.query(READ_NEXT, role="analyst")


def test_a_build_from_nothing_leaves_no_marks_to_continue_from(marts: Marts) -> None:
    for number, name in enumerate(("from nothing", "continued", "from nothing again"), 1):
        if name == "from nothing again":
            marts.change_project("select 2")
        build = built(marts, name)
        assert build.from_nothing == name.startswith("from nothing")
        keep_marks(marts, number, "mart_one", "mart_of_another_source")
        marts.publish(name)
        assert ("mart_one", number) in marts.database.query(MARKS.format("marts"))
        kept = marts.database.query(MARKS.format("marts_next"))
        assert ("mart_of_another_source", number) in kept
        assert (("mart_one", 1) in kept) == (name == "continued")


def test_what_another_run_left_half_built_is_not_published(marts: Marts) -> None:
    first = built(marts, "first")
    second = built(marts, "second")
    with pytest.raises(WarehouseRefused, match=r"run second \(build 2, .*\) has taken over"):
        marts.publish("first", first)
    marts.publish("second", second)
    assert marts.published() == {second.build_id}


def test_a_run_that_began_no_build_publishes_nothing(marts: Marts) -> None:
    with pytest.raises(WarehouseRefused, match="no build of imdb has begun"):
        marts.publish("run")


def test_a_mart_that_was_not_built_is_named(marts: Marts) -> None:
    build = built(marts)
    marts.database.execute("update meta.model_log set status = 'error' where model = 'mart_two'")
    with pytest.raises(WarehouseRefused, match=r"did not build mart_two since the last publish"):
        marts.publish("run", build)
    assert marts.database.query("select * from meta.publish_log") == []


@pytest.mark.parametrize(
    "untest",
    [
        "delete from meta.test_log where model = 'mart_two'",
        "update meta.test_log set status = 'skipped' where model = 'mart_two'",
        "update meta.test_log set invocation_id = 'before' where model = 'mart_two'",
        "update meta.test_log set resource_type = 'unit_test' where model = 'mart_two'",
        "update meta.test_log set build_id = null where model = 'mart_two'",
    ],
)
def test_a_build_without_tests_is_refused(marts: Marts, untest: str) -> None:
    built(marts)
    marts.database.execute(untest)
    with pytest.raises(WarehouseRefused, match=r"^publish: no test of mart_two was"):
        marts.publish("run")


def test_a_test_that_failed_in_the_build_is_named(marts: Marts) -> None:
    build = built(marts)
    insert = """
        insert into meta.test_log (dag_id, run_id, build_id, invocation_id, test, resource_type,
            severity, status, seconds)
        values ('dag', 'run', %s, 'one', %s, 'test', %s, %s, 1)
    """
    marts.database.execute(insert, build.build_id, "shares_sum_to_100", "error", "fail")
    marts.database.execute(insert, build.build_id, "only_known_types", "warn", "warn")

    with pytest.raises(WarehouseRefused, match=r"^publish: shares_sum_to_100 failed in run run"):
        marts.publish("run")

    marts.database.execute(insert, build.build_id, "shares_sum_to_100", "error", "pass")
    assert marts.publish("run") > 0


@pytest.mark.parametrize(
    ("write", "writer"),
    [
        ("drop table marts_next.mart_two; create table marts_next.mart_two (x int)", "not dbt"),
        ("truncate marts_next.mart_two", "not dbt"),
        ("drop table marts_next.mart_two", "none: there is no such table"),
        ("update meta.mart_writer set build_id = null", "dbt without a build"),
        ("update meta.mart_writer set build_id = 77", "build 77"),
    ],
)
def test_a_table_that_something_else_wrote_after_the_build_is_refused(
    marts: Marts, write: str, writer: str
) -> None:
    built(marts)
    marts.database.execute(write)
    with pytest.raises(
        WarehouseRefused, match=rf"not what build 1 wrote and tested: the last .* was {writer}"
    ):
        marts.publish("run")


def test_a_table_that_is_replaced_while_the_publish_waits_is_refused(marts: Marts) -> None:
    old = built(marts)
    marts.publish("run", old)
    built(marts, "next")
    with marts.database.session("analyst") as reader, reader.cursor() as cursor:
        cursor.execute("begin isolation level repeatable read; select from meta.load_log")
        pid = reader.info.backend_pid

        def replace(_: float) -> None:
            marts.database.execute("truncate marts_next.mart_two", role="pipeline")
            assert marts.database.value("select pg_terminate_backend(%s, 10000)", pid)

        with pytest.raises(WarehouseRefused, match="the last to write it was not dbt"):
            marts.publish("next", patience=60, pause=replace)
    assert marts.published() == {old.build_id}


def test_unknown_tables_are_left_alone(marts: Marts) -> None:
    for schema in ("marts", "marts_next"):
        marts.database.execute(f"create table {schema}.by_hand (x int)", role="pipeline")
    for run_id in ("one", "two"):
        built(marts, run_id)
        marts.publish(run_id)
    for schema in ("marts", "marts_next"):
        assert "by_hand" in tables(marts.database, schema)


def test_a_mart_that_left_the_project_leaves_with_the_next_publish(marts: Marts) -> None:
    marts.build_and_publish("one")
    marts.let_names_be(NAMES[:1])
    marts.build_and_publish("two")
    assert tables(marts.database, "marts") == {"mart_one"}
    marts.build_and_publish("three")
    assert tables(marts.database, "marts_next") == {"mart_one"}


def test_a_mart_that_left_the_project_stays_while_a_view_of_others_reads_it(
    marts: Marts, caplog: pytest.LogCaptureFixture
) -> None:
    marts.build_and_publish("one")
    marts.database.execute("create view public.mine as select * from marts.mart_two")
    marts.let_names_be(NAMES[:1])
    marts.build_and_publish("two")
    marts.build_and_publish("three")
    assert "marts_next.mart_two left the dbt project" in caplog.text
    assert "view mine depends on table marts_next.mart_two" in caplog.text
    assert tables(marts.database, "marts") == {"mart_one"}
    assert marts.database.value("select count(*) from public.mine")
    marts.database.execute("drop view public.mine")
    marts.build_and_publish("four")
    assert tables(marts.database, "marts_next") == {"mart_one"}


def test_after_an_upgrade_no_mart_is_dropped(marts: Marts) -> None:
    """The publish log of an earlier version does not say which tables it was about."""
    marts.build_and_publish("one")
    marts.database.execute("update meta.publish_log set marts = null, build_id = null")
    marts.let_names_be(NAMES[:1])
    marts.build_and_publish("two")
    assert tables(marts.database, "marts") == set(NAMES)


def tables(database: Database, schema: str) -> set[str]:
    """The tables of a schema."""
    found = database.query("select tablename from pg_tables where schemaname = %s", schema)
    return {name for (name,) in found}


def everything_of(marts: Marts) -> list[Any]:
    """The tables of a source with their files, its marks and its publishes."""
    files = """
        select relnamespace::regnamespace::text, relname, oid, relfilenode from pg_class
        where relnamespace in ('marts'::regnamespace, 'marts_next'::regnamespace)
            and relname = any (%s)
        order by 1, 2
    """
    return [
        marts.database.query(files, list(marts.names)),
        *(
            marts.database.query(
                f"select * from {schema}.high_water_mark where model = any (%s) order by 1",
                list(marts.names),
            )
            for schema in ("marts", "marts_next")
        ),
        marts.database.query("select * from meta.publish_log where source = %s", marts.source),
        marts.database.query("select * from meta.build_log where source = %s", marts.source),
    ]


def test_a_source_does_not_touch_the_other(database: Database, tmp_path: Path) -> None:
    """Two sources side by side, whose DAGs have the same run ids."""
    one = Marts(database, tmp_path / "one", ["mart_one", "mart_first"], source="imdb")
    two = Marts(database, tmp_path / "two", ["mart_two"], source="toy", dag_id="toy")
    for number, run_id in enumerate(("monday", "tuesday"), 1):
        for each in (one, two):
            build = each.begin(run_id, "a test wants it")
            assert build
            each.build(run_id)
            keep_marks(each, number, *each.names)
            each.publish(run_id, build)
    before = everything_of(two)

    third = one.build_and_publish("wednesday")
    one.change_project("select 2")
    fourth = one.build_and_publish("thursday")
    assert one.published() == {fourth.build_id}
    one.rollback()
    assert one.published() == {third.build_id}
    assert everything_of(two) == before

    before = everything_of(one)
    assert two.rollback().build_id == 2
    assert two.published() == {2}
    assert everything_of(one) == before
    # What one source rejected or changed makes no build of the other due.
    assert two.begin("friday") is None
    two.change_project("select 2")
    assert two.begin("saturday")
    assert one.begin("friday") is None


def test_two_sources_publish_at_the_same_time(database: Database, tmp_path: Path) -> None:
    one = Marts(database, tmp_path / "one", ["mart_one"], source="imdb")
    two = Marts(database, tmp_path / "two", ["mart_two"], source="toy")
    for each in (one, two):
        each.build_and_publish("first")
        built(each, "second")
    with database.session("analyst") as reader, reader.cursor() as cursor:
        cursor.execute("select from mart_one")

        def publish_the_other(_: float) -> None:
            two.publish("second")
            reader.rollback()

        one.publish("second", patience=60, pause=publish_the_other)
    assert (one.published(), two.published()) == ({2}, {4})


def test_a_mart_that_moved_to_another_source_stays(database: Database, tmp_path: Path) -> None:
    one = Marts(database, tmp_path / "one", ["mart_one", "mart_moved"], source="imdb")
    one.build_and_publish("first")
    one.let_names_be(["mart_one"])
    two = Marts(database, tmp_path / "two", ["mart_moved"], source="toy")
    moved = two.build_and_publish("second")
    one.build_and_publish("third")
    assert two.published() == {moved.build_id}


def test_a_run_that_publishes_twice_does_not_bring_the_old_state_back(marts: Marts) -> None:
    marts.build_and_publish("yesterday")
    build = built(marts)
    first = marts.publish("run")

    assert marts.publish("run", build) == first

    assert marts.published() == {build.build_id}
    assert marts.database.value("select count(*) from meta.publish_log") == 2


def test_a_run_that_built_again_publishes_again(marts: Marts) -> None:
    build = built(marts)
    first = marts.publish("run")
    marts.build("run", build_id=build.build_id)
    assert marts.publish("run", build) > first


def test_the_ddl_is_all_that_a_publish_needs(postgres: Cluster, tmp_path: Path) -> None:
    with postgres.database(template="template0") as blank:
        with blank.session("postgres") as connection:
            apply_schema(connection)
        marts = Marts(blank, tmp_path / "project", NAMES)
        assert marts.build_and_publish("first")
        assert marts.published() == {1}


def test_the_ddl_may_be_applied_again_after_a_publish(marts: Marts) -> None:
    marts.build_and_publish("old")
    with marts.database.session("postgres") as connection:
        apply_schema(connection)

    assert marts.published() == {1}
    built(marts, "next")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        marts.database.query(READ_NEXT, role="analyst")


def test_a_mart_that_was_made_without_grants_is_readable(marts: Marts) -> None:
    built(marts)
    marts.database.execute("revoke select on marts_next.mart_one from analyst", role="pipeline")
    marts.publish("run")
    assert marts.published() == {1}


def test_indexes_and_constraints_move_with_their_table(marts: Marts) -> None:
    for run_id in ("one", "two", "three"):
        marts.build_and_publish(run_id)
    found = marts.database.query(
        "select schemaname, tablename, indexname from pg_indexes "
        "where schemaname in ('marts', 'marts_next') order by 1, 2"
    )
    assert found == [
        (schema, name, f"{name}_pkey") for schema in ("marts", "marts_next") for name in NAMES
    ]


def test_a_session_that_is_open_sees_the_new_marts(marts: Marts) -> None:
    marts.build_and_publish("old")
    with marts.database.session("analyst") as session, session.cursor() as cursor:
        session.autocommit = True
        cursor.execute("prepare builds as select distinct build_id from mart_one")
        cursor.execute("execute builds")
        assert cursor.fetchone() == (1,)
        marts.build_and_publish("new")

        cursor.execute("execute builds")

        assert cursor.fetchone() == (2,)


def test_a_publish_is_noted_in_its_own_transaction(marts: Marts) -> None:
    build = built(marts)
    publish_id = marts.publish("run")
    assert marts.database.query(
        "select publish_id, source, dag_id, run_id, build_id, load_id, project_sha256, marts "
        "from meta.publish_log"
    ) == [(publish_id, "imdb", marts.dag_id, "run", 1, 0, build.state.project_sha256, list(NAMES))]


def test_a_publish_that_cannot_be_noted_does_not_happen(marts: Marts) -> None:
    old = marts.build_and_publish("old")
    built(marts)
    marts.database.execute("revoke insert on meta.publish_log from pipeline")

    with pytest.raises(WarehouseRefused, match="permission denied for table publish_log"):
        marts.publish("run")
    assert marts.published() == {old.build_id}


def test_two_publishes_do_not_meet(marts: Marts) -> None:
    built(marts)
    with connected(marts.database.url, purpose="the first") as other, other.cursor() as cursor:
        hold(cursor, building_lock("imdb"))

        with pytest.raises(WarehouseUnavailable, match=r"imdb: building: session \d+ .*the first"):
            marts.publish("run")
    assert marts.publish("run") > 0


def test_only_the_pipeline_publishes(marts: Marts) -> None:
    built(marts)
    with (
        pytest.raises(WarehouseRefused, match=r"read-only transaction|permission denied"),
        connected(marts.database.url_of("analyst"), purpose="publish") as connection,
    ):
        publish(connection, marts.project, source="imdb", dag_id=marts.dag_id, run_id="run")


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


def test_the_state_is_that_of_the_source_and_of_the_project(marts: Marts) -> None:
    with connected(marts.database.url, purpose="test") as connection, connection.cursor() as cursor:
        assert published_state(cursor, "imdb") is None
        sha256 = marts.project.sha256("imdb")
        assert current_state(cursor, marts.project, "imdb") == State(0, sha256)
        load_id = record(cursor, Load("imdb", "title.crew", None, 1, 1, 0, 0, 0.5))
        record(cursor, Load("toy", "things", None, 1, 1, 0, 0, 0.5))
        connection.commit()
        state = current_state(cursor, marts.project, "imdb")
        assert state == State(load_id, sha256)
        connection.commit()
        marts.build_and_publish("run")
        assert published_state(cursor, "imdb") == state
        assert marts.begin("next") is None


@pytest.fixture
def project(tmp_path: Path) -> DbtProject:
    """A small dbt project with marts of two sources, and its manifest."""
    for name in (
        *("dbt_project.yml", "models/marts/imdb/deep/a.sql", "models/marts/toy/b.sql"),
        *("models/staging/warehouse/c.sql", "seeds/d.csv", "macros/toy/e.sql", "macros/f.sql"),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    nodes = [
        ("models/marts/imdb/deep/a.sql", "marts", "imdb"),
        ("models/marts/toy/b.sql", "marts", "toy"),
        ("models/staging/warehouse/c.sql", "staging", "warehouse"),
    ]
    manifest = tmp_path / "target" / "manifest.json"
    manifest.parent.mkdir()
    manifest.write_text(json.dumps({"nodes": {path: node(path, *meta) for path, *meta in nodes}}))
    return DbtProject(tmp_path, manifest)


def node(path: str, layer: str, source: str) -> dict[str, Any]:
    """A model in a manifest."""
    return {
        "resource_type": "model",
        "name": f"mart_{Path(path).stem}",
        "original_file_path": path,
        "config": {"meta": {"layer": layer, "source": source}},
    }


def test_marts_come_from_the_manifest_whatever_folder_they_are_in(project: DbtProject) -> None:
    assert project.sources() == ("imdb", "toy")
    assert project.marts("imdb") == ("mart_a",)
    assert project.marts("toy") == ("mart_b",)


def test_a_model_that_the_manifest_does_not_know_is_named(project: DbtProject) -> None:
    (project.project_dir / "models" / "new.sql").write_text("select 1")
    with pytest.raises(PermanentError, match=r"does not have models/new\.sql.*make manifest"):
        project.marts("imdb")


def test_a_project_without_a_manifest_says_how_to_make_one(project: DbtProject) -> None:
    project.manifest_path.unlink()
    for ask in (project.marts, project.sha256):
        with pytest.raises(PermanentError, match="make manifest"):
            ask("imdb")


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("models/marts/imdb/deep/a.sql", {"imdb"}),
        ("models/marts/toy/b.sql", {"toy"}),
        ("macros/toy/e.sql", {"toy"}),
        ("models/staging/warehouse/c.sql", {"imdb", "toy"}),
        ("seeds/d.csv", {"imdb", "toy"}),
        ("macros/f.sql", {"imdb", "toy"}),
        ("models/new.yml", {"imdb", "toy"}),
        *((made, set()) for made in ("logs/dbt.log", "dbt_packages/x/a.sql", ".user.yml")),
    ],
)
def test_a_source_depends_on_shared_files_and_its_own(
    project: DbtProject, name: str, changed: set[str]
) -> None:
    before = {source: project.sha256(source) for source in ("imdb", "toy")}
    path = project.project_dir / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text("changed")
    assert {source for source in before if project.sha256(source) != before[source]} == changed


def test_a_change_that_keeps_the_size_and_a_new_name_count(project: DbtProject) -> None:
    path = project.project_dir / "macros" / "f.sql"
    before = project.sha256("imdb")
    path.write_text("macros/g.sql")
    resized = project.sha256("imdb")
    path.rename(path.with_name("g.sql"))
    assert len({before, resized, project.sha256("imdb")}) == 3
