"""Loads as Airflow runs them, and the control: a plain `zcat | psql \\copy`."""

import os
import resource
import subprocess
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
from psycopg2 import sql

from bench.files import SampleFiles
from bench.workspace import BenchDatabase
from imdb_pipeline.config import DATASETS, Settings, dataset_named
from imdb_pipeline.loader import Loader
from include.local.layout import LocalError
from include.local.programs import psql_program
from warehouse.http.cache import CacheEntry

_COPY = (
    "\\copy raw.control_{table} from pstdin with "
    "(format csv, header true, delimiter E'\\t', quote E'\\b', escape E'\\b', null '\\N')"
)


@dataclass(frozen=True)
class SevenLoads:
    """The loads of the seven files: seconds of all and of each, peak memory of a process in bytes.

    `in_full` has the reason, by dataset, where a load was not a delta.
    """

    seconds: float
    by_dataset: dict[str, float]
    peak_rss: int
    in_full: dict[str, str]


def at_once() -> int:
    """Return how many loads run at once: one for each core."""
    return max(1, min(len(DATASETS), os.cpu_count() or 1))


def load_all(
    database: BenchDatabase, files: SampleFiles, *, run_id: str, previous: SampleFiles | None = None
) -> SevenLoads:
    """Load the seven files in processes, as many at once as there are cores, the largest first.

    With `previous`, the files of the load before, as deltas. The processes start before the
    measurement, as Airflow's workers do.
    """
    entries = files.entries
    with ProcessPoolExecutor(at_once(), mp_context=get_context("spawn")) as pool:
        list(pool.map(_start_up, range(at_once())))
        began = time.perf_counter()
        waiting = {
            dataset.name: pool.submit(
                _load, database.url, dataset.name, files.path(dataset), entries[dataset.name],
                run_id, previous.path(dataset) if previous else None,
            )
            for dataset in files.by_size()
        }  # fmt: skip
        done = {name: future.result() for name, future in waiting.items()}
        seconds = time.perf_counter() - began
    by_dataset = {name: taken for name, (taken, _, _) in done.items()}
    in_full = {name: why for name, (_, why, _) in done.items() if why}
    return SevenLoads(seconds, by_dataset, max(peak for _, _, peak in done.values()), in_full)


def _start_up(_number: int) -> None:
    time.sleep(0.3)


def _load(
    url: str, name: str, path: Path, entry: CacheEntry, run_id: str, previous: Path | None
) -> tuple[float, str | None, int]:
    began = time.perf_counter()
    outcome = Loader(url, Settings()).load(
        dataset_named(name), path, entry, run_id=run_id, previous=previous
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return time.perf_counter() - began, outcome.why_full, peak


def control_load(database: BenchDatabase, files: SampleFiles) -> float:
    """Return the seconds of `zcat FILE | psql -c "\\copy ..."`, one file after the other."""
    psql = psql_program()
    if psql is None:
        raise LocalError("There is no psql: install Postgres' client.")
    _make_control_tables(database)
    parts = urlsplit(database.url)
    command: list[str | Path] = [psql, "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1",
               "-h", str(parts.hostname), "-p", str(parts.port), "-U", str(parts.username),
               "-d", database.name]  # fmt: skip
    environment = {**os.environ, "PGPASSWORD": str(parts.password)}
    began = time.perf_counter()
    for dataset in DATASETS:
        with subprocess.Popen(["zcat", files.path(dataset)], stdout=subprocess.PIPE) as zcat:
            subprocess.run(
                [*command, "-c", _COPY.format(table=dataset.table)],
                stdin=zcat.stdout,
                env=environment,
                check=True,
            )
        if zcat.returncode != 0:
            raise LocalError(f"zcat failed on {files.path(dataset)}")
    return time.perf_counter() - began


def _make_control_tables(database: BenchDatabase) -> None:
    with closing(psycopg2.connect(database.url)) as session, session, session.cursor() as cursor:
        for dataset in DATASETS:
            cursor.execute(
                sql.SQL("create table raw.{} ({})").format(
                    sql.Identifier(f"control_{dataset.table}"),
                    sql.SQL(", ").join(
                        sql.SQL("{} text").format(sql.Identifier(column))
                        for column in dataset.table_columns
                    ),
                )
            )
