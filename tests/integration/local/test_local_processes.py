"""Background processes: recorded, stopped with their children, never mistaken for others."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from include.local.airflow import Airflow
from include.local.layout import Layout, LocalError, Ports, locked
from include.local.processes import Processes
from include.local.run import one_command
from include.local.warehouse import Warehouse

# Writes its child's number; then both wait without end.
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
open("said", "w").write(str(child.pid))
child.wait()
"""
DEAF = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open("said", "w").write("deaf")
while True:
    signal.pause()
"""


@pytest.fixture
def processes(tmp_path: Path) -> Processes:
    """An installation's processes, and a pipe in their folder for their output."""
    os.mkfifo(tmp_path / "said")
    return Processes(tmp_path / "pids")


def start(processes: Processes, tmp_path: Path, name: str, code: str) -> subprocess.Popen[bytes]:
    return processes.start(
        name, [sys.executable, "-c", code], env=os.environ, log=tmp_path / "log", cwd=tmp_path
    )


def said(folder: Path) -> str:
    """The first output of the process: reading the pipe waits for it."""
    return (folder / "said").read_text()


def test_a_process_is_ended_with_its_children(processes: Processes, tmp_path: Path) -> None:
    process = start(processes, tmp_path, "parent", PARENT)
    child = psutil.Process(int(said(tmp_path)))
    assert list(processes.running()) == ["parent"]
    assert processes.stop() == ["parent"]
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
    assert processes.running() == {}
    assert processes.stop() == []
    process.wait()


def test_only_the_named_are_ended(processes: Processes, tmp_path: Path) -> None:
    wait = "import signal; signal.pause()"
    started = [start(processes, tmp_path, name, wait) for name in ("one", "two")]
    assert processes.stop("one") == ["one"]
    assert list(processes.running()) == ["two"]
    processes.stop()
    for process in started:
        process.wait()


def test_a_process_that_ignores_term_is_killed(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("include.local.processes.TERM_PATIENCE", 0.2)
    process = start(processes, tmp_path, "deaf", DEAF)
    assert said(tmp_path) == "deaf"
    assert processes.stop() == ["deaf"]
    assert not psutil.pid_exists(process.pid)
    process.wait()


def test_another_process_with_a_recorded_number_is_left_alone(
    processes: Processes, tmp_path: Path
) -> None:
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as stranger:
        start(processes, tmp_path, "gone", "pass").wait()
        path = processes.folder / "gone.json"
        record = json.loads(path.read_text()) | {"pid": stranger.pid}
        record["born"] -= 3600
        path.write_text(json.dumps(record))
        assert processes.running() == {}
        assert processes.stop() == []
        assert stranger.poll() is None
        stranger.kill()


def test_an_api_server_that_died_is_started_again_a_few_times(
    processes: Processes, tmp_path: Path
) -> None:
    children: list[subprocess.Popen[bytes]] = []

    class StartedForTest(Airflow):
        def start_api_server(self, log: Path) -> None:
            children.append(
                start(processes, log.parent, "api-server", "import signal; signal.pause()")
            )

    server = StartedForTest(Layout(tmp_path), Warehouse("", "", None, embedded=False), api_port=1)
    server.processes = processes
    server.start_api_server(tmp_path / "api.log")
    for times in (1, 2, 3, 4, 4):
        assert len(children) == times
        server.keep_api_server(tmp_path / "api.log", print)
        assert len(children) == times, "it is there"
        children[-1].kill()
        children[-1].wait()
        server.keep_api_server(tmp_path / "api.log", print)
    processes.stop()


def test_two_commands_cannot_use_one_installation(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.make()
    # Another process holds the lock, and dies without freeing it.
    holder = (
        "import sys; from pathlib import Path; from include.local.layout import locked\n"
        "with locked(Path(sys.argv[1])): print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(tmp_path / "work.lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(LocalError, match="LOCAL_DIR="), one_command(layout):
            pass
        process.kill()
    with one_command(layout):
        pass


def test_a_held_lock_is_refused_with_the_given_text_and_the_holder(tmp_path: Path) -> None:
    refused = pytest.raises(LocalError, match=rf"try later \(process {os.getpid()}\)")
    with locked(tmp_path / "lock"), refused:
        locked(tmp_path / "lock", busy="try later").__enter__()


def test_ports_are_remembered_by_name(tmp_path: Path) -> None:
    ports = Ports(Layout(tmp_path))
    api, source = ports.free("api"), ports.free("source")
    assert Ports(Layout(tmp_path)).free("api") == api
    assert ports.remembered("source") == source
    assert ports.remembered("other") is None


def test_children_of_a_killed_process_are_stopped(processes: Processes, tmp_path: Path) -> None:
    # In a group of its own, as Airflow's tasks are.
    code = PARENT.replace('signal.pause()"]', 'signal.pause()"], process_group=0')
    process = start(processes, tmp_path, "parent", code)
    child = psutil.Process(int(said(tmp_path)))
    process.kill()
    process.wait()

    processes.stop()

    psutil.wait_procs([child], timeout=20)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
    assert list(processes.folder.glob("*.json")) == []
