"""Done in the process of `airflow dags test` before it forks its workers.

Called from AIRFLOW_HOME/config/airflow_local_settings.py.
"""

import atexit
import multiprocessing.util
import os
import sys
import time
import urllib.request

PATIENCE = 180.0


def preload() -> None:
    """Wait for the API server, which `make run` starts at the same time: tasks need it."""
    if "--use-executor" in sys.argv:
        end_workers_at_exit()
        _wait_for(os.environ["LOCAL_WAIT_FOR"])


def end_workers_at_exit(patience: float = 5.0) -> None:
    """Let no worker hold up the end of this process for more than `patience` seconds.

    Where the run breaks off (its metadata is gone with Postgres, for one), the workers get no order
    to end, and Python would wait for them without limit.
    """
    # What is registered last is called first: before multiprocessing, imported above, waits.
    atexit.register(_end_workers, patience)


def _end_workers(patience: float) -> None:
    end = time.monotonic() + patience
    workers = multiprocessing.active_children()
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.join(max(0.0, end - time.monotonic()))
        # One that has a task passes the signal on to that, and does not end itself.
        worker.kill()


def _wait_for(health: str) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(health, timeout=5).close()  # noqa: S310 - our own server
        except OSError:
            time.sleep(0.1)
        else:
            return
