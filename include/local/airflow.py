"""Airflow of the local run: its environment, its metadata, its API server, one run of the DAG.

The API server with the UI stays up between the runs, as the warehouse does, until `make down`.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

import psutil
import requests

from include.local.bootstrap import own_environment
from include.local.layout import (
    LOOPBACK,
    REPOSITORY,
    Layout,
    LocalError,
    Ports,
    Secrets,
    read_text,
    run_logged,
    tail,
    write_private,
)
from include.local.processes import Processes
from include.local.warehouse import Warehouse

DAGS_FOLDER = REPOSITORY / "dags"
API_SERVER, RUN = "api-server", "dag-run"
START_PATIENCE = 180.0
_MORE_STARTS = 3

# What Airflow reads from AIRFLOW_HOME.
_FILES = {
    "config/airflow_local_settings.py": '''"""Written by the local run."""

from include.local.preload import preload

preload()
''',
    "plugins/loopback_hosts.py": '''"""Written by the local run."""

from include.local.hosts import LoopbackHosts  # noqa: F401
''',
}


class Airflow:
    """Airflow in `layout`, over `warehouse`."""

    def __init__(self, layout: Layout, warehouse: Warehouse, *, api_port: int) -> None:
        self.layout = layout
        self.warehouse = warehouse
        self.api_port = api_port
        self.processes = Processes(layout.pids)
        self._starts_left = _MORE_STARTS

    @property
    def api_url(self) -> str:
        """The API server's address, without a slash at the end."""
        return f"http://{LOOPBACK}:{self.api_port}"

    @property
    def ui_url(self) -> str:
        """The UI's address, as a browser takes it."""
        return self.api_url.replace(LOOPBACK, "localhost")

    @property
    def metadata_url(self) -> str:
        """Airflow's metadata database: Postgres where ours is there, else SQLite."""
        return self.warehouse.metadata_url or f"sqlite:///{self.layout.airflow / 'airflow.db'}"

    def environment(self, base: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Return the environment of every Airflow process; what `base` sets of ours gives way."""
        layout, secrets = self.layout, Secrets.of(self.layout)
        kept = {
            name: value
            for name, value in own_environment(base).items()
            if not name.startswith(("AIRFLOW", "PYTHONDONTWRITEBYTECODE", "WAREHOUSE_URL"))
        }
        metadata = self.metadata_url.replace("postgresql://", "postgresql+psycopg2://", 1)
        return kept | self.warehouse.parts | {
            "AIRFLOW_HOME": str(layout.airflow),
            "AIRFLOW_CONN_WAREHOUSE": self.warehouse.url,
            "AIRFLOW__API__BASE_URL": self.api_url,
            "AIRFLOW__API__HOST": LOOPBACK,
            "AIRFLOW__API__PORT": str(self.api_port),
            "AIRFLOW__API__SECRET_KEY": secrets.jwt,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.jwt,
            "AIRFLOW__CORE__AUTH_MANAGER": (
                "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
            ),
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS_FOLDER),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.api_url}/execution/",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__FERNET_KEY": secrets.fernet,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            # A worker is forked for each, and the tasks share this machine's cores with Postgres.
            "AIRFLOW__CORE__PARALLELISM": "8",
            # There is no login, as with `astro dev start`; see hosts.py.
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__COSMOS__DBT_DOCS_PROJECTS": json.dumps(
                {"warehouse": {"dir": str(layout.docs), "index": "index.html", "name": "Warehouse"}}
            ),
            "AIRFLOW__COSMOS__ENABLE_CACHE": "False",
            "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata,
            "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
            "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
            # There is one scheduler: when a new one starts, what the one before had under way is
            # taken up again within half a minute; after 5 minutes by default.
            "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            # A task's end is noticed by its supervisor within this many seconds; 5 by default.
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
            "DBT_USE_COLORS": "False",
            "DO_NOT_TRACK": "1",
            "IMDB_DATA_DIR": str(layout.data),
            "WAREHOUSE_DBT_TARGET_DIR": str(layout.dbt),
            "NO_COLOR": "1",
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONUNBUFFERED": "1",
            "WAREHOUSE_DOCS_DIR": str(layout.docs),
        }  # fmt: skip

    def task_environment(self, *sources: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of what runs tasks; `sources` say where the data comes from."""
        merged = self.environment()
        for source in sources:
            merged |= source
        return merged | {"LOCAL_WAIT_FOR": f"{self.api_url}/execution/health"}

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of an `airflow` command of this environment."""
        return [str(Path(sys.executable).with_name("airflow")), *arguments]

    def prepare(self) -> None:
        """Write what Airflow reads at its start, and bring its metadata up to date.

        Costs nothing where this version's metadata is there. Raises LocalError.
        """
        for name, text in _FILES.items():
            path = self.layout.airflow / name
            if read_text(path) != text:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
        # Beside the database that it is about, so that it goes with it.
        home = self.layout.postgres if self.warehouse.embedded else self.layout.airflow
        stamp = home / "airflow.version"
        if read_text(stamp) == version("apache-airflow-core"):
            return
        log = self.layout.logs / "airflow-db-migrate.log"
        run_logged(self.command("db", "migrate"), log, "airflow db migrate", self.environment())
        write_private(stamp, version("apache-airflow-core"))

    def require_api_server(self, log: Path) -> None:
        """Start the API server where none runs with these settings, without waiting for it."""
        stamp = self.layout.airflow / "api-server.sha256"
        wanted = self._settings_sha256()
        if not (read_text(stamp) == wanted and API_SERVER in self.processes.running()):
            self.start_api_server(log)
            write_private(stamp, wanted)

    def _settings_sha256(self) -> str:
        """Return a hash over what the API server depends on."""
        settings = {
            **self.environment({}),
            **_FILES,
            "version": version("apache-airflow-core"),
            "cosmos": version("astronomer-cosmos"),
        }
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()

    def start_api_server(self, log: Path) -> None:
        """Start the API server, without waiting for it."""
        self.processes.stop(API_SERVER)
        log.unlink(missing_ok=True)
        self.processes.start(
            API_SERVER,
            self.command("api-server", "--workers", "1"),
            env=self.environment(),
            log=log,
            cwd=REPOSITORY,
        )

    def keep_api_server(self, log: Path, say: Callable[[str], None]) -> None:
        """Start the API server again where it ended, a few times: no task works without it."""
        if self._starts_left and API_SERVER not in self.processes.running():
            self._starts_left -= 1
            say("           Airflow's API server ended and is started again")
            self.start_api_server(log)

    def is_healthy(self, path: str = "/execution/health") -> bool:
        """Return whether our API server answers; raises LocalError where it has ended."""
        process = self.processes.running().get(API_SERVER)
        if process is None:
            raise LocalError("the API server ended")
        try:
            answered = requests.get(self.api_url + path, timeout=5).ok
        except requests.RequestException:
            return False
        return answered and _listens(process, self.api_port)

    def wait_for_api_server(self, log: Path, path: str = "/execution/health") -> None:
        """Wait until our API server answers. Raises LocalError with the end of its log."""
        end = time.monotonic() + START_PATIENCE
        try:
            while not self.is_healthy(path):
                if time.monotonic() > end:
                    raise LocalError(f"the API server does not answer on {self.api_url}")
                time.sleep(0.1)
        except LocalError as error:
            raise LocalError(f"{error}; the end of {log}:\n{tail(log)}") from error

    def start_run(
        self,
        dag_id: str,
        log: Path,
        *,
        parameters: Mapping[str, object],
        environment: Mapping[str, str],
    ) -> subprocess.Popen[bytes]:
        """Start one run of the DAG, its tasks in parallel. The process ends with the run."""
        conf = json.dumps(parameters)
        return self.processes.start(
            RUN,
            self.command("dags", "test", dag_id, "--use-executor", "--conf", conf),
            env=environment,
            log=log,
            cwd=REPOSITORY,
        )


def free_api_port(layout: Layout) -> int:
    """Return the port of the API server: the one that it has, or the one of last time if free."""
    port, process = (
        Ports(layout).remembered("api"),
        Processes(layout.pids).running().get(API_SERVER),
    )
    if port is not None and process is not None and _listens(process, port):
        return port
    return Ports(layout).free("api")


def _listens(process: psutil.Process, port: int) -> bool:
    """Return whether `process` or a child of it has the port: the one that answers is ours."""
    try:
        family = [process, *process.children(recursive=True)]
        return any(
            connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
            for member in family
            for connection in member.net_connections("tcp")
        )
    except psutil.AccessDenied:
        return True
    except psutil.NoSuchProcess:
        return False
