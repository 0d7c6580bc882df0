"""dbt commands on a test's database, with what became of each node."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.dbt_site import PROJECT, parsed_project
from tests.support.postgres import Database

__all__ = ["PROJECT", "DbtRun", "run_dbt"]


@dataclass(frozen=True)
class DbtRun:
    """What a dbt command did: one entry per node that was run, hooks left out."""

    manifest: dict[str, Any]
    results: list[dict[str, Any]]

    def by_name(self, key: str = "status") -> dict[str, Any]:
        """One value of each entry, by the name of its model, seed or test."""
        return {result["name"]: result[key] for result in self.results}

    @property
    def exit_code(self) -> int:
        """1 where a node failed."""
        return int(bool(self.output))

    @property
    def output(self) -> str:
        """What failed, and why."""
        bad = {"error", "fail", "skipped", "runtime error"}
        return "\n".join(
            f"{result['unique_id']}: {result['status']}, {result['message']}"
            for result in self.results
            if result["status"] in bad
        )


def run_dbt(
    database: Database,
    *words: str,
    env: Mapping[str, str] | None = None,
    project: Path = PROJECT,
) -> DbtRun:
    """Run `dbt <words>` as the pipeline does; failed nodes are a result, anything worse raises."""
    site = parsed_project(project).on(database)
    done = site.dbt(*words, run_id="manual", env=env)
    return DbtRun(
        site.manifest,
        [
            {
                "name": result.node.name,
                "unique_id": result.node.unique_id,
                "status": str(result.status),
                "message": result.message,
                "failures": result.failures,
            }
            for result in done.results
            if not result.node.unique_id.startswith("operation.")
        ],
    )
