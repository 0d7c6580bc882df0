"""Runs of the DAG as `make run` makes them, on the benchmark's installation, one after another."""

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from bench.files import SampleFiles
from bench.workspace import Workspace
from imdb_pipeline.config import DATASET_NAMES
from include.local import airflow as airflows
from include.local.airflow import Airflow
from include.local.layout import LocalError
from include.local.options import Options
from include.local.processes import Processes
from include.local.progress import Metadata
from include.local.run import set_up
from include.local.source import choose, served

_TIMES = """
    select
        extract(epoch from dag_run.end_date - dag_run.start_date)::float,
        extract(epoch from max(task_instance.end_date) filter (
            where task_instance.task_id like 'dbt.%%' and task_instance.state = 'success'
        ) - max(task_instance.end_date) filter (where task_instance.task_id = 'changed'))::float
    from dag_run
    inner join task_instance using (dag_id, run_id)
    where run_id = %s
    group by dag_run.end_date, dag_run.start_date
"""


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
        self._metadata = Metadata(airflow.metadata_url)

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
        newest = self._metadata.newest_run()
        if newest is None or newest[2] != "success":
            raise LocalError(f"the run is not green; the end of {log}:\n{airflows.tail(log, 40)}")
        seconds, dbt = self._metadata.rows(_TIMES, newest[1])[0]
        return DagRun(newest[1], seconds, dbt)


@contextlib.contextmanager
def runner(space: Workspace, files: SampleFiles) -> Iterator[Runner]:
    """Yield a runner over the main database; `files` are served as the source."""
    layout = space.layout
    options = Options(layout, files.folder, None, 1, 1, False, False, False)
    chosen = choose(options)
    log = layout.logs / "api-server.log"
    # What the set-up says on stdout is no result.
    with contextlib.redirect_stdout(sys.stderr):
        port = airflows.free_api_port(layout)
        try:
            airflow = set_up(options, chosen, port, log=log, apps="execution")
            with served(layout, chosen) as base_url:
                airflow.wait_for_api_server(log)
                yield Runner(airflow, base_url, chosen.name)
        finally:
            Processes(layout.pids).stop()
