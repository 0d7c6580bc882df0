"""Sessions on the warehouse: what fails is told in our words, and the roles can do their part."""

import socket

import psycopg2
import pytest
from psycopg2 import sql

from imdb_pipeline.config import DATASETS
from include.local.warehouse import apply_schema
from tests.support.postgres import PASSWORD, Database
from warehouse.database.bulk_copy import copy_rows
from warehouse.database.connection import connected, translated
from warehouse.errors import UnexpectedContent, WarehouseRefused, WarehouseUnavailable


def run(database: Database, statement: str, role: str = "pipeline") -> None:
    with (
        connected(database.url_of(role), purpose="test") as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_a_session_says_what_it_is_for(database: Database) -> None:
    with (
        connected(database.url, purpose="load title.crew") as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("show application_name")
        assert cursor.fetchone() == ("warehouse: load title.crew",)


def test_a_session_is_closed_at_the_end(database: Database) -> None:
    with connected(database.url, purpose="test") as connection:
        pass
    assert connection.closed


def test_what_was_not_committed_is_rolled_back(database: Database) -> None:
    with connected(database.url, purpose="test") as connection, connection.cursor() as cursor:
        cursor.execute("create table staging.left_over ()")

    assert database.value("select to_regclass('staging.left_over')") is None


def test_a_wrong_password_is_told_without_it(database: Database) -> None:
    url = database.url_of("pipeline", "not-the-password")

    with (
        pytest.raises(WarehouseUnavailable, match="password authentication failed") as caught,
        connected(url, purpose="load title.crew"),
    ):
        pass
    assert str(caught.value).startswith("load title.crew: ")
    assert "connection `warehouse`" in str(caught.value)
    assert "not-the-password" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://pipeline:sec%ret@127.0.0.1/warehouse",
        "postgresql://pipeline:sec%ret@127.0.0.1:5432/warehouse?nonsense=1",
        "host=127.0.0.1 password=sec ret",
    ],
)
def test_a_connection_string_that_cannot_be_read_is_told_without_the_password(url: str) -> None:
    with (
        pytest.raises(WarehouseRefused, match="percent-encoded") as caught,
        connected(url, purpose="test"),
    ):
        pass
    assert "ret" not in str(caught.value).replace("write", "")
    assert caught.value.__cause__ is None


def test_a_closed_port_is_told_with_where_it_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with (
        pytest.raises(WarehouseUnavailable, match=rf"port {port} failed: Connection refused"),
        connected(f"postgresql://pipeline:x@127.0.0.1:{port}/warehouse", purpose="test"),
    ):
        pass


def test_a_database_that_is_not_there_is_told(database: Database) -> None:
    url = database.url.replace(database.name, "nowhere")

    with (
        pytest.raises(WarehouseUnavailable, match='database "nowhere" does not exist'),
        connected(url, purpose="test"),
    ):
        pass


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("select * from raw.nothing", "Apply the SQL of include/sql first"),
        ("create table nowhere.at_all ()", "Apply the SQL of include/sql first"),
        ("truncate raw.imdb_title_crew", "must be `pipeline`"),
        ("set transaction read only; truncate raw.imdb_title_crew", "must be `pipeline`"),
        ("selec 1", "syntax error"),
        ("do $$ begin raise 'x' using errcode = 'disk_full'; end $$", "Free space"),
    ],
)
def test_a_refusal_says_what_to_do(database: Database, statement: str, said: str) -> None:
    database.execute("alter table raw.imdb_title_crew owner to postgres")

    with pytest.raises(WarehouseRefused, match=rf"test: Postgres refused: .*{said}"):
        run(database, statement)


@pytest.mark.parametrize(
    "code",
    ["query_canceled", "admin_shutdown", "deadlock_detected", "serialization_failure",
     "lock_not_available", "too_many_connections", "connection_failure"],
)  # fmt: skip
def test_what_can_pass_may_be_tried_again(database: Database, code: str) -> None:
    with pytest.raises(WarehouseUnavailable, match="no luck"):
        run(database, f"do $$ begin raise 'no luck' using errcode = '{code}'; end $$")


