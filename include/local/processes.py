"""Processes in the background: each in a session of its own, recorded, and ended with its children.

A record holds the moment at which the process began, so that a pid that was given to somebody else
is not mistaken for ours.
"""

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from include.local.layout import write_private

# Longer than a load needs to roll back; a triggerer would take ten seconds to end with nothing.
TERM_PATIENCE = 5.0


SERVERS = frozenset({"api-server", "source"})


@dataclass(frozen=True, slots=True)
class Processes:
    """The recorded processes of one installation, by name; `folder` holds the records."""

    folder: Path

    def start(
        self, name: str, command: Sequence[str], *, env: Mapping[str, str], log: Path, cwd: Path
    ) -> subprocess.Popen[bytes]:
        """Start `command` in a session of its own, its output appended to `log`."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        with contextlib.suppress(psutil.NoSuchProcess):
            record = {"pid": process.pid, "born": _born(psutil.Process(process.pid))}
            write_private(self.folder / f"{name}.json", json.dumps(record))
        return process

    def running(self) -> dict[str, psutil.Process]:
        """Return the recorded processes that are still there, by name."""
        found = {}
        for path in sorted(self.folder.glob("*.json")):
            process = _recorded(path)
            if process is not None:
                found[path.stem] = process
        return found

    def stop(self, *names: str) -> list[str]:
        """End the named processes (all, where none is named) and what they started.

        TERM first, KILL for what is left after some seconds. Returns the names that ran.
        """
        found = self.running()
        running = {name: found[name] for name in found if not names or name in names}
        # Servers last: whoever talks to them would fill its log with complaints.
        for servers in (False, True):
            self._end([running[name] for name in running if (name in SERVERS) is servers])
        for path in self.folder.glob("*.json"):
            if not names or path.stem in names:
                _end_left_behind(path)
                path.unlink(missing_ok=True)
        return sorted(running)

    def _end(self, processes: Sequence[psutil.Process]) -> None:
        family = [member for process in processes for member in _with_children(process)]
        for process in processes:
            _signal_group(process.pid, signal.SIGTERM)
        _, left = psutil.wait_procs(family, timeout=TERM_PATIENCE)
        for member in left:
            with contextlib.suppress(psutil.Error):
                member.kill()
        for process in processes:
            _signal_group(process.pid, signal.SIGKILL)
        psutil.wait_procs(left, timeout=5)


def _recorded(path: Path) -> psutil.Process | None:
    try:
        record = json.loads(path.read_text("utf-8"))
        process = psutil.Process(int(record["pid"]))
        if abs(_born(process) - float(record["born"])) > 1:
            return None
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
    except (OSError, ValueError, KeyError, psutil.Error):
        return None
    return process


def _born(process: psutil.Process) -> float:
    """Return when the process began, in seconds; on Linux since the machine did.

    There the time of day is that plus the clock's own idea of when the machine began, which is
    another one after every correction of the clock.
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        words = Path(f"/proc/{process.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return int(words[19]) / os.sysconf("SC_CLK_TCK")
    return process.create_time()


def _end_left_behind(path: Path) -> None:
    """End what a process that was killed left in its session, in whatever group.

    While one of them is there, the system gives the number to nobody else.
    """
    with contextlib.suppress(OSError, ValueError, KeyError):
        session = int(json.loads(path.read_text("utf-8"))["pid"])
        if psutil.pid_exists(session):
            return
        for process in psutil.process_iter():
            with contextlib.suppress(ProcessLookupError, PermissionError, psutil.Error):
                if os.getsid(process.pid) == session:
                    process.kill()


def _with_children(process: psutil.Process) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return [process, *process.children(recursive=True)]
    return [process]


def _signal_group(pid: int, number: int) -> None:
    """Signal the session that `pid` leads; its leader may be gone and its members not."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
