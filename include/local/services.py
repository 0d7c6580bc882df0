"""`make up` and `make down`: Airflow's components and the sample's servers in the background."""

import contextlib
import json
import shutil
import time
from collections.abc import Sequence

from include.local import airflow as airflows
from include.local.airflow import Airflow
from include.local.layout import (
    MARKER,
    OWNED,
    REPOSITORY,
    Layout,
    LocalError,
    is_free,
    locked,
    read_text,
    tail,
    write_private,
)
from include.local.options import Options
from include.local.processes import Processes
from include.local.progress import Runs
from include.local.run import one_command, say, set_up, stoppable
from include.local.sources.source import Source, choose, dag_of
from include.local.warehouse import embedded_server

# Without --skip-serve-logs they listen on every interface; the API server reads the files itself.
COMPONENTS = {
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
_HEALTHY = {"metadatabase", "scheduler", "dag_processor", "triggerer"}


def up(options: Options, port: int) -> int:
    """Start Airflow, its UI on `port`, and leave it running; return the exit code."""
    chosen = choose(options)
    layout = options.layout
    layout.make()
    record = layout.root / "up.json"
    wanted = json.dumps({"port": port, "sources": [source.title for source in chosen]})
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
        if not is_free(port):
            raise LocalError(
                f"Port {port}, wanted for Airflow's UI, is taken. Stop what has it, or choose "
                "another: make up UP_PORT=8081."
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
        f"DAGs       {airflow.ui_url}/dags\n"
        f"logs       {layout.shown(layout.logs)}\n"
        "The DAGs are on: each runs by its schedule, and now if you press its trigger button.\n"
        "Everything stops with: make down"
    )
    return 0


def _start(options: Options, chosen: Sequence[Source], port: int) -> Airflow:
    layout = options.layout
    processes = Processes(layout.pids)
    servers = {source.pipeline: source.background() for source in chosen}
    names = [server.name for server in servers.values() if server]
    for name in (airflows.API_SERVER, *names, *COMPONENTS):
        (layout.logs / f"{name}.log").unlink(missing_ok=True)
    api_log = layout.logs / f"{airflows.API_SERVER}.log"
    airflow = set_up(options, chosen, port, log=api_log)
    environment = airflow.task_environment(
        *(
            server.environment if (server := servers[source.pipeline]) else source.environment()
            for source in chosen
        )
    )
    commands = {server.name: list(server.command) for server in servers.values() if server}
    commands |= {name: airflow.command(*words) for name, words in COMPONENTS.items()}
    for name, command in commands.items():
        processes.start(
            name, command, env=environment, log=layout.logs / f"{name}.log", cwd=REPOSITORY
        )
    airflow.wait_for_api_server(api_log, "/api/v2/monitor/health")
    dags = [dag_of(source.pipeline) for source in chosen]
    _wait_until_healthy(airflow, set(commands), dags)
    return airflow


def _wait_until_healthy(airflow: Airflow, names: set[str], dags: Sequence[str]) -> None:
    end = time.monotonic() + airflows.START_PATIENCE
    runs = Runs(airflow.api_url, dags[0])
    while True:
        gone = names - set(airflow.processes.running())
        if gone:
            name = sorted(gone)[0]
            log = airflow.layout.logs / f"{name}.log"
            raise LocalError(f"{name} ended; the end of {log}:\n{tail(log)}")
        answer = runs.ask("GET", "monitor/health")
        ill = {part for part in _HEALTHY if answer.get(part, {}).get("status") != "healthy"}
        if not ill and all(runs.ask("GET", f"dags/{dag_id}/details") for dag_id in dags):
            return
        if time.monotonic() > end:
            raise LocalError(
                f"Airflow does not become healthy ({', '.join(sorted(ill)) or 'no DAG'}); "
                f"see the logs in {airflow.layout.logs}"
            )
        time.sleep(0.5)


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


def clean(layout: Layout) -> int:
    """Stop everything and remove the installation, but not its backups."""
    down(layout)
    if layout.postgres.exists():
        home = embedded_server(layout).data.parent
        if home != layout.postgres:
            shutil.rmtree(home)
    if layout.is_installation():
        kept = layout.backups.exists()
        for path in (layout.root / name for name in OWNED if not (kept and name == MARKER)):
            # Of a link to a folder, the link is ours, its target is not.
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            layout.root.rmdir()
        backups = f"; kept {layout.shown(layout.backups)}" if kept else ""
        say(f"removed {layout.shown(layout.root)}{backups}")
    return 0
