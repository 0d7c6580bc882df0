"""The installation under test: its commands, its processes, its database."""

import contextlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from include.local.layout import REPOSITORY, Layout
from include.local.warehouse import embedded_server

# The commands run as a person types them: with nothing around that would shape them.
_NOT_INHERITED = ("AIRFLOW", "IMDB_", "DBT_", "WAREHOUSE", "ANALYST", "MAKE", "MFLAGS", "LOCAL_",
                  "SOURCE", "DATASETS", "DAY", "TITLES", "FULL_", "FORCE_", "BENCH_")  # fmt: skip
# Several tries, and no long pauses between them: what is bad is bad at once.
_SETTINGS = {"IMDB_DOWNLOAD_TRIES": "4", "IMDB_BACKOFF_START": "0.2"}

_LOOK = 0.1


class Installation:
    """An installation in `folder`, worked with by `make` alone."""

    def __init__(self, folder: Path) -> None:
        self.layout = Layout(folder)
        self._sessions: set[int] = set()

    def command(
        self, verb: str, log: Path, base_url: str = "http://127.0.0.1:9"
    ) -> subprocess.Popen[bytes]:
        """Start `make VERB` in a session of its own, its output to `log`."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)
        }
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["make", "--no-print-directory", verb, "SOURCE=imdb"],
                env=kept
                | _SETTINGS
                | {"LOCAL_DIR": str(self.layout.root), "IMDB_BASE_URL": base_url},
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._sessions.add(process.pid)
        return process

    def ended(self, process: "subprocess.Popen[bytes]", patience: float) -> int | None:
        """Return the exit code, None where the process is there after `patience` seconds."""
        end = time.monotonic() + patience
        while True:
            self._note_sessions()
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(min(_LOOK, patience))
            if time.monotonic() > end:
                return None

    def stop(self) -> None:
        """End everything that works here, also what a killed soak left."""
        for process in self.family():
            with contextlib.suppress(psutil.Error):
                process.kill()
        if self.layout.data.is_mount():
            subprocess.run(["umount", "--lazy", self.layout.data], check=False)
        if self.layout.postgres.exists():
            embedded_server(self.layout).stop()

    def remove(self) -> None:
        """End everything and remove the folder."""
        self.stop()
        if self.layout.postgres.exists():
            shutil.rmtree(embedded_server(self.layout).data.parent)
        shutil.rmtree(self.layout.root, ignore_errors=True)

    def family(self) -> list[psutil.Process]:
        """Return every process that works for the installation, but for its server.

        Airflow's workers overwrite their environment with their title: they are told by the session
        of the command that began them, and by what they have open.
        """
        self._note_sessions()
        return [process for process in psutil.process_iter() if self._is_member(process)]

    def client(self, port: int) -> psutil.Process | None:
        """Return the member of the family that talks from `port`."""
        for process in self.family():
            with contextlib.suppress(psutil.Error):
                for connection in process.net_connections("tcp"):
                    if connection.laddr.port == port and connection.raddr:
                        return process
        return None

    def recorded(self, name: str) -> psutil.Process | None:
        """Return the process that `make run` recorded as `name`, while it is there."""
        with contextlib.suppress(OSError, ValueError, KeyError, psutil.Error):
            return psutil.Process(json.loads(self._record(name).read_text("utf-8"))["pid"])
        return None

    def server(self) -> list[psutil.Process]:
        """Return the processes of Postgres, the first of all first."""
        data = embedded_server(self.layout).data
        with contextlib.suppress(OSError, ValueError, psutil.Error):
            first = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
            if "postgres" in first.name():
                return [first, *first.children(recursive=True)]
        return []

    def admin(self, database: str = "warehouse") -> Connection:
        """Open a session as the superuser."""
        return embedded_server(self.layout).connect(database)

    def rows(self, statement: str | sql.Composable, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query, asked as the superuser."""
        with contextlib.closing(self.admin()) as session, session.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall()

    @property
    def analyst_url(self) -> str:
        """How the analyst reaches the warehouse now."""
        lines = self.layout.warehouse_env.read_text("utf-8").split()
        return dict(line.split("=", 1) for line in lines)["ANALYST_URL"]

    def _record(self, name: str) -> Path:
        return self.layout.pids / f"{name}.json"

    def _note_sessions(self) -> None:
        for path in self.layout.pids.glob("*.json"):
            with contextlib.suppress(OSError, ValueError, KeyError):
                self._sessions.add(int(json.loads(path.read_text("utf-8"))["pid"]))

    def forget_sessions(self) -> None:
        """Forget the sessions of commands that have ended: their numbers may be others' soon."""
        self._sessions.clear()

    def _is_member(self, process: psutil.Process) -> bool:
        try:
            if process.pid == os.getpid() or process.name().startswith(("postgres", "pg_ctl")):
                return False
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            environment = process.environ()
            if environment.get("LOCAL_DIR") == str(self.layout.root):
                return True
            if os.getsid(process.pid) not in self._sessions:
                return False
            return process.cwd() == str(REPOSITORY) or any(self._open_files(process))
        except (psutil.Error, OSError):
            return False

    def _open_files(self, process: psutil.Process) -> Iterator[str]:
        root = str(self.layout.root)
        for link in Path(f"/proc/{process.pid}/fd").glob("*"):
            with contextlib.suppress(OSError):
                name = str(link.readlink())
                if name.startswith(root):
                    yield name
