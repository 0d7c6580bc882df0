"""Whoever has the analyst's password, or the pipeline's, and means no good."""

import contextlib
from collections.abc import Iterator

import psycopg2
import pytest
from psycopg2 import errors
from psycopg2.extensions import cursor as Cursor

from include.local.warehouse import apply_schema
from tests.support.postgres import Cluster, Database
from warehouse.database.connection import connected
from warehouse.database.turns import held, hold

UNREADABLE = ("raw", "staging", "intermediate", "snapshots", "quality", "marts_next")
EVERY_SETTING = (
    "search_path",
    "statement_timeout",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "default_transaction_read_only",
    "temp_file_limit",
    "transaction_timeout",
)


@pytest.fixture(scope="module")
def filled(postgres: Cluster) -> Iterator[Database]:
    """A warehouse in which every schema has a table with something in it."""
    with postgres.database() as database:
        for schema in (*UNREADABLE, "marts", "meta"):
            database.execute(f"create table {schema}.probe as select 1 as n", role="pipeline")
        yield database


@contextlib.contextmanager
def writing(database: Database, role: str = "analyst") -> Iterator[Cursor]:
    """A session that has asked Postgres to be allowed to write; each statement for itself."""
    with database.session(role) as session, session.cursor() as cursor:
        session.autocommit = True
        cursor.execute("set default_transaction_read_only = off")
        yield cursor


@pytest.mark.parametrize(
    "attempt",
    [
        # Writing what is there.
        "insert into marts.probe values (2)",
        "update meta.probe set n = 2",
        "delete from marts.probe",
        "merge into marts.probe using (select 1) as s on true when matched then delete",
        "truncate meta.load_log",
        "copy marts.probe from stdin",
        "comment on table marts.probe is 'mine'",
        "begin; lock table marts.probe in share mode",
        "select * from marts.probe for update",
        "select nextval(pg_get_serial_sequence('meta.load_log', 'load_id'))",
        "select setval(pg_get_serial_sequence('meta.load_log', 'load_id'), 1)",
        # Making something of one's own.
        "create table mine ()",
        "create temp table mine ()",
        "select 1 as n into temp mine",
        "create view marts.mine as select 1",
        "create function pg_temp.mine() returns int language sql return 1",
        "create function public.mine() returns int language sql return 1",
        "create schema mine",
        "create extension dblink",
        "create publication mine",
        "create event trigger mine on ddl_command_start execute function mine()",
        "create database mine",
        "create role mine",
        "create tablespace mine location '/tmp'",
        "select lo_create(0)",
        "select lo_creat(-1)",
        "select lo_from_bytea(0, 'x')",
        "select lo_import('/etc/passwd')",
        "select pg_logical_emit_message(false, 'x', repeat('x', 100))",
        # Reading what is not for analysts.
        "select * from raw.probe",
        "select * from staging.probe",
        "select * from intermediate.probe",
        "select * from quality.probe",
        "select * from marts_next.probe",
        "select * from pg_authid",
        "select * from pg_statistic",
        "select * from pg_hba_file_rules",
        "select pg_read_file('/etc/passwd')",
        "select pg_ls_dir('.')",
        "select pg_current_logfile()",
        "select current_setting('data_directory')",
        "copy (select 1) to '/tmp/out'",
        "copy (select 1) to program 'id'",
        "do $$ begin execute 'select * from raw.probe'; end $$",
        "select query_to_xml('select * from raw.probe', true, true, '')",
        # Becoming somebody else, or ending somebody.
        "set role pipeline",
        "set role postgres",
        "set session authorization postgres",
        "grant pipeline to analyst",
        "alter role analyst superuser",
        "alter role analyst connection limit -1",
        "alter role analyst set temp_file_limit = -1",
        "alter role pipeline password 'mine'",
        "alter system set log_statement = 'all'",
        "alter database {} set statement_timeout = 0",
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'postgres'",
        "select pg_reload_conf()",
        "set temp_file_limit = -1",
        "set log_statement = 'all'",
        "set session_replication_role = replica",
    ],
)
def test_the_analyst_is_refused(filled: Database, attempt: str) -> None:
    with writing(filled) as cursor, pytest.raises(errors.InsufficientPrivilege):
        cursor.execute(attempt.format(filled.name))


def test_the_analyst_reads_raw_where_it_was_granted(database: Database) -> None:
    database.execute("insert into raw.imdb_title_crew values ('tt1', null, '')")
    database.execute(
        "grant usage on schema raw to analyst; grant select on raw.imdb_title_crew to analyst",
        role="pipeline",
    )
    assert database.query("select tconst from raw.imdb_title_crew", role="analyst") == [("tt1",)]


def test_the_analyst_sees_no_values_and_no_queries_of_others(filled: Database) -> None:
    filled.execute("insert into raw.imdb_title_crew values ('tt1', 'a value', '')")
    filled.execute("analyze raw.imdb_title_crew")
    assert filled.query("select 1 from pg_stats where schemaname = 'raw'") != []
    assert filled.query("select 1 from pg_stats where schemaname = 'raw'", role="analyst") == []
    with filled.session() as working, working.cursor() as cursor:
        cursor.execute("select 'a secret of the pipeline'")
        seen = filled.query(
            "select query from pg_stat_activity where usename = 'pipeline'", role="analyst"
        )
    assert set(seen) == {("<insufficient privilege>",)}


