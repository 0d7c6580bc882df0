"""The seven files of every simulated day, and damaged copies of them."""

import shutil
from collections.abc import Callable
from pathlib import Path

from isal import igzip

from bench.files import SampleFiles
from imdb_pipeline.config import dataset_named
from include.sample.maker import make_sample


class SoakFiles:
    """Makes the files of a day on the first request, in `folder`."""

    def __init__(self, folder: Path, *, titles: int) -> None:
        self.folder = folder
        self.titles = titles

    def of(self, day: int) -> SampleFiles:
        """Return the files of `day`."""
        target = self.folder / f"day-{day}"
        if not target.exists():
            make_sample(target, titles=self.titles, day=day)
        return SampleFiles(target)

    def damaged(self, day: int, name: str, how: str) -> SampleFiles:
        """Return the files of `day`, with that of dataset `name` damaged as `how` says."""
        target = self.folder / f"day-{day}-{how}"
        shutil.copytree(self.of(day).folder, target, dirs_exist_ok=True)
        DAMAGES[how](target / dataset_named(name).file_name)
        return SampleFiles(target)


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _html(path: Path) -> None:
    path.write_bytes(b"<!doctype html><html><body>Come back later</body></html>\n")


def _few_rows(path: Path) -> None:
    header, *rows = _lines(path)
    _write(path, [header, *rows[: len(rows) // 3]])


def _impossible(path: Path) -> None:
    header, *rows = _lines(path)
    fields = [row.split(b"\t") for row in rows]
    _write(path, [header, *(b"\t".join([row[0], b"55.5", *row[2:]]) for row in fields)])


def _lines(path: Path) -> list[bytes]:
    with igzip.open(path) as packed:
        return bytes(packed.read()).removesuffix(b"\n").split(b"\n")


def _write(path: Path, lines: list[bytes]) -> None:
    with igzip.open(path, "wb", compresslevel=1) as packed:
        packed.write(b"\n".join(lines) + b"\n")


DAMAGES: dict[str, Callable[[Path], None]] = {
    "truncated": _truncated,
    "html": _html,
    "few-rows": _few_rows,
    "impossible": _impossible,
}
