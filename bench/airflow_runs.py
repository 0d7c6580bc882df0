"""Runs of the DAG as `make run` makes them, on the benchmark's installation, one after another."""

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from bench.files import SampleFiles
from bench.workspace import Workspace
from imdb_pipeline.config import DATASET_NAMES
from include.local import airflow as airflows
from include.local.airflow import Airflow
from include.local.layout import LocalError
from include.local.options import Options
from include.local.processes import Processes
from include.local.progress import Runs
from include.local.run import set_up
from include.local.source import choose, served


@dataclass(frozen=True)
class DagRun:
    """One green run: `seconds` of all of it; `dbt` from the end of `changed` to the last model.

    `dbt` is None where the dbt part was skipped.
    """

    run_id: str
    seconds: float
    dbt: float | None


class Runner:
    """Starts runs; the API server is up meanwhile."""

    def __init__(self, airflow: Airflow, base_url: str, source_name: str) -> None:
        self._airflow = airflow
        self._base_url = base_url
        self._source_name = source_name
        self._runs = Runs(airflow.api_url)

    def run(self, **parameters: bool) -> DagRun:
        """Run the DAG once with `parameters`; raise LocalError unless it ends green."""
        log = self._airflow.layout.logs / "dag-run.log"
        conf = {
            "datasets": list(DATASET_NAMES),
            "force_download": False,
            "force_transform": False,
            "full_refresh": False,
            **parameters,
        }
        process = self._airflow.start_run(
            log, conf=conf, base_url=self._base_url, source_name=self._source_name
        )
        process.wait()
        newest = self._runs.newest()
        if newest is None or newest[1] != "success":
            raise LocalError(f"the run is not green; the end of {log}:\n{airflows.tail(log, 40)}")
        return DagRun(newest[0], *self._times(newest[0]))

    def _times(self, run_id: str) -> tuple[float, float | None]:
        path = f"dags/{airflows.DAG_ID}/dagRuns/{quote(run_id)}"
        run = self._runs.ask("GET", path)
        tasks = self._runs.ask("GET", f"{path}/taskInstances", params={"limit": 100})
        ends = {
            task["task_id"]: datetime.fromisoformat(task["end_date"])
            for task in tasks["task_instances"]
            if task["state"] == "success"
        }
        models = [end for task, end in ends.items() if task.startswith("dbt.")]
        dbt = (max(models) - ends["changed"]).total_seconds() if models else None
        began, ended = (datetime.fromisoformat(run[key]) for key in ("start_date", "end_date"))
        return (ended - began).total_seconds(), dbt


@contextlib.contextmanager
def runner(space: Workspace, files: SampleFiles) -> Iterator[Runner]:
    """Yield a runner over the main database; `files` are served as the source."""
    layout = space.layout
    options = Options(layout, files.folder, None, None, 1, 1, False, False, False, ())
    chosen = choose(options)
    log = layout.logs / "api-server.log"
    # What the set-up says on stdout is no result.
    with contextlib.redirect_stdout(sys.stderr):
        port = airflows.free_api_port(layout)
        try:
            airflow = set_up(options, chosen, port, log=log)
            with served(layout, chosen) as base_url:
                airflow.wait_for_api_server(log)
                yield Runner(airflow, base_url, chosen.name)
        finally:
            Processes(layout.pids).stop()
