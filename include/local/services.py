"""`make up` and `make down`: Airflow's four components and the source server in the background."""

import contextlib
import json
import sys
import time
from typing import Any
from urllib.parse import quote

import requests

from include.local import airflow as airflows
from include.local import source
from include.local.airflow import Airflow
from include.local.layout import (
    REPOSITORY,
    Layout,
    LocalError,
    Ports,
    locked,
    read_text,
    tail,
    write_private,
)
from include.local.options import Options
from include.local.processes import Processes
from include.local.progress import Runs
from include.local.run import one_command, say, set_up, stoppable
from include.local.warehouse import embedded_server

SOURCE = "source"
# Without --skip-serve-logs they listen on every interface; the API server reads the files itself.
COMPONENTS = {
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
_HEALTHY = {"metadatabase", "scheduler", "dag_processor", "triggerer"}


def up(options: Options, port: int) -> int:
    """Start Airflow, its UI on `port`, and leave it running; return the exit code."""
    chosen = source.choose(options)
    layout = options.layout
    layout.make()
    record = layout.root / "up.json"
    wanted = json.dumps({"port": port, "source": chosen.title})
    processes = Processes(layout.pids)
    with one_command(layout), stoppable(layout):
        running = set(processes.running())
        if running:
            as_wanted = read_text(record) == wanted
            if as_wanted and {airflows.API_SERVER, *COMPONENTS} <= running:
                say(f"Airflow is up already: http://localhost:{port}")
                return 0
            if running != {airflows.API_SERVER}:
                say("Airflow is up with other settings or in part: it is started again")
            processes.stop()
        airflows.require_free(
            port, "Airflow's UI", "Stop what has it, or choose another: make up UP_PORT=8081."
        )
        record.unlink(missing_ok=True)  # until all of it is up
        try:
            airflow = _start(options, chosen, port)
        except LocalError:
            processes.stop()
            raise
        write_private(record, wanted)
    say(
        f"\nAirflow    {airflow.ui_url}  (no login)\n"
        f"DAG        {airflow.ui_url}/dags/{airflows.DAG_ID}\n"
        f"logs       {layout.shown(layout.logs)}\n"
        "The DAG is on: it runs at midnight UTC, and now if you press its trigger button.\n"
        "Everything stops with: make down"
    )
    return 0


def _start(options: Options, chosen: source.Source, port: int) -> Airflow:
    layout = options.layout
    processes = Processes(layout.pids)
    for name in (airflows.API_SERVER, SOURCE, *COMPONENTS):
        (layout.logs / f"{name}.log").unlink(missing_ok=True)
    api_log = layout.logs / f"{airflows.API_SERVER}.log"
    airflow = set_up(options, chosen, port, log=api_log)
    environment = airflow.task_environment(chosen.title, chosen.name)
    if chosen.folder is not None:
        source_port = Ports(layout).free("source")
        environment["IMDB_BASE_URL"] = f"http://127.0.0.1:{source_port}/{quote(chosen.name)}"
        processes.start(
            SOURCE,
            [sys.executable, "-m", "include.sample", "serve", str(chosen.folder),
             "--port", str(source_port), "--name", chosen.name],
            env=environment,
            log=layout.logs / f"{SOURCE}.log",
            cwd=REPOSITORY,
        )  # fmt: skip
    for name, command in COMPONENTS.items():
        processes.start(
            name,
            airflow.command(*command),
            env=environment,
            log=layout.logs / f"{name}.log",
            cwd=REPOSITORY,
        )
    airflow.wait_for_api_server(api_log, "/api/v2/monitor/health")
    _wait_until_healthy(airflow, {*COMPONENTS, *([SOURCE] if chosen.folder else [])})
    return airflow


def _wait_until_healthy(airflow: Airflow, names: set[str]) -> None:
    end = time.monotonic() + airflows.START_PATIENCE
    while True:
        gone = names - set(airflow.processes.running())
        if gone:
            name = sorted(gone)[0]
            log = airflow.layout.logs / f"{name}.log"
            raise LocalError(f"{name} ended; the end of {log}:\n{tail(log)}")
        answer = _health(airflow)
        ill = {part for part in _HEALTHY if answer.get(part, {}).get("status") != "healthy"}
        if not ill and Runs(airflow.api_url).ask("GET", f"dags/{airflows.DAG_ID}/details"):
            return
        if time.monotonic() > end:
            raise LocalError(
                f"Airflow does not become healthy ({', '.join(sorted(ill)) or 'no DAG'}); "
                f"see the logs in {airflow.layout.logs}"
            )
        time.sleep(0.5)


def _health(airflow: Airflow) -> dict[str, Any]:
    """Return the health of Airflow's parts; empty where it does not answer as it should."""
    with contextlib.suppress(requests.RequestException, ValueError):
        answer = requests.get(f"{airflow.api_url}/api/v2/monitor/health", timeout=10).json()
        if isinstance(answer, dict):
            return answer
    return {}


def down(layout: Layout) -> int:
    """End everything of this installation, the warehouse's server included."""
    ended = []
    if layout.root.exists():
        ended = Processes(layout.pids).stop()
        (layout.root / "up.json").unlink(missing_ok=True)
    if layout.postgres.exists():
        with locked(layout.root / "warehouse.lock"):
            if embedded_server(layout).stop():
                ended.append("the warehouse")
    say(f"ended: {', '.join(ended)}" if ended else f"nothing runs in {layout.root}")
    return 0
