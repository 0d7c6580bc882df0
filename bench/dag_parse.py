"""How long Airflow takes to read the DAG file, imports apart: it is paid by every task."""

import os
import tempfile
import time
from statistics import median

from bench.report import conditions, markdown_table
from include.local.layout import REPOSITORY
from include.local.project import make_plain_manifest

REPEATS = 10


def main() -> None:
    """Print the table."""
    make_plain_manifest()
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"AIRFLOW_HOME": home, "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False"}
        seconds = _parses()
    print(conditions(f"dags/imdb_dag.py, {REPEATS} parses in one process"))
    print(
        markdown_table(
            ["parse", "seconds"],
            [
                ["first, with all imports", f"{seconds[0]:.2f}"],
                ["after that, median", f"{median(seconds[1:]):.3f}"],
                ["after that, slowest", f"{max(seconds[1:]):.3f}"],
            ],
        )
    )


def _parses() -> list[float]:
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - reads the environment

    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        bag = DagBag(str(REPOSITORY / "dags" / "imdb_dag.py"))
        seconds.append(time.perf_counter() - started)
        if bag.import_errors:
            raise SystemExit(str(bag.import_errors))
    return seconds


if __name__ == "__main__":
    main()
