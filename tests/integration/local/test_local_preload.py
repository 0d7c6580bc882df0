"""What is done in the process of a run before it forks its workers."""

import os
import subprocess
import sys

from include.local.layout import REPOSITORY

BREAKS_OFF = """
import multiprocessing, signal
from include.local.preload import end_workers_at_exit

end_workers_at_exit(patience=0.1)
fork = multiprocessing.get_context("fork")
fork.Process(target=fork.Queue().get).start()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
fork.Process(target=fork.Queue().get).start()
raise SystemExit(3)
"""


def test_a_run_that_breaks_off_does_not_wait_for_its_idle_workers() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BREAKS_OFF],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        timeout=60,
        check=False,
    )
    assert done.returncode == 3
