"""What the orchestration costs: the dbt tasks of the last full `make run` against bare `dbt build`.

Reads the run's own log tables for the first, then runs the same models and tests with one dbt
process in schemas of its own (target dev), on the same data.
"""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import psycopg2

from bench.report import conditions, markdown_table

PROJECT = Path(__file__).parents[1] / "dags" / "dbt"
REPEATS = 3
_LAST_BUILD = """
    select
        run_log.run_id,
        extract(epoch from max(model_log.finished_at) - max(load_log.loaded_at))::float,
        count(distinct model_log.model)
    from meta.run_log
    inner join meta.model_log on run_log.run_id = model_log.run_id
    inner join meta.load_log on run_log.run_id = load_log.run_id
    where run_log.state = 'success'
    group by run_log.run_id, run_log.finished_at
    order by run_log.finished_at desc
    limit 1
"""
_SCHEMAS = ("staging", "intermediate", "marts_next", "quality")


def main() -> None:
    """Print the table."""
    url = os.environ["WAREHOUSE_URL"]
    with closing(psycopg2.connect(url)) as session, session.cursor() as cursor:
        cursor.execute(_LAST_BUILD)
        found = cursor.fetchone()
        if found is None:
            sys.exit("no run with loads and models is in meta: make run first")
        run_id, tasks, nodes = found
        with tempfile.TemporaryDirectory() as target:
            seconds = [_bare_build(url, target) for _ in range(REPEATS)]
        for schema in _SCHEMAS:
            cursor.execute(f"drop schema if exists dev_{schema} cascade")
        session.commit()
    bare = median(seconds)
    print(conditions(f"{nodes} models and seeds, run {run_id}; bare: median of {REPEATS}"))
    print(
        markdown_table(
            ["way", "seconds", "against bare"],
            [
                ["`dbt build`, one process", f"{bare:.1f}", "1.0×"],
                ["Airflow tasks, last load to last model", f"{tasks:.1f}", f"{tasks / bare:.1f}×"],
            ],
        )
    )


def _bare_build(url: str, target: str) -> float:
    parts = urlsplit(url)
    started = time.perf_counter()
    subprocess.run(
        [
            Path(sys.executable).parent / "dbt",
            *("--quiet", "build", "--target", "dev", "--exclude-resource-type", "unit_test"),
            *("--full-refresh", "--project-dir", PROJECT, "--profiles-dir", PROJECT),
            *("--target-path", target, "--log-path", target),
        ],
        env={
            **os.environ,
            "WAREHOUSE_HOST": str(parts.hostname),
            "WAREHOUSE_PORT": str(parts.port),
            "WAREHOUSE_USER": str(parts.username),
            "WAREHOUSE_PASSWORD": str(parts.password),
            "WAREHOUSE_DATABASE": parts.path.lstrip("/"),
        },
        check=True,
    )
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
