"""dbt on the project, as a command, over a database of a test's own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from include.local.layout import LOOPBACK
from tests.support.postgres import PASSWORD, Database

PROJECT = Path(__file__).parents[2] / "dags" / "dbt"
_DBT = Path(sys.executable).parent / "dbt"


@dataclass(frozen=True)
class DbtRun:
    """What a dbt command left in its target folder; a later command there writes over it."""

    exit_code: int
    output: str
    target: Path

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the project is, to dbt."""
        return self._artifact("manifest")

    @cached_property
    def results(self) -> list[dict[str, Any]]:
        """One entry per node that was run, hooks left out: unique_id, status, message and more."""
        results = self._artifact("run_results")["results"]
        return [result for result in results if not result["unique_id"].startswith("operation.")]

    def by_name(self, key: str = "status") -> dict[str, Any]:
        """One value of each entry, by the name of its model, seed or test."""
        return {_name(result["unique_id"]): result[key] for result in self.results}

    def _artifact(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.target / f"{name}.json").read_text("utf-8"))
        return found


def _name(unique_id: str) -> str:
    kind, _, *names = unique_id.split(".")
    # unit_test.project.model.name, but test.project.name.hash
    return names[1] if kind == "unit_test" else names[0]


def run_dbt(
    database: Database,
    target: Path,
    *words: str,
    env: Mapping[str, str] | None = None,
    project: Path = PROJECT,
) -> DbtRun:
    """Run `dbt <words>` as the pipeline; failed nodes are a result, anything worse is an error."""
    places = ("--no-use-colors", "--project-dir", str(project), "--profiles-dir", str(project))
    folders = ("--target-path", str(target), "--log-path", str(target))
    done = subprocess.run(
        [_DBT, *words, *places, *folders],
        env={
            **os.environ,
            "WAREHOUSE_HOST": LOOPBACK,
            "WAREHOUSE_PORT": str(database.port),
            "WAREHOUSE_USER": "pipeline",
            "WAREHOUSE_PASSWORD": PASSWORD,
            "WAREHOUSE_DATABASE": database.name,
            "DO_NOT_TRACK": "1",
            **(env or {}),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stdout[-5000:]
    return DbtRun(done.returncode, done.stdout, target)
