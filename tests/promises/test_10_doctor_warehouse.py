"""`make doctor` inside a warehouse: it is made ill for real, and it is said.

What is done to roles and schemas is done in a transaction that is rolled back: they are the whole
server's.
"""

import contextlib
import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg2
import psycopg2.extras
import pytest
from psycopg2.extensions import cursor as Cursor

from include.local.checks import ddl, ledger, marts, roles, runs, sessions, warehouse
from include.local.checks.finding import FAIL, OK, WARN, Finding
from include.local.checks.place import Place, reading
from include.local.layout import Layout
from include.local.project import PROJECT
from tests.support.loads import Warehouse
from tests.support.postgres import Cluster, Database
from tests.support.snapshots import TWO_ROWS
from warehouse.builds import publish
from warehouse.database.turns import held

AT_ONCE = timedelta(0)
ROW = "insert into meta.load_log (source, dag_id, dataset, snapshot_sha256, rows, "
ROW += "rows_inserted, rows_updated, rows_deleted, bytes, seconds, run_id, changes_kept) values "
MARKS = "(model text, dataset text, load_id bigint)"


@pytest.fixture
def owner(database: Database) -> Iterator[Cursor]:
    """A superuser in a transaction that is rolled back."""
    with database.session("postgres") as session, session.cursor() as cursor:
        yield cursor


@pytest.fixture
def place(database: Database, tmp_path: Path) -> Place:
    return Place(Layout(tmp_path / "none"), {"WAREHOUSE_URL": database.url})


def only(findings: Iterable[Finding], level: str, *words: object) -> Finding:
    """The one finding, which is of `level` and says `words`."""
    (finding,) = findings
    assert finding.level == level, finding
    for word in words:
        assert str(word) in finding.found, finding
    assert bool(finding.do) is (level != OK)
    return finding


def test_doctor_cannot_write(database: Database) -> None:
    with (
        reading(database.url_of("postgres")) as cursor,
        pytest.raises(psycopg2.errors.ReadOnlySqlTransaction),
    ):
        cursor.execute("create table raw.mine (x int)")


# The server


def test_an_old_server() -> None:
    assert warehouse.version_finding(16, "16.1").level == OK
    assert warehouse.version_finding(15, "15.9").level == FAIL


def test_an_encoding_that_titles_do_not_fit(postgres: Cluster, owner: Cursor) -> None:
    assert [finding.level for finding in warehouse.server(owner)] == [OK, OK]
    owner.connection.rollback()
    owner.connection.autocommit = True
    owner.execute(
        "create database ascii encoding 'SQL_ASCII' template template0 locale 'C' "
        "locale_provider libc"
    )
    try:
        with reading(Database(postgres.port, "ascii").url_of("postgres")) as cursor:
            _, encoding = warehouse.server(cursor)
            only([encoding], FAIL, "SQL_ASCII")
    finally:
        owner.execute("drop database ascii with (force)")


def test_more_connections_wanted_than_there_are(owner: Cursor) -> None:
    # The tests' own server does not keep its data through a crash, which is said.
    fsync, pages = warehouse.settings(owner, {"IMDB_COPY_CONNECTIONS": "2"})
    only([fsync], WARN, "fsync is off")
    only([pages], WARN, "full_page_writes is off")
    first, *_ = warehouse.settings(owner, {"IMDB_COPY_CONNECTIONS": "100"})
    only([first], WARN, "707 wanted")


# Schemas


def test_the_ddl_is_read_as_postgres_reads_it(database: Database) -> None:
    made = database.query(
        "select format('%I.%I', table_schema, table_name), array_agg(column_name::text "
        "order by column_name) from information_schema.columns "
        "where table_schema = any (array['raw', 'meta']) group by 1"
    )
    assert {name: sorted(columns) for name, columns in ddl.tables().items()} == dict(made)
    schemas = database.query(
        "select nspname from pg_namespace where nspowner = 'pipeline'::regrole"
    )
    assert set(ddl.schemas()) == {name for (name,) in schemas}


