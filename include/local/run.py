"""`make run`: everything set up, one run of the DAG, its summary."""

import contextlib
import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from include.local import airflow as airflows
from include.local import project
from include.local.airflow import Airflow
from include.local.layout import Layout, LocalError, locked, tail
from include.local.options import SAMPLE, Options
from include.local.processes import Processes
from include.local.progress import Runs, broken_off, follow
from include.local.pruning import prune_if_due
from include.local.sources.source import Source, choose, dag_of
from include.local.summary import render_errors, render_failure, render_summary
from include.local.task_logs import task_log
from include.local.warehouse import Warehouse, embedded_server, open_warehouse, rows
from include.sample.maker import DEFAULT_TITLES
from warehouse.runs.messages import without_message


def say(text: str) -> None:
    """Print at once, whatever the terminal's alphabet."""
    encoding = sys.stdout.encoding or "ascii"
    print(text.encode(encoding, "replace").decode(encoding), flush=True)


def run(options: Options) -> int:
    """Run the DAGs once each; return the exit code. Raises LocalError before and around it."""
    chosen = choose(options)
    options.layout.make()
    with one_command(options.layout), stoppable(options.layout):
        return _run(options, chosen)


@contextlib.contextmanager
def one_command(layout: Layout) -> Iterator[None]:
    """Hold the installation for one command; what a killed one left behind is ended."""
    busy = (
        f"Another command is at work in {layout.root}: wait until it has ended, or use another "
        "folder with LOCAL_DIR=<folder>."
    )
    with locked(layout.root / "work.lock", busy=busy):
        Processes(layout.pids).stop(airflows.RUN)
        yield


