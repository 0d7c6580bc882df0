"""The Airflow connection `warehouse` reaches Postgres, wherever and however it was made."""

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.postgres import PASSWORD, Database
from warehouse.database.connection import connected, for_dbt
from warehouse.errors import PermanentError

Define = Callable[..., None]


@pytest.fixture
def define(
    dag_environment: dict[str, str], database: Database, monkeypatch: pytest.MonkeyPatch
) -> Define:
    """Defines the connection as the UI stores it, with some fields changed."""
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

    return defined


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
    from warehouse.orchestration.connection import connection_string
    from warehouse.orchestration.dbt import dbt_environment

    define(extra={"sslmode": "verify-full", "sslrootcert": "/etc/a root.pem", "sslkey": "/k"})
    found = for_dbt(connection_string())
    assert found["WAREHOUSE_SSLMODE"] == "verify-full"
    assert (found["PGSSLROOTCERT"], found["PGSSLKEY"]) == ("/etc/a root.pem", "/k")
    assert "PGSSLCERT" not in found

    define(extra={"options": "-c work_mem=77MB"})
    with dbt_environment(connection_string()):
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


def test_the_password_is_in_the_environment_of_dbt_only_while_dbt_runs(define: Define) -> None:
    from warehouse.orchestration.connection import connection_string
    from warehouse.orchestration.dbt import dbt_environment

    define()
    with dbt_environment(connection_string(), DBT_ENV_CUSTOM_ENV_RUN_ID="a run"):
        assert os.environ["WAREHOUSE_PASSWORD"] == PASSWORD
        assert os.environ["DBT_ENV_CUSTOM_ENV_RUN_ID"] == "a run"
    assert "WAREHOUSE_PASSWORD" not in os.environ
    assert "DBT_ENV_CUSTOM_ENV_RUN_ID" not in os.environ


def test_dbt_waits_for_a_lock_at_most_fifteen_minutes(define: Define, database: Database) -> None:
    from warehouse.orchestration.connection import connection_string
    from warehouse.orchestration.dbt import dbt_environment

    define()
    with dbt_environment(connection_string()):
        assert database.value("show lock_timeout", role="pipeline") == "15min"