@pytest.mark.parametrize(
    ("illness", "level", "said"),
    [
        ("drop table meta.test_log", FAIL, "meta.test_log is not there"),
        (
            "drop table raw.imdb_title_crew_changes",
            FAIL,
            "raw.imdb_title_crew_changes is not there",
        ),
        ("alter table meta.load_log drop changes_kept", FAIL, "has no column changes_kept"),
        ("drop schema quality", FAIL, "schema quality is not there"),
        ("alter schema staging owner to postgres", FAIL, "schema staging belongs to postgres"),
        ("alter table raw.imdb_title_ratings add extra text", FAIL, "raw.imdb_title_ratings has"),
        ("drop extension pg_trgm", FAIL, "pg_trgm"),
    ],
)
def test_schemas_that_are_not_as_they_are_made(
    owner: Cursor, place: Place, illness: str, level: str, said: str
) -> None:
    only(warehouse.schema(owner, place), OK)
    owner.execute(illness)
    only(warehouse.schema(owner, place), level, said)


# Roles


@pytest.mark.parametrize(
    ("illness", "level", "said"),
    [
        ("alter role pipeline superuser", FAIL, "pipeline is superuser"),
        ("alter role pipeline createrole", FAIL, "pipeline is createrole"),
        ("alter role analyst superuser", FAIL, "analyst is superuser"),
        ("alter role analyst createdb bypassrls", FAIL, "analyst is createdb, bypassrls"),
        ("grant pipeline to analyst", FAIL, "the analyst can become pipeline"),
        ("grant create on schema marts to analyst", FAIL, "can create in schema marts"),
        ("grant insert on meta.load_log to public", FAIL, "can write to meta.load_log"),
        ("grant usage on schema raw to analyst", WARN, "look into schema raw"),
        ("revoke usage on schema marts from analyst", FAIL, "cannot look into schema marts"),
        ("revoke select on meta.run_log from analyst", WARN, "cannot read meta.run_log"),
        ("alter role analyst reset statement_timeout", WARN, "has no statement_timeout"),
        ("alter role analyst set statement_timeout = 0", WARN, "has no statement_timeout"),
        (
            "alter role analyst set default_transaction_read_only = off",
            WARN,
            "has no default_transaction_read_only",
        ),
    ],
)
def test_roles_that_may_too_much_or_too_little(
    owner: Cursor, illness: str, level: str, said: str
) -> None:
    only(roles.roles(owner), OK)
    owner.execute(illness)
    only(roles.roles(owner), level, said)


def test_an_analyst_who_can_make_schemas(owner: Cursor, database: Database) -> None:
    owner.execute(f"grant create on database {database.name} to analyst")
    only(roles.roles(owner), FAIL, f"make schemas in {database.name}")


def test_a_role_that_is_not_there(owner: Cursor) -> None:
    owner.execute("alter role analyst rename to somebody")
    only(roles.roles(owner), FAIL, "no role analyst")


# The ledger


def test_raw_tables_that_are_not_the_ledgers(warehouse: Warehouse) -> None:
    with warehouse.database.session("postgres") as session, session.cursor() as cursor:
        only(ledger.rows(cursor), OK)
        cursor.execute("insert into raw.imdb_title_ratings values ('tt1')")
        only(ledger.rows(cursor), WARN, "raw.imdb_title_ratings has rows that no load")
    warehouse.load(TWO_ROWS)
    with warehouse.database.session("postgres") as session, session.cursor() as cursor:
        only(ledger.rows(cursor), OK)
        only(ledger.rows(cursor, full=True), OK, "counted")

        cursor.execute("insert into raw.imdb_title_ratings select 'tt1' from generate_series(1, 9)")
        only(ledger.rows(cursor), OK)
        only(ledger.rows(cursor, full=True), FAIL, "has 11 rows, the ledger 2")
        cursor.execute("analyze raw.imdb_title_ratings")
        only(ledger.rows(cursor), WARN, "about 11 rows, the ledger 2")

        cursor.execute("truncate raw.imdb_title_ratings")
        only(ledger.rows(cursor), FAIL, "raw.imdb_title_ratings is empty", "2 rows")
        cursor.execute("drop table raw.imdb_title_ratings")
        finding = only(ledger.rows(cursor), FAIL, "raw.imdb_title_ratings is gone")
        assert "DATASETS=title.ratings" in str(finding.do)


