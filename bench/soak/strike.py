"""How a fault strikes: at a known point of the run, never after a fixed time.

A lock on a table stops the session that writes the table. The fault strikes while it waits.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg2
from psycopg2 import sql

from bench.soak.installation import SoakInstallation, kill
from bench.soak.plan import Fault
from imdb_pipeline.config import dataset_named


class WaitingSession:
    """The session that waits for the lock: the port of its client, the process of its server."""

    def __init__(self, port: int, backend: int) -> None:
        self.port = port
        self.backend = backend


@contextmanager
def table_locked(
    installation: SoakInstallation, table: str
) -> Iterator[Callable[[], WaitingSession | None]]:
    """Lock `table` for the block; yield a function that returns the session that waits for it."""
    locking, watching = installation.admin(), installation.admin()
    watching.autocommit = True
    try:
        with locking.cursor() as cursor:
            name = sql.Identifier(*table.split("."))
            cursor.execute(sql.SQL("lock table {} in share mode").format(name))
        pid = locking.info.backend_pid

        def waiting() -> WaitingSession | None:
            with watching.cursor() as cursor:
                cursor.execute(
                    "select client_port, pid from pg_stat_activity "
                    "where %s = any (pg_blocking_pids(pid)) and backend_type = 'client backend'",
                    (pid,),
                )
                found = cursor.fetchone()
            return WaitingSession(*found) if found else None

        yield waiting
    finally:
        for session in (locking, watching):
            with contextlib.suppress(psycopg2.Error):  # the fault may have killed the server
                session.close()


def strike(
    installation: SoakInstallation,
    make: "subprocess.Popen[bytes]",
    fault: Fault,
    waiting: WaitingSession,
) -> str | None:
    """Apply the fault to the run of `make`; return what went wrong with it, or None."""
    name = fault.kind.name
    if name == "kill-run":
        while members := installation.family():
            kill(members)
    elif name == "kill-make":
        os.killpg(make.pid, signal.SIGKILL)
    elif name == "kill-postgres":
        kill(installation.server())
    elif name == "end-session":
        installation.rows("select pg_terminate_backend(%s)", waiting.backend)
    elif name == "kill-task":
        processes = installation.client(waiting.port)
        kill(processes)
        return None if processes else "the process to kill was not found"
    elif name == "second-run":
        code, output = _ended(installation, "run")
        if code in {0, None}:
            return f"the second run ended with {code}: {output}"
    return None


def prepare(installation: SoakInstallation, fault: Fault) -> str | None:
    """Make a fault that the run will find; return what went wrong with it, or None."""
    if fault.kind.name == "rollback":
        code, output = _ended(installation, "rollback")
        return None if code == 0 else f"the rollback ended with {code}: {output}"
    path = installation.layout.data / dataset_named(fault.target).file_name
    if fault.kind.name == "lost-file":
        path.unlink()
    else:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    return None


def _ended(installation: SoakInstallation, verb: str) -> tuple[int | None, str]:
    log = installation.layout.logs / f"soak-{verb}.log"
    code = installation.ended(installation.command(verb, log), 300)
    return code, log.read_text("utf-8", "replace").strip()[-200:]
