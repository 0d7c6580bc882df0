"""How fast a snapshot is unpacked: the standard library, isal, isal with our checks around it."""

import gzip
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from isal import igzip

from bench.report import conditions, markdown_table
from imdb_pipeline.config import dataset_named
from imdb_pipeline.inspection import inspect
from imdb_pipeline.snapshot import CHUNK
from include.sample.maker import make_sample

TITLES = int(os.environ.get("TITLES", "200000"))
REPEATS = 5


def main() -> None:
    """Print the table."""
    dataset = dataset_named("title.principals")
    with tempfile.TemporaryDirectory() as folder:
        make_sample(Path(folder), titles=TITLES)
        path = Path(folder) / dataset.file_name

        def drained(opened: Callable[[Path], gzip.GzipFile]) -> int:
            size = 0
            with opened(path) as file:
                while chunk := file.read(CHUNK):
                    size += len(chunk)
            return size

        ways: dict[str, Callable[[], object]] = {
            "gzip (standard library)": lambda: drained(gzip.GzipFile),
            "isal": lambda: drained(igzip.IGzipFile),
            "isal, with row count, checks and SHA-256": lambda: inspect(path, dataset),
        }
        size = drained(igzip.IGzipFile)
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(REPEATS):
            for way, run in ways.items():
                started = time.perf_counter()
                run()
                seconds[way].append(time.perf_counter() - started)
    control = median(seconds["gzip (standard library)"])
    print(conditions(f"title.principals of {TITLES:,} titles, {size / 1e6:.0f} MB plain"))
    print(
        markdown_table(
            ["way", "MB/s of plain text", "against the standard library"],
            [
                [way, f"{size / 1e6 / median(taken):,.0f}", f"{control / median(taken):.1f}×"]
                for way, taken in seconds.items()
            ],
        )
    )


if __name__ == "__main__":
    main()
