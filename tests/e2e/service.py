"""An installation that is up: Airflow's REST API, and what runs there."""

import json
import os
import socket
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import requests
import tenacity

from include.local.processes import Processes
from tests.e2e.conftest import Installation
from tests.support.leaks import Search

# Of an installation's folder. The server's own folder is its owner's; what is in it is asked by
# SQL, and its log is looked at.
NOT_READ = {"postgres", "sample", "data"}
PRIVATE = {Path("secrets.json"), Path("warehouse.env")}


@dataclass(frozen=True)
class Service:
    """An installation that is up, with its UI at `url`."""

    installation: Installation
    url: str

    def api(self, method: str, path: str, **content: Any) -> Any:
        """Ask Airflow's REST API."""
        token = requests.get(f"{self.url}/auth/token", timeout=30).json()["access_token"]
        answer = requests.request(
            method,
            f"{self.url}/api/v2/{path}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
            **content,
        )
        answer.raise_for_status()
        return answer.json()

    def trigger(self, conf: dict[str, object], dag: str = "imdb_pipeline") -> str:
        """Press the trigger button and return the run's id."""
        started = self.api("POST", f"dags/{dag}/dagRuns", json={"logical_date": None, "conf": conf})
        return str(started["dag_run_id"])

    def run_to_its_end(self, conf: dict[str, object], dag: str = "imdb_pipeline") -> str:
        """Press the trigger button and return the state that the run ends in."""
        return self.ended(self.trigger(conf, dag), dag)

    def ended(self, run_id: str, dag: str = "imdb_pipeline") -> str:
        """Return the state that a run ends in."""
        return str(self._state_at_its_end(f"dags/{dag}/dagRuns/{run_id}"))

    def newest_ended(self, dag: str) -> str:
        """Return the state that the newest run of `dag` ends in; it may begin soon."""
        return str(self._state_at_its_end(f"dags/{dag}/dagRuns?order_by=-id&limit=1"))

    @tenacity.retry(
        retry=tenacity.retry_if_result(lambda state: state in {None, "queued", "running"}),
        stop=tenacity.stop_after_delay(400),
        wait=tenacity.wait_fixed(1),
    )
    def _state_at_its_end(self, path: str) -> Any:
        found = self.api("GET", path)
        runs = found.get("dag_runs", [found])
        return runs[0]["state"] if runs else None


def free_port() -> str:
    """A port of the loopback interface that nobody has."""
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        return str(probe.getsockname()[1])


def processes_of(installation: Installation) -> list[psutil.Process]:
    """What runs and has the installation's folder on its command line or in its environment."""
    folder = str(installation.folder)
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter(["cmdline"]):
        try:
            words = [*process.cmdline(), *process.environ().values()]
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if process.pid not in own and any(folder in word for word in words):
            found.append(process)
    return found


def listening(installation: Installation) -> set[Any]:
    """Where the installation's processes listen."""
    # Airflow's servers overwrite their command line and their environment; records name them.
    family = {*processes_of(installation)}
    for process in Processes(installation.folder / "pids").running().values():
        family |= {process, *process.children(recursive=True)}
    found = set()
    for process in family:
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            found |= {
                place.laddr
                for place in process.net_connections("inet")
                if place.status == psutil.CONN_LISTEN or place.type == socket.SOCK_DGRAM
            }
    return found


def secrets_of(installation: Installation) -> Search:
    """The search for the installation's secrets."""
    return Search(read_secrets(installation))


def read_secrets(installation: Installation) -> dict[str, str]:
    """The secrets of an installation, by name."""
    content = json.loads((installation.folder / "secrets.json").read_text("utf-8"))
    assert set(content) == {"superuser", "pipeline", "analyst", "airflow", "jwt", "fernet"}
    return dict(content)


def metadata_url(installation: Installation) -> str:
    """Airflow's metadata, as Airflow reaches it."""
    place = installation.urls["WAREHOUSE_URL"].split("@")[1].replace("/warehouse", "/airflow")
    return f"postgresql://airflow:{quote(read_secrets(installation)['airflow'])}@{place}"
