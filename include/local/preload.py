"""Done once in the process that runs tasks, before it forks its workers, which inherit it.

A dbt task alone costs three seconds of importing and one of generating code; forked from here it
costs neither. Called from AIRFLOW_HOME/config/airflow_local_settings.py.
"""

import atexit
import multiprocessing.util
import os
import sys
import time
import urllib.request
from pathlib import Path

from include.local.layout import REPOSITORY

PATIENCE = 180.0


def preload() -> None:
    """Import and warm dbt where tasks are run from forks, then wait for the API server."""
    if not ("scheduler" in sys.argv or "--use-executor" in sys.argv):
        return
    if sys.platform == "linux":
        _warm_dbt(Path(os.environ["LOCAL_DBT_FOLDER"]))
    # `make run` starts the API server at the same time; tasks need it from their first moment.
    if "--use-executor" in sys.argv:
        end_workers_at_exit()
        _wait_for(os.environ["LOCAL_WAIT_FOR"])


def end_workers_at_exit(patience: float = 5.0) -> None:
    """Let no worker hold up the end of this process for more than `patience` seconds.

    Where the run breaks off (its metadata is gone with Postgres, for one), the workers are not told
    to end, and Python would wait for them for ever.
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
        # One that had a task hands the signal on to that, and takes no notice itself.
        worker.kill()


def _warm_dbt(folder: Path) -> None:
    """Parse the project from its partial parse: it reads what every task reads."""
    import cosmos.operators.local  # noqa: F401, PLC0415
    from dbt.cli.main import dbtRunner  # noqa: PLC0415
    from dbt_common.events.functions import reset_metadata_vars  # noqa: PLC0415

    project = str(REPOSITORY / "dags" / "dbt")
    dbtRunner().invoke(
        ["--quiet", "parse", "--project-dir", project, "--profiles-dir", project,
         "--profile", "film_warehouse", "--target", "prod", "--target-path", str(folder)]
    )  # fmt: skip
    # Else every task would find the run id that dbt read here: none.
    reset_metadata_vars()


def _wait_for(health: str) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(health, timeout=5).close()  # noqa: S310 - our own server
        except OSError:
            time.sleep(0.1)
        else:
            return