def test_a_table_that_a_killed_load_left(owner: Cursor) -> None:
    only(ledger.leftovers(owner), OK)
    owner.execute("create table raw.imdb_title_crew__new (x int)")
    only(ledger.leftovers(owner), WARN, "raw.imdb_title_crew__new")


def test_changes_of_loads_that_the_ledger_does_not_know(warehouse: Warehouse) -> None:
    warehouse.load(TWO_ROWS)
    warehouse.refresh([*TWO_ROWS, ("tt0000003", "1.0", "7")])
    with warehouse.database.session("postgres") as session, session.cursor() as cursor:
        only(ledger.changes(cursor), OK)
        cursor.execute(
            "insert into raw.imdb_title_ratings_changes (load_id, change, is_new) "
            "select unnest(array[77, 99, 99]), 'inserted', true"
        )
        only(ledger.changes(cursor), FAIL, "raw.imdb_title_ratings_changes", "load 77, 99,")
        session.rollback()
        cursor.execute("delete from raw.imdb_title_ratings_changes")
        only(ledger.changes(cursor), FAIL, "has lost the changes of load 1, 2;")


# What is published


def published(cursor: Cursor, load_id: int, project: str) -> None:
    cursor.execute(
        "insert into meta.publish_log (run_id, project_sha256, load_id) values ('run', %s, %s)",
        (project, load_id),
    )


def test_marts_that_are_not_those_of_the_publish_log(owner: Cursor) -> None:
    project, names = publish.project_sha256(PROJECT), publish.mart_names(PROJECT)
    only(marts.marts(owner), OK, "nothing published yet")
    for name in names[1:]:
        owner.execute(f"create table marts.{name} (x int)")
    only(marts.marts(owner), WARN, "the publish log has no row")
    published(owner, 0, project)
    only(marts.marts(owner), FAIL, f"{names[0]} published, but not there")
    owner.execute(f"create table marts.{names[0]} (x int)")
    only(marts.marts(owner), OK, "as new as the ledger")


def test_marts_that_somebody_went_back_to_are_not_said_to_be_built_next(owner: Cursor) -> None:
    for name in publish.mart_names(PROJECT):
        owner.execute(f"create table marts.{name} (x int)")
    published(owner, 0, "of another day")
    published(owner, 0, publish.project_sha256(PROJECT))
    published(owner, 0, "of another day")
    owner.execute("update meta.publish_log set action = 'rollback' where publish_id = 3")
    only(marts.marts(owner), WARN, "somebody went back from what load 0 gave")


def test_marts_that_are_older_than_loads_or_project(owner: Cursor) -> None:
    project = publish.project_sha256(PROJECT)
    for name in publish.mart_names(PROJECT):
        owner.execute(f"create table marts.{name} (x int)")
    published(owner, 0, "of another day")
    only(marts.marts(owner), WARN, "the dbt project is not the one last published")
    published(owner, 0, project)
    owner.execute(ROW + "('imdb', 'run', 'title.crew', 'x', 1, 1, 0, 0, 1, 1, 'run', false)")
    only(marts.marts(owner), WARN, "the marts are made from 0")
    published(owner, 99, project)
    only(marts.marts(owner), FAIL, "made from load 99; the ledger ends with 1")


