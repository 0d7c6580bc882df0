"""The machine: Python, memory, disk, Postgres' programs."""

import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from imdb_pipeline.config import DATASETS
from include.local.bootstrap import is_supported
from include.local.checks.finding import Finding, fail, ok, size, warn
from include.local.layout import Layout, LocalError
from include.local.postgres import GIGABYTE, memory_bytes
from include.local.programs import find_programs, psql_program

# Bytes of database for each byte of a compressed file: raw takes about seven, staging 13, the marts
# four and the ones before them as much (pg_total_relation_size after make run); and a run that
# builds everything anew has the old beside the new.
DATABASE_FACTOR = 25
# The file that is fetched beside the one that is there and the one before.
FILES_FACTOR = 2
# Whatever the files are: the server's own log takes up to four gigabytes (max_wal_size).
LEAST_FREE = 5 * GIGABYTE
LEAST_MEMORY = 4 * GIGABYTE


def python(version: tuple[int, ...] = tuple(sys.version_info[:3])) -> Iterator[Finding]:
    """Whether this Python is one that the packages were pinned for."""
    shown = ".".join(map(str, version))
    if is_supported(version):
        yield ok("python", f"{shown} in {sys.prefix}")
    else:
        yield fail(
            "python",
            f"{shown}, where 3.11, 3.12 or 3.13 is needed",
            "remove .venv and name another: make doctor PYTHON=python3.12",
        )


def memory(total: int | None = None, available: int | None = None) -> Iterator[Finding]:
    """Whether Airflow's processes and Postgres have room; in bytes, of the machine by default."""
    total = memory_bytes() if total is None else total
    available = min(total, psutil.virtual_memory().available if available is None else available)
    found = f"{size(total)}, {size(available)} of it available"
    if total < LEAST_MEMORY or available < LEAST_MEMORY / 4:
        yield warn(
            "memory",
            found,
            f"give it {size(LEAST_MEMORY)}, end what else takes memory, or run with fewer tasks at "
            "once; a process that is killed for want of memory fails its task.",
        )
    else:
        yield ok("memory", found)


def programs(folders: Sequence[Path] | None = None) -> Iterator[Finding]:
    """Whether the programs of the embedded server run here, and a psql is there.

    They are looked for in `folders`, by default where the server looks for them.
    """
    try:
        found = find_programs(folders)
    except LocalError as error:
        first, *rest = str(error).splitlines()
        yield fail("postgres", f"{first} {'; '.join(line.strip() for line in rest[:-1])}", rest[-1])
        return
    yield ok("postgres", f"version {found.version} runs, from {found.folder}")
    if psql_program() is None:
        yield warn("psql", "there is none", "install Postgres' client; only make psql needs it.")


def disk(layout: Layout, database: Path | None) -> Iterator[Finding]:
    """Whether the disks have room for a run that builds everything anew from the files there.

    `database` is the embedded server's folder; None where the server is another.
    """
    paths = [layout.data / dataset.file_name for dataset in DATASETS]
    files = sum(path.stat().st_size for path in paths if path.exists())
    places = {layout.root: FILES_FACTOR * files}
    if database:
        places[database] = DATABASE_FACTOR * files
    for needed in _by_disk(places).values():
        folder = next(iter(needed))
        free = shutil.disk_usage(_existing(folder)).free
        yield room(folder, free, sum(needed.values()), files)


def room(folder: Path, free: int, needed: int, files: int) -> Finding:
    """Return whether `free` bytes are enough; `needed` is what may be written there in one run."""
    wanted = max(needed, LEAST_FREE)
    found = f"{size(free)} free for {folder}; for {size(files)} of files {size(wanted)} are wanted"
    if free >= wanted:
        return ok("disk", found)
    do = (
        "free some space or keep the installation on another disk (LOCAL_DIR). A disk that is full "
        "fails the run and harms nothing."
    )
    return fail("disk", found, do) if free < LEAST_FREE / 10 else warn("disk", found, do)


def _by_disk(places: dict[Path, int]) -> dict[int, dict[Path, int]]:
    disks: dict[int, dict[Path, int]] = {}
    for folder, needed in places.items():
        disks.setdefault(_existing(folder).stat().st_dev, {})[folder] = needed
    return disks


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())
