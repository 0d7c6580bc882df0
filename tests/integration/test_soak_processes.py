"""Whom the soak takes for the installation's processes, and how it ends them."""

import os
import signal
import subprocess
from pathlib import Path

from bench.soak.installation import Installation
from bench.soak.strike import kill
from include.local.layout import REPOSITORY


def sleeper(**variables: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        ["sleep", "60"], env={**os.environ, **variables}, cwd=REPOSITORY, start_new_session=True
    )


def test_only_what_works_for_the_installation_is_found_and_killed(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    ours, other = sleeper(LOCAL_DIR=str(tmp_path)), sleeper(LOCAL_DIR=str(tmp_path / "other"))
    try:
        assert [process.pid for process in installation.family()] == [ours.pid]
        kill(installation.family())
        assert installation.family() == []
        assert other.poll() is None
        assert ours.wait(10) == -signal.SIGKILL
    finally:
        for process in (ours, other):
            process.kill()
            process.wait()


def test_a_worker_without_an_environment_is_found_by_the_session_that_is_recorded(
    tmp_path: Path,
) -> None:
    installation = Installation(tmp_path)
    installation.layout.pids.mkdir()
    worker = sleeper()
    try:
        assert installation.family() == []
        record = installation.layout.pids / "dag-run.json"
        record.write_text(f'{{"pid": {worker.pid}, "created": 0}}')
        assert [process.pid for process in installation.family()] == [worker.pid]
        record.unlink()
        installation.forget_sessions()
        assert installation.family() == []
    finally:
        worker.kill()
        worker.wait()
