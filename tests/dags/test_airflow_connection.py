"""The Airflow connection `warehouse` reaches Postgres, wherever and however it was made."""

import json
import os
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.postgres import PASSWORD, Database
from warehouse.database.connection import connected, for_dbt
from warehouse.errors import PermanentError

Define = Callable[..., None]
# Of a model by hand: `changed` left nothing.
CONTEXT = {"run_id": "a run", "ti": SimpleNamespace(xcom_pull=lambda task_ids: None)}


@pytest.fixture
def define(
    dag_environment: dict[str, str], database: Database, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Define]:
    """Defines the connection as the UI stores it, with some fields changed.

    What a dbt task leaves for dbt in the environment of its process is gone after the test.
    """
    before = dict(os.environ)
    monkeypatch.setenv("AIRFLOW_HOME", dag_environment["AIRFLOW_HOME"])

    def defined(**changed: Any) -> None:
        fields = {
            "conn_type": "postgres",
            "host": "127.0.0.1",
            "port": database.port,
            "login": "pipeline",
            "password": PASSWORD,
            "schema": database.name,
        }
        monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(fields | changed))

    yield defined
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.parametrize(
    "extra",
    [
        None,
        {},
        {"connect_timeout": 5},
        {"sslmode": "disable"},
        {"sslmode": "prefer", "cursor": "dictcursor", "iam": False},
    ],
    ids=["none", "empty", "a number", "for libpq", "for other providers"],
)
def test_whatever_the_extra_holds_the_warehouse_is_reached(
    define: Define, extra: dict[str, object] | None
) -> None:
    from warehouse.orchestration.connection import connection_string

    define(extra=extra)
    with (
        connected(connection_string(), purpose="test") as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("select current_user")
        assert cursor.fetchone() == ("pipeline",)


def test_a_password_of_any_characters_is_handed_on(define: Define) -> None:
    from psycopg2.extensions import parse_dsn

    from warehouse.orchestration.connection import connection_string

    odd = "a b@c/d?e'f\\g%h"
    define(password=odd)
    assert parse_dsn(connection_string())["password"] == odd
    assert for_dbt(connection_string())["WAREHOUSE_PASSWORD"] == odd


def test_dbt_gets_the_certificates_and_options_too(define: Define) -> None:
    from imdb_pipeline.dbt_tasks import end_of_work, hand_over_connection
    from warehouse.orchestration.connection import connection_string

    define(extra={"sslmode": "verify-full", "sslrootcert": "/etc/a root.pem", "sslkey": "/k"})
    found = for_dbt(connection_string())
    assert found["WAREHOUSE_SSLMODE"] == "verify-full"
    assert (found["PGSSLROOTCERT"], found["PGSSLKEY"]) == ("/etc/a root.pem", "/k")
    assert "PGSSLCERT" not in found

    define(extra={"options": "-c work_mem=77MB"})
    hand_over_connection(CONTEXT, SimpleNamespace(task_id="dbt.mart_one", env=None))
    end_of_work()
    assert os.environ["PGOPTIONS"] == "-c work_mem=77MB -c lock_timeout=15min"


@pytest.mark.parametrize(
    ("field", "word"),
    [("host", "host"), ("login", "user"), ("password", "password"), ("schema", "dbname")],
)
def test_a_field_that_is_missing_is_named(define: Define, field: str, word: str) -> None:
    from warehouse.orchestration.connection import connection_string

    define(**{field: None})
    with pytest.raises(PermanentError, match=rf"has no {word}: fill in"):
        connection_string()


def test_what_dbt_needs_is_in_its_process_and_nowhere_that_airflow_stores(define: Define) -> None:
    from imdb_pipeline.dbt_tasks import end_of_work, hand_over_connection

    define()
    operator = SimpleNamespace(task_id="dbt.mart_one", env=None, vars=None)
    hand_over_connection(CONTEXT, operator)
    end_of_work()
    assert os.environ["WAREHOUSE_PASSWORD"] == PASSWORD
    assert os.environ["DBT_ENV_CUSTOM_ENV_RUN_ID"] == "a run"
    assert operator.env is None


def test_dbt_does_not_wait_for_ever_for_a_lock(define: Define, database: Database) -> None:
    from imdb_pipeline.dbt_tasks import end_of_work, hand_over_connection

    define()
    hand_over_connection(CONTEXT, SimpleNamespace(task_id="dbt.mart_one", env=None))
    end_of_work()
    assert database.value("show lock_timeout", role="pipeline") == "15min"


def test_a_dbt_task_is_at_work_until_its_process_ends_or_goes_on(
    define: Define, database: Database
) -> None:
    from imdb_pipeline.dbt_tasks import end_of_work, hand_over_connection

    define()
    at_work = (
        "select application_name, state from pg_stat_activity where pid in "
        "(select pid from pg_locks where locktype = 'advisory' and mode = 'ShareLock')"
    )
    for model in ("stg_one", "mart_one"):
        hand_over_connection(CONTEXT, SimpleNamespace(task_id=f"dbt.{model}"))
        assert database.query(at_work) == [(f"warehouse: dbt {model} a run", "idle")]
    end_of_work()
    assert database.query(at_work) == []
    assert database.value("select count(*) from meta.build_log where run_id = 'a run'") == 1
