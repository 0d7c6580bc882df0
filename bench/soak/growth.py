"""What is there after a day: bytes, files, sessions, processes, and what should not be there."""

import contextlib
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.soak.installation import Installation
from imdb_pipeline.config import DATASETS

ANALYST = "soak analyst"
# A server notices a moment later that a client was killed.
_PATIENCE = 30.0
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}$")
# Sizes of the warehouse by layer; the changes of loads and their history are a layer of their own.
_SIZES = """
    select
        case
            when relname like '%%\\_changes' or relname = 'mart_rating_history' then 'history'
            when nspname in ('marts', 'marts_next') then 'marts'
            when nspname in ('raw', 'staging', 'quality', 'meta') then nspname
        end as layer,
        sum(pg_total_relation_size(pg_class.oid))::bigint
    from pg_class inner join pg_namespace on pg_namespace.oid = relnamespace
    where relkind in ('r', 'm') and nspname in (
        'raw', 'staging', 'quality', 'meta', 'marts', 'marts_next'
    )
    group by 1
"""
_SESSIONS = """
    select application_name from pg_stat_activity
    where backend_type = 'client backend' and pid <> pg_backend_pid() and application_name <> %s
"""
_STRANGE_TABLES = """
    select nspname || '.' || relname
    from pg_class inner join pg_namespace on pg_namespace.oid = relnamespace
    where relkind in ('r', 'v', 'm') and nspname !~ '^pg_' and nspname <> 'quality' and (
        relname like '%%\\_\\_%%' or nspname like '%%\\_\\_swap'
    )
"""


@dataclass(frozen=True)
class Size:
    """Sizes in bytes after a day; `layers` of the warehouse, `airflow` the metadata database."""

    day: int
    layers: dict[str, int]
    database: int
    airflow: int
    data: int
    logs: int
    files: int


def measured(installation: Installation, day: int) -> Size:
    """Measure the installation after `day`."""
    layers = {str(layer): int(size) for layer, size in installation.rows(_SIZES)}
    names = ("warehouse", "airflow")
    database, airflow = (
        int(installation.rows("select pg_database_size(%s)", name)[0][0]) for name in names
    )
    data = list(_files(installation.layout.data))
    logs = [*_files(installation.layout.logs), *_files(installation.layout.airflow / "logs")]
    return Size(
        day, layers, database, airflow,
        data=sum(size for _, size in data), logs=sum(size for _, size in logs), files=len(data),
    )  # fmt: skip


def _files(folder: Path) -> Iterator[tuple[Path, int]]:
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            if path.is_file() and not path.is_symlink():
                yield path, path.stat().st_size


def leftovers(installation: Installation) -> list[str]:
    """Return, in words, what a green run should not have left behind."""
    found = []
    if sessions := _once_quiet(installation):
        found.append(f"left at work: {', '.join(sessions)}")
    if tables := sorted(name for (name,) in installation.rows(_STRANGE_TABLES)):
        found.append(f"tables left: {', '.join(tables)}")
    locks = installation.rows("select count(*) from pg_locks where locktype = 'advisory'")[0][0]
    if locks:
        found.append(f"{locks} advisory locks left")
    known = {name for each in DATASETS for name in (each.file_name, each.previous_file_name)}
    strange = sorted(path.name for path, _ in _files(installation.layout.data))
    if strange := [name for name in strange if name not in known]:
        found.append(f"files left in the data folder: {', '.join(strange)}")
    return found


def _once_quiet(installation: Installation) -> list[str]:
    """Return the sessions and processes that do not end, those of one name together."""
    end = time.monotonic() + _PATIENCE
    while True:
        found = Counter(
            [f"session {name or '?'}" for (name,) in installation.rows(_SESSIONS, ANALYST)]
        )
        found.update(f"process {_title(process)}" for process in installation.family())
        if not found or time.monotonic() > end:
            return [f"{count} x {name}" for name, count in sorted(found.items())]
        time.sleep(0.2)


def _title(process: psutil.Process) -> str:
    """Return what the process calls itself, without what is another each time."""
    try:
        words = " ".join(process.cmdline()).split()
    except psutil.Error:
        return "?"
    return " ".join(Path(word).name for word in words if not _ID.match(word))[:60]
