"""`make up`, a run (at night one whose processes are killed), rollback, docs, tasks by hand."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psutil
import psycopg2
import pytest
import requests
import tenacity

from include.local.layout import Layout
from include.local.processes import Processes
from include.local.warehouse import embedded_server
from tests.e2e.conftest import FULL, Command, Installation
from tests.e2e.service import (
    NOT_READ,
    PRIVATE,
    Service,
    free_port,
    listening,
    metadata_url,
    processes_of,
    secrets_of,
)
from tests.e2e.test_story import without_memory
from tests.support.leaks import command_lines

TITLES = "500"
FEW = "title.basics,title.ratings"
# Sessions that a lock on the ledger holds up: their port is that of a task's process.
_WAITING_LOADS = """
    select client_port from pg_stat_activity
    where application_name like 'warehouse: imdb: load %' and wait_event_type = 'Lock'
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """`make up` in an empty folder; `make down` at the end."""
    folder = tmp_path_factory.mktemp("service") / "local"
    service = Service(Installation(folder), f"http://127.0.0.1:{free_port()}")
    try:
        start(service)
        yield service
    finally:
        service.installation.make("down")


def start(service: Service) -> Command:
    up = service.installation.make("up", TITLES=TITLES, UP_PORT=service.url.split(":")[-1])
    assert up.code == 0, up.output
    return up


def test_up_a_run_rollback_down_and_tasks_by_hand(service: Service) -> None:
    """Each step needs the one before. With FULL=1 the run survives kills."""
    installation = service.installation
    again = start(service)
    assert "already" in again.output
    assert service.url.replace("127.0.0.1", "localhost") in again.output
    listens_on_loopback_only(installation)

    run_id = killed_run(service) if FULL else service.trigger({})
    assert service.ended(run_id) == "success"
    loads = installation.query("select dataset, count(*) from meta.load_log group by 1")
    assert [count for _, count in loads] == [1] * 7
    assert installation.query("select count(*) from meta.publish_log") == [(1,)]
    assert service.api("GET", "dags/imdb_pipeline/dagVersions")["total_entries"] == 1
    # In the first hours of a day Airflow also starts the run of midnight, when the DAG is new.
    reports = installation.query("select summary from meta.run_log")
    assert {summary["state"] for (summary,) in reports} == {"success"}
    assert [summary["published"] for (summary,) in reports].count(True) == 1
    shows_the_docs(service)

    # Before the second publish there is nothing to go back to.
    assert service.run_to_its_end({}, dag="imdb_rollback") == "failed"
    assert installation.query("select count(*) from meta.publish_log") == [(1,)]

    holds_no_secret(installation)
    busy = installation.make("run", TITLES=TITLES)
    assert busy.code != 0
    assert "Airflow is up in" in busy.output

    down = installation.make("down")
    assert down.code == 0, down.output
    assert processes_of(installation) == []
    assert "nothing runs" in installation.make("down").output

    tasks_by_hand(installation)
    clean = installation.make("clean")
    assert clean.code == 0, clean.output
    assert not installation.folder.exists()
    assert processes_of(installation) == []


def listens_on_loopback_only(installation: Installation) -> None:
    assert len(listening(installation)) >= 3  # the API, the source, Postgres
    assert {place.ip for place in listening(installation)} == {"127.0.0.1"}
    assert secrets_of(installation).lines(command_lines()) == {}


def killed_run(service: Service) -> str:
    """Start a run, kill its task, the scheduler and Postgres, and start Airflow again."""
    installation = service.installation
    layout = Layout(installation.folder)
    with closing(psycopg2.connect(installation.urls["WAREHOUSE_URL"])) as session:
        session.cursor().execute("lock table meta.load_log in access exclusive mode")
        run_id = service.trigger({})
        task = process_of_a_waiting_load(installation)
        scheduler = Processes(layout.pids).running()["scheduler"]
        for victim in (task, scheduler, *server_processes(layout)):
            victim.kill()

    start(service)
    return run_id


def server_processes(layout: Layout) -> list[psutil.Process]:
    """The warehouse's server and all of its sessions."""
    pid_file = embedded_server(layout).data / "postmaster.pid"
    server = psutil.Process(int(pid_file.read_text().splitlines()[0]))
    return [server, *server.children(recursive=True)]


