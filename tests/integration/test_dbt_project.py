"""The dbt project by itself: it builds over an empty warehouse, and says what everything is."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.postgres import PASSWORD, Cluster, Database

PROJECT = Path(__file__).parents[2] / "dags" / "dbt"


@dataclass(frozen=True)
class Built:
    """An empty warehouse after `dbt build`, with dbt's own account of it."""

    database: Database
    manifest: dict[str, Any]
    results: dict[str, str]

    def nodes(self, kind: str) -> list[dict[str, Any]]:
        """The nodes of a resource type."""
        return [node for node in self.manifest["nodes"].values() if node["resource_type"] == kind]


@pytest.fixture(scope="module")
def built(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """`dbt build` over raw tables without a row."""
    target = tmp_path_factory.mktemp("target")
    with postgres.database() as database:
        done = subprocess.run(
            [
                Path(sys.executable).parent / "dbt",
                *("--no-use-colors", "build", "--project-dir", PROJECT, "--profiles-dir", PROJECT),
                *("--target-path", target, "--log-path", target),
            ],
            env={
                **os.environ,
                "WAREHOUSE_HOST": "127.0.0.1",
                "WAREHOUSE_PORT": str(database.port),
                "WAREHOUSE_USER": "pipeline",
                "WAREHOUSE_PASSWORD": PASSWORD,
                "WAREHOUSE_DATABASE": database.name,
                "DO_NOT_TRACK": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-5000:]
        results = json.loads((target / "run_results.json").read_text("utf-8"))["results"]
        yield Built(
            database,
            json.loads((target / "manifest.json").read_text("utf-8")),
            {result["unique_id"]: result["status"] for result in results},
        )


def test_over_an_empty_warehouse_everything_is_built_and_no_test_fails(built: Built) -> None:
    assert len(built.nodes("model")) == 19
    exposures = {"no-op"}
    assert set(built.results.values()) - exposures == {"success", "pass"}


def test_every_unit_test_passes_and_every_model_with_logic_has_one(built: Built) -> None:
    tested = {node: test["model"] for node, test in built.manifest["unit_tests"].items()}
    assert {built.results[node] for node in tested} == {"pass"}
    models = {node["name"] for node in built.nodes("model")}
    assert models == set(tested.values())


def test_every_column_that_is_there_is_described(built: Built) -> None:
    rows = built.database.query(
        "select table_name, column_name from information_schema.columns "
        "where table_schema in ('staging', 'intermediate', 'marts_next')"
    )
    found = {(str(table), str(column)) for table, column in rows}
    described = {
        (node["name"], column["name"])
        for node in built.nodes("model") + built.nodes("seed")
        for column in node["columns"].values()
        if column["description"]
    }
    marks = {pair for pair in found if pair[0] == "high_water_mark"}
    assert found - marks == described


def test_every_model_says_what_a_row_is(built: Built) -> None:
    silent = [
        node["name"]
        for node in built.nodes("model")
        if not node["description"].lower().startswith("one row per")
    ]
    assert silent == []


def test_every_model_has_a_key_that_is_tested(built: Built) -> None:
    key_tests = {"unique", "unique_combination_of_columns"}
    keyed = {
        node["attached_node"].split(".")[-1]
        for node in built.nodes("test")
        if (node.get("test_metadata") or {}).get("name") in key_tests and node["attached_node"]
    }
    assert {node["name"] for node in built.nodes("model")} <= keyed


def test_every_mart_has_a_contract_and_a_primary_key(built: Built) -> None:
    marts = [node for node in built.nodes("model") if node["name"].startswith("mart_")]
    assert len(marts) == 7
    assert all(node["config"]["contract"]["enforced"] for node in marts)
    keys = built.database.query(
        "select conrelid::regclass::text from pg_constraint "
        "where contype = 'p' and connamespace = 'marts_next'::regnamespace"
    )
    assert {name.split(".")[-1] for (name,) in keys} >= {node["name"] for node in marts}


def test_every_table_names_its_indexes(built: Built) -> None:
    """In its config, or as the primary key of its contract where that is all it needs."""
    tables = [node for node in built.nodes("model") if node["config"]["materialized"] != "view"]
    keyed = {node["name"] for node in tables if node["constraints"]}
    without = {node["name"] for node in tables if not node["config"].get("indexes")}
    assert without <= keyed


def test_the_layers_read_what_they_may(built: Built) -> None:
    for node in built.nodes("model"):
        parents = {parent.split(".")[0] for parent in node["depends_on"]["nodes"]}
        sources = {
            parent.split(".")[-1]
            for parent in node["depends_on"]["nodes"]
            if parent.startswith("source.") and "load_log" not in parent
        }
        if node["name"].startswith("stg_"):
            assert len(sources) == 1, node["name"]
            assert "model" not in parents, node["name"]
        else:
            assert not sources, node["name"]


def test_the_tests_that_look_for_new_values_only_warn(built: Built) -> None:
    open_lists = [
        node
        for node in built.nodes("test")
        if (node.get("test_metadata") or {}).get("name") == "accepted_values"
        and str(node["attached_node"]).split(".")[-1].startswith("stg_")
    ]
    assert open_lists
    assert {node["config"]["severity"].lower() for node in open_lists} == {"warn"}
