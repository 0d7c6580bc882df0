"""Memory and disk: a lack of them ends programs without a message of ours."""

import shutil
from collections.abc import Iterator

import psutil

from include.local.checks.diagnosis import Diagnosis, fail, ok, warn
from include.local.layout import Layout
from include.local.postgres import GIGABYTE, memory_bytes

# Bytes on disk per byte of a compressed file (pg_total_relation_size after make run): raw 7,
# staging 13, published marts 4 and the next ones 4, the new file and the one before.
DISK_FACTOR = 27
# The server's own log takes up to 4 GB (max_wal_size).
LEAST_DISK = 5 * GIGABYTE
LEAST_MEMORY = 4 * GIGABYTE


def memory(total: int | None = None, available: int | None = None) -> Iterator[Diagnosis]:
    """Check that Airflow and Postgres have enough memory; in bytes, by default the machine's."""
    total = memory_bytes() if total is None else total
    available = min(total, psutil.virtual_memory().available if available is None else available)
    found = f"{total / 1e9:.1f} GB, {available / 1e9:.1f} GB of it available"
    if total < LEAST_MEMORY or available < LEAST_MEMORY / 4:
        yield warn(
            "memory",
            found,
            f"provide {LEAST_MEMORY / 1e9:.1f} GB or stop other programs: the system kills tasks "
            "when memory runs out.",
        )
    else:
        yield ok("memory", found)


def disk(layout: Layout, free: int | None = None) -> Iterator[Diagnosis]:
    """Check that a run that builds everything from the files here has `free` bytes enough."""
    if free is None:
        folder = next(path for path in (layout.root, *layout.root.parents) if path.exists())
        free = shutil.disk_usage(folder).free
    files = sum(path.stat().st_size for path in layout.data.glob("*.tsv.gz"))
    needed = max(DISK_FACTOR * files, LEAST_DISK)
    found = f"{free / 1e9:.1f} GB free for {layout.root}; a full build needs {needed / 1e9:.1f} GB"
    do = "free some space or use another disk (LOCAL_DIR=). A full disk fails the run, no more."
    if free >= needed:
        yield ok("disk", found)
    else:
        yield (fail if free < LEAST_DISK / 10 else warn)("disk", found, do)