@tenacity.retry(
    retry=tenacity.retry_if_exception_type(LookupError),
    stop=tenacity.stop_after_delay(120),
    wait=tenacity.wait_fixed(1),
)
def process_of_a_waiting_load(installation: Installation) -> psutil.Process:
    """The process of a load task that waits in Postgres."""
    ports = {port for (port,) in installation.query(_WAITING_LOADS)}
    for process in psutil.process_iter():
        try:
            mine = {each.laddr.port for each in process.net_connections("tcp")}
            if mine & ports and process.name() != "postgres":
                return process
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    raise LookupError("no load waits yet")


def shows_the_docs(service: Service) -> None:
    """After a publish the UI has a page of the dbt docs, made beside the pipeline."""
    assert service.newest_ended("imdb_docs") == "success"
    page = requests.get(f"{service.url}/cosmos/warehouse/dbt_docs_index.html", timeout=30)
    assert page.ok
    assert "mart_top_titles" in page.text


def holds_no_secret(installation: Installation) -> None:
    """What scheduler, DAG processor and triggerer wrote has none."""
    search, folder = secrets_of(installation), installation.folder
    assert (folder / "logs" / "scheduler.log").stat().st_size > 0
    assert set(search.files(folder, without=NOT_READ)) == PRIVATE
    assert search.tables(metadata_url(installation), ["public"]) == {}


def tasks_by_hand(installation: Installation) -> None:
    """With no scheduler that would take the temporary run for one of its own.

    They work with the files of the last command that named a source.
    """

    def airflow(words: str) -> Command:
        return installation.make("airflow", CMD=words)

    by_hand = airflow("tasks test imdb_pipeline download.title_ratings 2026-01-01")
    assert by_hand.code == 0, by_hand.output
    assert "title.ratings: not modified" in by_hand.output

    loaded = airflow("tasks test imdb_pipeline load.title_ratings 2026-01-01")
    assert loaded.code == 0, loaded.output
    assert installation.query("select count(*) from meta.load_log") == [(7,)]

    model = airflow("tasks test imdb_pipeline dbt.mart_top_titles 2026-01-01")
    assert model.code == 0, model.output[-3000:]
    built = "select model from meta.model_log where run_id like '%temporary%'"
    assert installation.query(built) == [("mart_top_titles",)]
    reasons = installation.query("select reason from meta.build_log order by build_id")
    assert reasons[-1] == ("models are run by hand",)


@dataclass(frozen=True)
class Begun:
    """An installation that was started with two files, and then got the others."""

    installation: Installation
    partial: Command
    partial_summary: dict[str, Any]
    service: Service


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Begun]:
    """`make run DATASETS=…`, then `make up`; `make down` at the end."""
    installation = Installation(tmp_path_factory.mktemp("service"))
    partial = installation.make("run", TITLES="2000", DATASETS=FEW)
    assert partial.code == 0, partial.output
    service = Service(installation, f"http://127.0.0.1:{free_port()}")
    try:
        yield Begun(installation, partial, installation.summary(), service)
    finally:
        installation.make("down")


@pytest.mark.full
def test_few_datasets_load_only_these_and_the_summary_says_what_is_empty(begun: Begun) -> None:
    status = {row["dataset"]: row["status"] for row in begun.partial_summary["datasets"]}
    assert {name for name, word in status.items() if word == "loaded"} == set(FEW.split(","))
    assert set(status.values()) == {"loaded", "not_selected"}
    assert begun.partial_summary["published"] is True
    assert "title.principals: no rows" in begun.partial.output
    assert "mart_person_career" in begun.partial.output


@pytest.mark.full
def test_a_rollback_under_the_scheduler_puts_the_marts_of_the_few_files_back(begun: Begun) -> None:
    installation, service = begun.installation, begun.service
    up = installation.make("up", TITLES="2000", UP_PORT=service.url.split(":")[-1])
    assert up.code == 0, up.output
    assert service.run_to_its_end({}) == "success"
    first = without_memory(installation.tables())
    assert installation.query("select 1 from mart_person_career limit 1", role="ANALYST")

    assert service.run_to_its_end({}, dag="imdb_rollback") == "success"
    assert installation.query("select 1 from mart_person_career", role="ANALYST") == []
    refused = installation.make("rollback")
    assert refused.code != 0
    assert "went back already" in refused.output

    # What was rejected comes back when it is asked for.
    assert service.run_to_its_end({"full_refresh": True}) == "success"
    assert without_memory(installation.tables()) == first