LOCKS = [
    f"select pg_{trying}advisory_{scope}lock{shared}({key})"
    for trying in ("", "try_")
    for scope in ("", "xact_")
    for shared in ("", "_shared")
    for key in ("1", "1, 2")
]


def test_the_analyst_cannot_hold_the_pipelines_locks(database: Database) -> None:
    with writing(database) as cursor:
        for attempt in LOCKS:
            with pytest.raises(errors.InsufficientPrivilege, match="permission denied for func"):
                cursor.execute(attempt)
        # As some clients do at every return to their pool.
        cursor.execute("select pg_advisory_unlock_all()")
        cursor.execute("discard all")


def test_the_pipeline_can(database: Database) -> None:
    with database.session() as session, session.cursor() as cursor:
        for attempt in LOCKS:
            cursor.execute(attempt)
        hold(cursor, "load title.crew")
    with connected(database.url, purpose="test") as connection, held(connection, "publish"):
        pass


def test_the_analyst_is_bounded_unless_they_ask_for_more(database: Database) -> None:
    names = "', '".join(EVERY_SETTING)
    question = f"select name, setting from pg_settings where name in ('{names}')"
    found = dict(database.query(question, role="analyst"))
    assert found == {
        "search_path": "marts, meta, public",
        "statement_timeout": "60000",
        "idle_in_transaction_session_timeout": "300000",
        "idle_session_timeout": "14400000",
        "default_transaction_read_only": "on",
        "temp_file_limit": str(10 * 1024**2),
        "transaction_timeout": "300000",
    }


def test_a_query_of_the_analyst_does_not_fill_the_disk(database: Database) -> None:
    database.execute("alter role analyst set temp_file_limit = '1MB'")
    try:
        with (
            writing(database) as cursor,
            pytest.raises(errors.ConfigurationLimitExceeded, match="temp_file_limit"),
        ):
            cursor.execute("set work_mem = '64kB'")
            cursor.execute("select n from generate_series(1, 300000) as n order by n::text desc")
    finally:
        database.execute("alter role analyst set temp_file_limit = '10GB'")


def test_the_analysts_sessions_leave_room_for_others(database: Database) -> None:
    database.execute("alter role analyst connection limit 2")
    try:
        with database.session("analyst"), database.session("analyst"):
            with pytest.raises(psycopg2.OperationalError, match="too many connections for role"):
                psycopg2.connect(database.url_of("analyst"))
            assert database.query("select 1", role="pipeline") == [(1,)]
    finally:
        database.execute("alter role analyst connection limit 20")
    limit = "select rolconnlimit from pg_roles where rolname = 'analyst'"
    assert database.value(limit) == 20


def test_what_the_analyst_changed_of_themselves_is_put_back_by_make_schema(
    database: Database,
) -> None:
    # Postgres lets every role do this; that it can is said in docs/operations.md.
    with writing(database) as cursor:
        cursor.execute("alter role analyst set statement_timeout = 0")
        cursor.execute(f"alter role analyst in database {database.name} set search_path = meta")
        cursor.execute(
            f"alter role analyst in database {database.name} set "
            "default_transaction_read_only = off"
        )
        cursor.execute("alter role analyst reset all")
    limit = "select current_setting('temp_file_limit')"
    assert database.value(limit, role="analyst") == "10GB"

    with database.session("postgres") as session:
        apply_schema(session)

    test_the_analyst_is_bounded_unless_they_ask_for_more(database)


def test_roles_that_somebody_made_stronger_are_brought_back(database: Database) -> None:
    database.execute(
        "alter role pipeline superuser createrole createdb replication bypassrls; "
        "alter role analyst createrole createdb replication"
    )
    with database.session("postgres") as session:
        apply_schema(session)

    assert (
        database.query(
            "select rolname from pg_roles where rolname in ('pipeline', 'analyst') "
            "and (rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls)"
        )
        == []
    )


def test_a_right_that_was_given_back_to_everybody_is_taken_again(database: Database) -> None:
    database.execute(
        "grant execute on function pg_advisory_lock(bigint) to public; "
        "revoke execute on function pg_advisory_lock(bigint) from pipeline"
    )
    with database.session("postgres") as session:
        apply_schema(session)

    with pytest.raises(errors.InsufficientPrivilege):
        database.query("select pg_advisory_lock(1)", role="analyst")
    database.query("select pg_advisory_lock(1)", role="pipeline")


@pytest.mark.parametrize(
    "attempt",
    [
        "create role mine",
        "create database mine",
        "alter role pipeline superuser",
        "set role postgres",
        "select * from pg_authid",
        "select pg_read_file('/etc/passwd')",
        "copy (select 1) to '/tmp/out'",
        "copy (select 1) to program 'id'",
        "create extension file_fdw",
        "alter system set log_statement = 'all'",
        "select pg_create_physical_replication_slot('mine')",
        "alter table meta.load_log owner to postgres",
    ],
)
def test_the_pipeline_is_no_superuser(filled: Database, attempt: str) -> None:
    with writing(filled, "pipeline") as cursor, pytest.raises(errors.InsufficientPrivilege):
        cursor.execute(attempt)
