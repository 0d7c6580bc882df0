"""What grows with every run on this machine: log files, and Airflow's records of its runs.

`WAREHOUSE_KEEP_RUNS_DAYS` says for how many days they are kept, as it does for the warehouse's own
records of runs, which the pipeline prunes itself.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from include.local.airflow import Airflow
from include.local.layout import Layout, LocalError, run_logged
from warehouse.errors import PermanentError
from warehouse.runs.retention import days_to_keep

# `airflow db clean` takes 10 seconds of CPU, so it does not run with every command.
EVERY = timedelta(days=7)


def prune_if_due(airflow: Airflow) -> None:
    """Delete old log files and old records of Airflow, once in `EVERY`. Raises LocalError."""
    try:
        days = days_to_keep()
    except PermanentError as error:
        raise LocalError(str(error)) from None
    layout, now = airflow.layout, datetime.now(UTC)
    stamp = layout.airflow / "pruned"
    if not stamp.exists():
        stamp.touch()
    if days == 0 or now - _modified(stamp) < EVERY:
        return
    before = now - timedelta(days=days)
    delete_logs(layout, before)
    clean = (
        *("db", "clean", "--yes", "--skip-archive", "--verbose"),
        *("--clean-before-timestamp", before.isoformat(timespec="seconds")),
    )
    log = layout.logs / "airflow-db-clean.log"
    run_logged(airflow.command(*clean), log, "airflow db clean", airflow.environment())
    stamp.touch()


def delete_logs(layout: Layout, before: datetime) -> None:
    """Delete the log files that nothing has written to since `before`, and folders left empty."""
    for folder in (layout.logs, layout.airflow / "logs"):
        for path in sorted(folder.rglob("*"), reverse=True):
            if path.is_file() and _modified(path) < before:
                path.unlink(missing_ok=True)
            elif path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
                path.rmdir()


def _modified(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