def test_models_that_are_ahead_of_the_ledger(owner: Cursor) -> None:
    values = "('imdb', 'run', 'title.crew', 'x', 1, 1, 0, 0, 1, 1, 'run', false)"
    owner.execute(f"{ROW}{values} returning load_id")
    (load_id,) = owner.fetchone() or (0,)
    for schema in ("staging", "marts"):
        owner.execute(f"create table {schema}.high_water_mark {MARKS}")
        owner.execute(
            f"insert into {schema}.high_water_mark values ('m', 'title.crew', %s), "
            "('m', 'a figure of another kind', 700)",
            (load_id,),
        )
    only(marts.marks(owner), OK)
    owner.execute("update marts.high_water_mark set load_id = 99 where dataset = 'title.crew'")
    only(marts.marks(owner), FAIL, "marts.m has processed load 99 of title.crew", f"with {load_id}")


# Sessions


def test_a_lock_that_somebody_holds(database: Database, owner: Cursor) -> None:
    only(sessions.locks(owner), OK, "none")
    with (
        contextlib.closing(psycopg2.connect(database.url, application_name="a load")) as session,
        held(session, "imdb: load title.crew"),
    ):
        pid = session.info.backend_pid
        holder = f"imdb: load title.crew is held by session {pid} of pipeline (a load)"
        only(sessions.locks(owner), OK, holder)
        finding = only(sessions.locks(owner, AT_ONCE), WARN, holder)
        assert f"pg_terminate_backend({pid})" in str(finding.do)
    only(sessions.locks(owner), OK, "none")
    with database.session() as stranger, stranger.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(4711)")
        only(sessions.locks(owner), WARN, "number 4711")


def test_a_transaction_that_was_forgotten(database: Database, owner: Cursor) -> None:
    with database.session() as forgetful, forgetful.cursor() as cursor:
        cursor.execute("select 1")
        only(sessions.forgotten(owner), OK)
        pid = forgetful.info.backend_pid
        finding = only(sessions.forgotten(owner, AT_ONCE), WARN, f"session {pid} of pipeline")
        assert f"pg_terminate_backend({pid})" in str(finding.do)


def test_a_long_query_and_who_waits_for_whom(database: Database, owner: Cursor) -> None:
    only(sessions.queries(owner, AT_ONCE), OK)
    with database.session() as first, first.cursor() as cursor:
        cursor.execute("lock table meta.run_log")
        waiting = psycopg2.connect(database.url, async_=True)
        psycopg2.extras.wait_select(waiting)
        waiting.cursor().execute("table meta.run_log")
        try:
            found = until_it_waits(owner)
            assert [finding.level for finding in found] == [WARN, WARN]
            only(sessions.queries(owner), OK)
            pid = waiting.info.backend_pid
            assert f"session {pid} of pipeline" in found[0].found
            assert "at one query" in found[0].found
            blocker = first.info.backend_pid
            assert f"for a lock that session {blocker} has" in found[1].found
        finally:
            waiting.close()


def until_it_waits(cursor: Cursor) -> list[Finding]:
    """The findings from when the server says that somebody waits."""
    for _ in range(5_000):
        found = list(sessions.queries(cursor, AT_ONCE, AT_ONCE))
        if len(found) == 2:
            return found
        cursor.execute("select pg_stat_clear_snapshot()")
    raise AssertionError("nobody waits")


# The last run


def test_the_last_run(owner: Cursor) -> None:
    only(runs.last_run(owner), OK, "none yet")

    def ran(state: str, days: int, failed: list[str]) -> None:
        owner.execute(
            "insert into meta.run_log select %s, %s, at, at, %s "
            "from (select clock_timestamp() - %s as at) as finished",
            (f"run {days}", state, json.dumps({"failed_tasks": failed}), timedelta(days=days)),
        )

    ran("failed", 9, ["load.title_crew"])
    only(runs.last_run(owner), FAIL, "run 9 failed 9 days ago: load.title_crew")
    ran("success", 3, [])
    only(runs.last_run(owner), WARN, "run 3 was good, 3 days ago")
    ran("success", 0, [])
    only(runs.last_run(owner), OK, "run 0")