@contextlib.contextmanager
def stoppable(layout: Layout) -> Iterator[None]:
    """Turn TERM and HUP into KeyboardInterrupt; on it, end what the command started."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        Processes(layout.pids).stop()
        raise LocalError(
            "Stopped, and Airflow with it. The warehouse is still up (make down ends it); the "
            "marts are unchanged or completely new, and the next run continues from what is loaded."
        ) from None


def set_up(options: Options, chosen: Sequence[Source], port: int, *, log: Path) -> Airflow:
    """Set everything up to the API server, in parallel where possible.

    Returns Airflow with its API server starting or up. Raises LocalError.
    """
    layout = options.layout

    def metadata() -> None:
        airflow.prepare()
        prune_if_due(airflow)
        airflow.require_api_server(log)

    with ThreadPoolExecutor() as pool:
        began = time.monotonic()
        warehouse = open_warehouse(layout)
        place = f"{warehouse.parts['WAREHOUSE_HOST']}:{warehouse.parts['WAREHOUSE_PORT']}"
        say(f"warehouse  up on {place}")
        for source in chosen:
            source.require_loaded(warehouse)
        options.remember()
        samples = [pool.submit(source.make_ready) for source in chosen]
        airflow = Airflow(layout, warehouse, api_port=port)
        migrated = pool.submit(metadata)
        parsed = pool.submit(
            project.make_manifest, layout, airflow.environment(), airflow.warehouse
        )
        parsed.result()
        made = [sample.result() for sample in samples]
        migrated.result()
    for source, is_new in zip(chosen, made, strict=True):
        say(f"source     {source.title}{' (made)' if is_new else ''}")
        if source.absent:
            say(f"           not there, so left out: {source.absent}")
    say(f"airflow    set up in {time.monotonic() - began:.1f} s, starting")
    return airflow


def _run(options: Options, chosen: Sequence[Source]) -> int:
    layout = options.layout
    processes = Processes(layout.pids)
    if set(processes.running()) - {airflows.API_SERVER}:
        raise LocalError(
            f"Airflow is up in {layout.root} (make up). Press its trigger button, or end it "
            "first: make down."
        )
    began = time.monotonic()
    api_log = layout.logs / "api-server.log"
    try:
        airflow = set_up(options, chosen, airflows.free_api_port(layout), log=api_log)
        good = [_run_pipeline(options, airflow, source, api_log) for source in chosen]
    finally:
        processes.stop(airflows.RUN)
    seconds = time.monotonic() - began
    say(_hints(options, airflow, chosen, good=all(good), seconds=seconds))
    return 0 if all(good) else 1


def _run_pipeline(options: Options, airflow: Airflow, source: Source, api_log: Path) -> bool:
    """Run one DAG and report on it; return whether the run was good."""
    layout, dag_id = options.layout, dag_of(source.pipeline)
    log = layout.logs / f"{source.pipeline}-{datetime.now(UTC):%Y%m%d-%H%M%S}.log"
    runs = Runs(airflow.api_url, dag_id)
    say(f"\n{dag_id}, log {layout.shown(log)}")
    try:
        with source.served() as environment:
            process = airflow.start_run(
                dag_id,
                log,
                parameters=source.parameters(),
                environment=airflow.task_environment(environment),
            )
            # The run begins after the API server answers, and seconds after this.
            airflow.wait_for_api_server(api_log, "/api/v2/version")
            runs.fail_unfinished()
            newest = runs.newest()
            watch = partial(airflow.keep_api_server, api_log, say)
            run_id = follow(runs, say, process, newest[0] if newest else None, watch)
            cut_off = runs.unfinished(run_id) if run_id else []
    finally:
        airflow.processes.stop(airflows.RUN)
        runs.fail_unfinished()
    say("")
    if run_id is None:
        raise LocalError(f"Airflow ended before the run began; the end of {log}:\n{tail(log)}")
    end = broken_off(process.wait(), cut_off, layout.shown(log))
    return report(layout, airflow, runs, run_id, source, cut_off, end)


def report(
    layout: Layout, airflow: Airflow, runs: Runs, run_id: str, source: Source,
    cut_off: Sequence[str], end: str,
) -> bool:  # fmt: skip
    """Print how the run ended, by Airflow's state and the run log; return whether it was good.

    `cut_off` are the tasks that ran when Airflow ended; `end` is the message about that.
    """
    newest = runs.newest()
    state = newest[1] if newest and newest[0] == run_id else "lost"
    summary = run_summary(airflow.warehouse, runs.dag_id, run_id)
    good = state == "success" and summary is not None and summary["state"] == "success"
    tasks = runs.tasks(run_id).items()
    failed = [task for task, now in tasks if now.state == "failed" and task not in cut_off]
    messages = {}
    if summary is not None:
        manifest = project.load_manifest(layout)
        say(render_summary(summary, source.remarks(airflow.warehouse, manifest, good=good)))
    else:
        messages = runs.errors(run_id)
        for task in failed:
            messages.setdefault(task, without_message(runs.dag_id, run_id, task))
    if cut_off:
        messages["Airflow"] = end
    if messages:
        say(render_errors([{"task": task, "message": messages[task]} for task in messages]))
    if not good:
        # `report` is red whenever something before it is.
        causes = [task for task in failed if task != "report"] or failed
        logs = {task: task_log(layout, runs.dag_id, run_id, task) for task in causes[:5]}
        more = f" {len(causes) - 5} more tasks failed." if len(causes) > 5 else ""
        # A run that wrote no summary may have ended after it published.
        old = summary is not None and not summary["published"]
        marts = "as they were" if old else "completely old or completely new"
        advice = (
            f"The run is {state}.{more} The published marts are {marts}. {source.kept} Correct the "
            "cause and run the same command again."
        )
        say("\n" + render_failure(logs, advice + _lost_server(layout, airflow.warehouse)))
    return good


def _lost_server(layout: Layout, warehouse: Warehouse) -> str:
    """Return, in words, that the embedded server ended during the run; nothing where it did not."""
    server = embedded_server(layout) if warehouse.embedded else None
    if server is None or server.port() is not None:
        return ""
    return (
        "\nPostgres ended during the run; the next command starts it again. The end of "
        f"{layout.shown(server.log)}:\n{tail(server.log, 12)}"
    )


def run_summary(warehouse: Warehouse, dag_id: str, run_id: str) -> dict[str, Any] | None:
    """Return the run's row in `meta.run_log`, None where the run wrote none."""
    query = "select summary from meta.run_log where dag_id = %s and run_id = %s"
    found = next((row[0] for row in rows(warehouse.url, query, dag_id, run_id)), None)
    return json.loads(found) if isinstance(found, str) else found


def _hints(
    options: Options, airflow: Airflow, chosen: Sequence[Source], *, good: bool, seconds: float
) -> str:
    layout, warehouse = options.layout, airflow.warehouse
    own = bool(os.environ.get("LOCAL_DIR"))
    here = f" LOCAL_DIR={shlex.quote(layout.shown(layout.root))}" if own else ""
    lines = [f"\n{'done' if good else 'FAILED'} in {seconds:.0f} s"]
    if warehouse.embedded:
        lines.append(f"connect:   make psql{here}, or ANALYST_URL of "
                     f"{layout.shown(layout.warehouse_env)}")  # fmt: skip
    if good:
        titles = f" TITLES={options.titles}" if options.titles != DEFAULT_TITLES else ""
        later = f"make run DAY={options.day + 1}{titles}{here} (the sample a day later), "
        lines.append(
            f"try next:  {later if options.source == SAMPLE else ''}"
            f"make up{here} (Airflow's UI), make docs{here}"
        )
    dag_id = dag_of(chosen[0].pipeline)
    lines.append(f"Airflow:   {airflow.ui_url}/dags/{dag_id} (no login)")
    lines.append(f"Airflow's UI and the warehouse stay up until: make down{here}")
    return "\n".join(lines)
