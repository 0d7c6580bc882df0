"""Background processes: each in its own session, recorded, and stopped with its children.

A record holds the start time of the process, so that another process with the same number is not
taken for ours.
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

# Seconds. Longer than a load needs to roll back; an idle triggerer would take ten.
TERM_PATIENCE = 5.0
SERVERS = frozenset({"api-server", "source"})


@dataclass(frozen=True, slots=True)
class Processes:
    """The recorded processes of one installation, by name; `folder` holds the records."""

    folder: Path

    def start(
        self, name: str, command: Sequence[str], *, env: Mapping[str, str], log: Path, cwd: Path
    ) -> subprocess.Popen[bytes]:
        """Start `command` in its own session; its output is appended to `log`."""
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
        """Return the recorded processes that still run, by name."""
        found = ((path.stem, _recorded(path)) for path in sorted(self.folder.glob("*.json")))
        return {name: process for name, process in found if process is not None}

    def stop(self, *names: str) -> list[str]:
        """Stop the named processes (all, if none is named) and what they started.

        TERM first, KILL for what is left after some seconds. Returns the names that ran.
        """
        running = {
            name: process
            for name, process in self.running().items()
            if not names or name in names
        }  # fmt: skip
        # Servers last: their clients would fill the logs with complaints.
        for servers in (False, True):
            _end([running[name] for name in running if (name in SERVERS) is servers])
        for path in self.folder.glob("*.json"):
            if not names or path.stem in names:
                _end_left_behind(path)
                path.unlink(missing_ok=True)
        return sorted(running)


def _end(processes: Sequence[psutil.Process]) -> None:
    family = list(processes)
    for process in processes:
        with contextlib.suppress(psutil.Error):
            family += process.children(recursive=True)
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
    with contextlib.suppress(OSError, ValueError, KeyError, psutil.Error):
        record = json.loads(path.read_text("utf-8"))
        process = psutil.Process(int(record["pid"]))
        same = abs(_born(process) - float(record["born"])) <= 1
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    return None


def _born(process: psutil.Process) -> float:
    """Return when the process started, in seconds; on Linux since the machine started.

    psutil's `create_time` adds the machine's start as the clock has it now, so it changes when
    the clock is corrected.
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        words = Path(f"/proc/{process.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return int(words[19]) / os.sysconf("SC_CLK_TCK")
    return process.create_time()


def _end_left_behind(path: Path) -> None:
    """Kill what a killed process left in its session, in whatever process group.

    While one of them runs, the system gives the session's number to no other process.
    """
    with contextlib.suppress(OSError, ValueError, KeyError):
        session = int(json.loads(path.read_text("utf-8"))["pid"])
        if psutil.pid_exists(session):
            return
        for process in psutil.process_iter():
            with contextlib.suppress(ProcessLookupError, PermissionError, psutil.Error):
                if os.getsid(process.pid) == session:
                    process.kill()


def _signal_group(pid: int, number: int) -> None:
    """Signal the group that `pid` leads; the leader may have ended before its members."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
