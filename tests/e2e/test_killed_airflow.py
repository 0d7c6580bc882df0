"""A run under the scheduler whose task, scheduler and Postgres are killed, and that ends well."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2
import pytest
import tenacity

from include.local.layout import Layout
from include.local.processes import Processes
from include.local.warehouse import embedded_server
from tests.e2e.conftest import Installation
from tests.e2e.service import Service, free_port, processes_of
from tests.e2e.test_story import without_memory

TITLES = "500"
# Sessions that a lock on the ledger holds up: their port is that of a task's process.
_WAITING_LOADS = """
    select client_port from pg_stat_activity
    where application_name like 'warehouse: load %' and wait_event_type = 'Lock'
"""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """`make up` in an empty folder."""
    service = Service(Installation(tmp_path / "local"), f"http://127.0.0.1:{free_port()}")
    try:
        start(service)
        yield service
    finally:
        service.installation.make("down")


def start(service: Service) -> None:
    port = service.url.split(":")[-1]
    up = service.installation.make("up", TITLES=TITLES, UP_PORT=port)
    assert up.code == 0, up.output


def test_a_run_survives_the_kill_of_task_scheduler_and_postgres(service: Service) -> None:
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

    assert service.ended(run_id) == "success"
    tables = installation.tables()
    loads = installation.query("select dataset, count(*) from meta.load_log group by 1")
    assert [count for _, count in loads] == [1] * 7
    assert installation.query("select count(*) from meta.publish_log") == [(1,)]
    # What a run that nobody disturbed makes from the same files.
    assert service.run_to_its_end({"full_refresh": True}) == "success"
    assert without_memory(installation.tables()) == without_memory(tables)
    down = installation.make("down")
    assert down.code == 0, down.output
    assert processes_of(installation) == []


def server_processes(layout: Layout) -> list[psutil.Process]:
    """The warehouse's server and all of its sessions."""
    pid_file = embedded_server(layout).data / "postmaster.pid"
    server = psutil.Process(int(pid_file.read_text().splitlines()[0]))
    return [server, *server.children(recursive=True)]


@tenacity.retry(
    retry=tenacity.retry_if_exception_type(LookupError),
    stop=tenacity.stop_after_delay(120),
    wait=tenacity.wait_fixed(0.2),
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
