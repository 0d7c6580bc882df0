"""The dbt part without Airflow: `dbt build` as a command, its time by layer, and the publish."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from bench.figures import shared_wall
from bench.workspace import BenchDatabase, Workspace
from include.local.layout import LocalError
from include.local.project import PROJECT, make_plain_manifest
from warehouse.builds import publish as publishing
from warehouse.builds.build_session import build_session
from warehouse.builds.project import DbtProject
from warehouse.database.connection import connected

STAGING, MARTS, TESTS, START = "staging", "intermediate and marts", "tests", "dbt itself"
_numbers = count(1)


@dataclass(frozen=True)
class BareBuild:
    """One `dbt build`: `seconds` wall; `steps` by layer, which add up to it; peak memory, bytes."""

    run_id: str
    seconds: float
    steps: dict[str, float]
    peak_rss: int


def new_run_id(what: str) -> str:
    """Return a run id that no other measurement has."""
    return f"bench-{what}-{next(_numbers)}"


def dbt_build(
    space: Workspace, database: BenchDatabase, run_id: str, *words: str, source: str = "imdb"
) -> BareBuild:
    """Run `dbt build` of the models of `source`, target prod; raise LocalError where a node fails.

    `words` are further arguments, `--full-refresh` for one. Unit tests are left out, as in the DAG.
    """
    target = space.layout.dbt / database.name
    target.mkdir(parents=True, exist_ok=True)
    log = target / "output.log"
    with (
        connected(database.url, purpose="bench") as session,
        build_session(session, _project(), source=source, dag_id="bench", run_id=run_id) as build,
        log.open("wb") as output,
    ):
        began = time.time()
        process = subprocess.Popen(
            _command(target, source, words),
            env={
                **os.environ,
                **database.parts,
                "DBT_ENV_CUSTOM_ENV_RUN_ID": run_id,
                "DBT_ENV_CUSTOM_ENV_BUILD_ID": str(build.build_id),
                "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
                "DO_NOT_TRACK": "1",
            },
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.time() - began
    if process.returncode != 0:
        raise LocalError(f"dbt build failed:\n{log.read_text('utf-8')[-3000:]}")
    results = json.loads((target / "run_results.json").read_text("utf-8"))["results"]
    steps = shared_wall([span for span in map(_span, results) if span])
    steps[START] = seconds - sum(steps.values())
    return BareBuild(run_id, seconds, steps, usage.ru_maxrss * 1024)


def _command(target: Path, source: str, words: Sequence[str]) -> list[str | Path]:
    return [
        Path(sys.executable).with_name("dbt"), "--no-use-colors", "build", "--target", "prod",
        "--select", f"config.meta.source:{source}", "--indirect-selection", "buildable",
        "--exclude-resource-type", "unit_test", *words,
        "--project-dir", PROJECT, "--profiles-dir", PROJECT,
        "--target-path", target, "--log-path", target,
    ]  # fmt: skip


def _span(result: dict[str, Any]) -> tuple[str, float, float] | None:
    times = [
        datetime.fromisoformat(timing[key].replace("Z", "+00:00")).timestamp()
        for timing in result["timing"]
        for key in ("started_at", "completed_at")
        if timing.get(key)
    ]
    return (_layer(result["unique_id"]), min(times), max(times)) if times else None


def _layer(unique_id: str) -> str:
    kind, _, name, *_ = unique_id.split(".")
    if kind == "test":
        return TESTS
    if kind == "seed" or name.startswith(("stg_", "base_")):
        return STAGING
    return MARTS if kind in {"model", "snapshot"} else START


def publish(database: BenchDatabase, run_id: str, *, source: str = "imdb") -> None:
    """Publish the marts that `run_id` built."""
    with connected(database.url, purpose="bench") as session:
        publishing.publish(session, _project(), source=source, dag_id="bench", run_id=run_id)


@cache
def _project() -> DbtProject:
    return DbtProject(PROJECT, make_plain_manifest())
