"""The installation under test: its commands, its processes, its database."""

import contextlib
import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
from psycopg2 import sql

from bench.workspace import Workspace
from include.local.warehouse import embedded_server

_LOOK = 0.1


class SoakInstallation(Workspace):
    """An installation in `folder`, used through `make` only."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._sessions: set[int] = set()

    def command(self, verb: str, log: Path, files: Path | None = None) -> subprocess.Popen[bytes]:
        """Start `make VERB` in a session of its own, with `files` as the source."""
        source = {"SOURCE": str(files), "SOURCE_NAME": "soak"} if files else {}
        process = self.make(verb, log, **source)
        self._sessions.add(process.pid)
        return process

    def ended(self, process: "subprocess.Popen[bytes]", patience: float) -> int | None:
        """Return the exit code, or None if the process still runs after `patience` seconds."""
        end = time.monotonic() + patience
        while True:
            self._note_sessions()
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(min(_LOOK, patience))
            if time.monotonic() > end:
                return None

    def stop(self) -> None:
        """End all processes of the installation, also those that a killed soak left."""
        kill(self.family())
        if self.layout.postgres.exists():
            embedded_server(self.layout).stop()

    def remove(self) -> None:
        """End everything and remove the folder."""
        self.stop()
        super().remove()

    def family(self) -> list[psutil.Process]:
        """Return the processes of the installation, without those of its server.

        Airflow's workers overwrite their environment with their title, so they are recognized by
        the session of the command that started them.
        """
        self._note_sessions()
        return [process for process in psutil.process_iter() if self._is_member(process)]

    def client(self, port: int) -> list[psutil.Process]:
        """Return the process of the installation whose connection has the local port `port`."""
        for process in self.family():
            with contextlib.suppress(psutil.Error):
                for connection in process.net_connections("tcp"):
                    if connection.laddr.port == port and connection.raddr:
                        return [process]
        return []

    def server(self) -> list[psutil.Process]:
        """Return the processes of Postgres, the first one first."""
        data = embedded_server(self.layout).data
        with contextlib.suppress(OSError, ValueError, psutil.Error):
            first = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
            if "postgres" in first.name():
                return [first, *first.children(recursive=True)]
        return []

    def rows(self, statement: str | sql.Composable, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query of the superuser."""
        with contextlib.closing(self.admin()) as session, session.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall()

    def forget_sessions(self) -> None:
        """Forget the sessions of ended commands: the system may use their numbers again."""
        self._sessions.clear()

    def _note_sessions(self) -> None:
        for path in self.layout.pids.glob("*.json"):
            with contextlib.suppress(OSError, ValueError, KeyError):
                self._sessions.add(int(json.loads(path.read_text("utf-8"))["pid"]))

    def _is_member(self, process: psutil.Process) -> bool:
        try:
            if process.pid == os.getpid() or process.name().startswith(("postgres", "pg_ctl")):
                return False
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            if process.environ().get("LOCAL_DIR") == str(self.layout.root):
                return True
            return os.getsid(process.pid) in self._sessions
        except (psutil.Error, OSError):
            return False


def kill(processes: list[psutil.Process]) -> None:
    """Kill the processes and wait for their end. Their exit codes stay with their parents."""
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()
    end = time.monotonic() + 20
    while any(map(_lives, processes)) and time.monotonic() < end:
        time.sleep(0.02)


def _lives(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
