"""What a task notes for its lineage: nothing without a transport, and names without a port."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.postgres import PASSWORD, Database
from tests.support.proxy import breaking_line

TABLES = {"title.ratings": "imdb_title_ratings"}


@pytest.fixture
def task() -> Iterator[Any]:
    """The operator of the task that runs."""
    from airflow.sdk.execution_time.context import set_current_context

    operator = SimpleNamespace(inlets=["an Asset"], outlets=["an Asset"])
    with set_current_context({"task": operator}):  # type: ignore[typeddict-item]
        yield operator


def connect(monkeypatch: pytest.MonkeyPatch, database: Database, port: int) -> None:
    fields = {
        "conn_type": "postgres",
        "host": "127.0.0.1",
        "port": port,
        "login": "pipeline",
        "password": PASSWORD,
        "schema": database.name,
    }
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(fields))


def noted(operator: Any) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The datasets among inlets and outlets, and whether the Assets are still there."""
    assert operator.inlets.pop(0) == operator.outlets.pop(0) == "an Asset"
    reads, writes = (
        [(each.namespace, each.name) for each in lets]
        for lets in (operator.inlets, operator.outlets)
    )
    operator.inlets, operator.outlets = ["an Asset"], ["an Asset"]
    return reads, writes


def test_the_names_are_the_same_on_two_ports(
    task: Any, database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from warehouse.orchestration.lineage import note_load

    connect(monkeypatch, database, database.port)
    note_load("imdb", "files", TABLES)
    assert noted(task) == ([], []), "without a transport nothing is noted"

    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "file")
    note_load("imdb", "files", TABLES)
    first = noted(task)
    with breaking_line(database.port, limit=10**9) as other:
        connect(monkeypatch, database, other.port)
        note_load("imdb", "files", TABLES)
        assert noted(task) == first
    raw = f"{database.name}.raw.imdb_title_ratings"
    namespace = "postgres://warehouse"
    assert first == (
        [("imdb://files", "title.ratings")],
        [(namespace, raw), (namespace, f"{raw}_changes")],
    )


def test_lineage_that_cannot_be_noted_is_a_warning(
    task: Any, database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from warehouse.orchestration.lineage import note_publish

    monkeypatch.setenv("OPENLINEAGE_URL", "http://127.0.0.1:9")
    connect(monkeypatch, database, database.port)
    database.execute("drop table meta.publish_log")
    note_publish(1)
    assert noted(task) == ([], [])
    assert "lineage could not be noted" in caplog.text


def test_a_model_reads_what_an_ephemeral_model_reads() -> None:
    from warehouse.orchestration.lineage import Relation, relations_of

    def node(name: str, kind: str, *reads: str, how: str = "table") -> dict[str, Any]:
        return {
            "name": name, "resource_type": kind, "schema": "staging", "alias": f"{name}_alias",
            "config": {"materialized": how}, "depends_on": {"nodes": list(reads)},
        }  # fmt: skip

    manifest = {
        "nodes": {
            "test": node("mart", "test"),
            "mart": node("mart", "model", "within", "seed"),
            "within": node("within", "model", "raw", how="ephemeral"),
            "seed": {**node("seed", "seed"), "depends_on": {}},
        },
        "sources": {"raw": {"schema": "raw", "identifier": "answers_newest"}},
    }
    reads = [Relation("raw", "answers_newest"), Relation("staging", "seed_alias")]
    assert relations_of(manifest, "mart") == (reads, Relation("staging", "mart_alias"))
    assert relations_of(manifest, "seed") == ([], Relation("staging", "seed_alias"))