def test_a_session_ended_by_the_server_is_told_as_such(database: Database) -> None:
    with (
        pytest.raises(WarehouseUnavailable, match=r"terminating connection|closed the connection"),
        connected(database.url, purpose="test") as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("select pg_backend_pid()")
        (pid,) = cursor.fetchone() or (0,)
        assert database.value("select pg_terminate_backend(%s, 10000)", pid)
        cursor.execute("select 1")


def test_a_session_that_is_closed_is_not_there(database: Database) -> None:
    with (
        pytest.raises(WarehouseUnavailable, match="connection already closed"),
        connected(database.url, purpose="test") as connection,
    ):
        connection.close()
        connection.cursor()


def test_our_own_errors_and_others_pass_as_they_are() -> None:
    for error in (UnexpectedContent("ours"), KeyError("not ours")):
        with pytest.raises(type(error)) as caught, translated("test"):
            raise error
        assert caught.value is error


def test_a_limit_of_the_server_is_a_fault_of_the_file(database: Database) -> None:
    database.execute(
        """
        create function raw.no() returns trigger language plpgsql as $$
        begin raise exception 'row is too big' using errcode = 'program_limit_exceeded'; end $$;
        create trigger no before insert on raw.imdb_title_crew
        for each row execute function raw.no()
        """
    )
    import io

    with (
        pytest.raises(UnexpectedContent, match=r"crew\.tsv, line 2: .*row is too big"),
        connected(database.url, purpose="test") as connection,
        connection.cursor() as cursor,
    ):
        copy_rows(
            cursor,
            sql.Identifier("raw", "imdb_title_crew"),
            ("tconst", "directors", "writers"),
            io.BytesIO(b"tt1\tnm1\tnm2\n"),
            origin="crew.tsv",
        )


def test_what_is_no_fault_of_the_file_is_not_blamed_on_it(database: Database) -> None:
    import io

    with (
        pytest.raises(WarehouseRefused, match="permission denied"),
        connected(database.url_of("analyst"), purpose="test") as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("set transaction read write")
        copy_rows(
            cursor,
            sql.Identifier("meta", "load_log"),
            ("dataset",),
            io.BytesIO(b"x\n"),
            origin="x.tsv",
        )


def test_the_ddl_may_be_applied_twice(database: Database) -> None:
    state = (
        "select array_agg((nspname, relname, relkind, relacl::text, relowner)::text "
        "order by relnamespace, relname) "
        "from pg_class inner join pg_namespace on pg_namespace.oid = relnamespace "
        "where nspname !~ '^pg_' and nspname <> 'information_schema'"
    )
    database.execute("insert into raw.imdb_title_crew values ('tt1', null, '')")
    before = database.value(state)

    with database.session("postgres") as connection:
        files = apply_schema(connection)

    assert len(files) >= 4
    assert database.value(state) == before
    assert database.value("select count(*) from raw.imdb_title_crew") == 1


def test_everything_is_described(database: Database) -> None:
    undescribed = database.query(
        """
        select attrelid::regclass::text, attname from pg_attribute
        where attrelid in (select oid from pg_class
            where relnamespace = 'meta'::regnamespace and relkind = 'r')
            and attnum > 0 and col_description(attrelid, attnum) is null
        """
    )
    assert undescribed == []


def test_the_analyst_finds_marts_and_meta_unqualified(database: Database) -> None:
    ((path, timeout, read_only),) = database.query(
        "select current_setting('search_path'), current_setting('statement_timeout'), "
        "current_setting('default_transaction_read_only')",
        role="analyst",
    )
    assert path.startswith("marts, meta")
    assert timeout == "1min"
    assert read_only == "on"
    assert database.query("select * from load_log", role="analyst") == []


@pytest.mark.parametrize(
    "schema", ["raw", "staging", "intermediate", "snapshots", "quality", "marts_next"]
)
def test_the_analyst_reads_marts_and_meta_only(database: Database, schema: str) -> None:
    database.execute(f"create table {schema}.secret ()", role="pipeline")

    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        database.query(f"select * from {schema}.secret", role="analyst")


@pytest.mark.parametrize(
    "statement",
    [
        "insert into meta.run_log values ('a', 'x', 'success', now(), now(), '{}')",
        "delete from marts.mart_one",
        "update marts.mart_one set word = 'x'",
        "truncate marts.mart_one",
        "drop table marts.mart_one",
        "create table marts.mine ()",
        "create table public.mine ()",
        "create schema mine",
        "alter schema marts rename to mine",
    ],
)
def test_the_analyst_writes_nothing(database: Database, statement: str) -> None:
    database.execute("create table marts.mart_one as select 'one' as word", role="pipeline")
    assert database.query("select word from mart_one", role="analyst") == [("one",)]

    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
        database.execute(statement, role="analyst")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        database.execute(f"set transaction read write; {statement}", role="analyst")


def test_the_pipeline_is_no_superuser(database: Database) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        database.execute("create role another", role="pipeline")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        database.execute("copy (select 1) to '/tmp/x'", role="pipeline")


def test_the_pipeline_owns_every_raw_table(database: Database) -> None:
    owners = dict(
        database.query("select tablename, tableowner from pg_tables where schemaname = 'raw'")
    )

    assert set(owners.values()) == {"pipeline"}
    tables = {name for dataset in DATASETS for name in (dataset.table, dataset.changes_table)}
    others = {name for name in owners if name.startswith(("tmdb_", "trakt_"))} | {"quarantine"}
    assert set(owners) - others == tables


def test_the_password_of_the_tests_is_asked_for(database: Database) -> None:
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(database.url.replace(f":{PASSWORD}@", "@"), passfile="/dev/null")
