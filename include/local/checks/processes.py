"""The installation's processes: recorded ones, the server, the lock's holder, and orphans."""

import contextlib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

from include.local.airflow import RUN
from include.local.checks.finding import Finding, age, fail, ok, problems, warn
from include.local.checks.place import Place
from include.local.processes import Processes

# A command that is at work for longer has most likely been forgotten.
LONG_WORK = 24 * 3600.0
_COMMAND = "include.local"


def server(place: Place) -> Iterator[Finding]:
    """Whether the embedded server runs, and if not, whether it was stopped or broke off."""
    recorded, running = place.recorded_server(), place.server()
    if running:
        since = age(time.time() - psutil.Process(running.pid).create_time())
        yield ok("server", f"Postgres runs: process {running.pid}, port {running.port}, {since}")
    elif recorded:
        yield warn(
            "server",
            f"Postgres ended without being stopped: process {recorded.pid} is gone (a crash, a "
            "kill, a reboot)",
            "make run or make up; it recovers by itself, nothing that was committed is lost. The "
            f"reason may be at the end of {place.data and place.data.with_name('server.log')}",
        )
    elif place.data:
        yield warn(
            "server",
            "Postgres is stopped, so nothing in it can be looked at",
            "make run or make up starts it; then make doctor again.",
        )
    else:
        yield ok("server", "no warehouse was made yet: make run makes it")


def recorded(place: Place) -> Iterator[Finding]:
    """Whether the processes of pids/ are there."""
    yield from problems(_dead(place), ok("processes", _running(place)))


def _running(place: Place) -> str:
    running = Processes(place.layout.pids).running()
    shown = (f"{name} {process.pid}" for name, process in running.items())
    return ", ".join(shown) or "Airflow does not run"


def _dead(place: Place) -> Iterator[Finding]:
    running = Processes(place.layout.pids).running()
    for path in sorted(place.layout.pids.glob("*.json")):
        if path.stem in running:
            continue
        what = f"{path.stem} is recorded in {path} and is not there any more"
        if path.stem == RUN:
            yield warn("processes", f"a run broke off: {what}", "make run; it goes on from there.")
        else:
            yield warn(
                "processes",
                f"{what}; its log is in {place.layout.logs}",
                "make down, then make up.",
            )


def orphans(place: Place) -> Iterator[Finding]:
    """Whether processes of this installation run that no record knows."""
    yield from problems(_orphans(place), ok("orphans", "no process that nobody knows"))


def _orphans(place: Place) -> Iterator[Finding]:
    ours = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            what = _belongs(process, place)
            if what:
                ours.append((process, what))
    # Looked at afterwards, so that one which was just started has its parents in it.
    known = family(place)
    for process, what in ours:
        with contextlib.suppress(psutil.Error):
            if process.pid in known or process.status() == psutil.STATUS_ZOMBIE:
                continue
            since = age(time.time() - process.create_time())
            yield warn(
                "orphans",
                f"process {process.pid} ({what}, {since} old) is of this installation, and no "
                "record knows it",
                f"kill {process.pid}; if it does not end: kill -9 {process.pid}",
            )


def _belongs(process: psutil.Process, place: Place) -> str | None:
    """Return what of this installation the process is; None where it is not of it."""
    data = place.data
    if data and "postgres" in process.name():
        with contextlib.suppress(psutil.Error):
            if Path(process.cwd()) == data.resolve():
                return "postgres"
        if str(data) in process.cmdline():
            return "postgres"
    if process.environ().get("AIRFLOW_HOME") == str(place.layout.airflow):
        words = [Path(word).name for word in process.cmdline()[:3]]
        return " ".join(words) or process.name()
    return None


def family(place: Place) -> set[int]:
    """Return the processes that are accounted for: recorded ones, the server, commands at work.

    With what they started, and with this process and its parents.
    """
    heads = {process.pid for process in Processes(place.layout.pids).running().values()}
    running = place.server()
    if running:
        heads.add(running.pid)
    parents: dict[int, int] = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            parents[process.pid] = process.ppid()
            # A command of include.local, here or in another installation.
            if _COMMAND in process.cmdline():
                heads.add(process.pid)
    ours = {psutil.Process().pid, *(parent.pid for parent in psutil.Process().parents())}
    return heads | ours | {pid for pid in parents if _descends(pid, heads, parents)}


def _descends(pid: int, heads: set[int], parents: Mapping[int, int]) -> bool:
    """Return whether one of `heads` started `pid`, or started who did."""
    seen = set()
    while pid in parents and pid not in seen:
        seen.add(pid)
        pid = parents[pid]
        if pid in heads:
            return True
    return False


def work_lock(place: Place) -> Iterator[Finding]:
    """Who holds the installation for a command, and whether that is still at work."""
    path = place.layout.root / "work.lock"
    pids = _holders(path)
    if not pids:
        yield ok("work.lock", "free: no command is at work")
    for pid in pids:
        yield holder(path, pid, _look(pid))


def _look(pid: int) -> Mapping[str, object] | None:
    """Return state, age and whether it is a command of ours; None where the process is gone."""
    try:
        process = psutil.Process(pid)
        return {
            "stopped": process.status() in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP),
            "command": _COMMAND in process.cmdline(),
            "seconds": time.time() - process.create_time(),
        }
    except psutil.Error:
        return None


def holder(path: Path, pid: int, seen: Mapping[str, object] | None) -> Finding:
    """Return what to think of process `pid` that holds `path`, as `_look` saw it."""
    if seen is None:
        return fail(
            "work.lock",
            f"process {pid} took {path} and is gone, but a child of it still holds the lock",
            f"fuser -v '{path}' (or lsof) names it: end it, else make run and make up refuse.",
        )
    seconds = float(str(seen["seconds"]))
    what = f"held by process {pid}, {age(seconds)} old"
    if seen["stopped"]:
        return warn("work.lock", f"{what}, which is stopped", f"kill -CONT {pid}, or end it.")
    if not seen["command"] or seconds > LONG_WORK:
        return warn(
            "work.lock",
            f"{what}, which does not look like a command at work",
            f"look at it (ps -fp {pid}); if it hangs: kill {pid}. The lock goes with it.",
        )
    return ok("work.lock", f"{what}: a command is at work")


def _holders(path: Path) -> list[int]:
    """Return who locked the file, from the kernel's list; nobody where there is no such list."""
    try:
        inode = path.stat().st_ino
        lines = Path("/proc/locks").read_text("ascii").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        # 12: FLOCK  ADVISORY  WRITE 4711 fd:01:393230 0 EOF
        fields = line.split()
        if fields[1] == "FLOCK" and fields[5].rsplit(":", 1)[1] == str(inode):
            found.append(int(fields[4]))
    return found


def listeners() -> dict[int, dict[int, str]]:
    """Return who listens on TCP ports, as far as it may be known: port to pid to program."""
    found: dict[int, dict[int, str]] = {}
    for port, pid in _listening():
        with contextlib.suppress(psutil.Error):
            found.setdefault(port, {})[pid] = psutil.Process(pid).name()
    return found


def _listening() -> Iterator[tuple[int, int]]:
    """Yield port and pid of what listens."""
    try:
        for each in psutil.net_connections("tcp"):
            if each.status == psutil.CONN_LISTEN and each.laddr and each.pid:
                yield each.laddr.port, each.pid
    except psutil.AccessDenied:
        # Where only root may ask for all, our own processes still answer.
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                for own in process.net_connections("tcp"):
                    if own.status == psutil.CONN_LISTEN and own.laddr:
                        yield own.laddr.port, process.pid
