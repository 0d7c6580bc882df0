"""The seven files of a measurement: a sample of TITLES titles, made once and kept."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from isal import igzip

from bench.workspace import bench_folder, progress, whole_number
from imdb_pipeline.config import DATASETS
from imdb_pipeline.inspection import inspect
from include.sample.maker import make_sample
from warehouse.http.cache import CacheEntry
from warehouse.raw.dataset import Dataset


@dataclass(frozen=True)
class SampleFiles:
    """A folder with the seven files."""

    folder: Path

    def path(self, dataset: Dataset) -> Path:
        """Where the dataset's file is."""
        return self.folder / dataset.file_name

    @cached_property
    def entries(self) -> dict[str, CacheEntry]:
        """What each file holds, by dataset, as the download would note it; reads all of them."""
        found = {}
        for dataset in DATASETS:
            facts = inspect(self.path(dataset), dataset)
            found[dataset.name] = CacheEntry(
                None,
                None,
                facts.sha256,
                facts.bytes,
                facts.rows,
                dataset.file_name,
                "bench",
                "bench",
            )
        return found

    @property
    def rows(self) -> int:
        """Rows of all seven."""
        return sum(entry.rows for entry in self.entries.values())

    @cached_property
    def plain_bytes(self) -> int:
        """Bytes of all seven, unpacked; reads all of them."""
        return sum(unpacked_bytes(self.path(dataset)) for dataset in DATASETS)

    def by_size(self) -> list[Dataset]:
        """The datasets, the largest file first."""
        return sorted(DATASETS, key=lambda dataset: -self.path(dataset).stat().st_size)


def sample_titles() -> int:
    """Return TITLES. Raises LocalError."""
    return whole_number("TITLES", 4_000)


def sample_files() -> SampleFiles:
    """Return a sample of TITLES titles, made if needed. Raises LocalError."""
    titles = sample_titles()
    folder = bench_folder() / "samples" / str(titles)
    if not folder.exists():
        progress(f"sample of {titles:,} titles")
        making = folder.with_name(f"{titles}.making")
        make_sample(making, titles=titles)
        making.rename(folder)
    return SampleFiles(folder)


def unpacked_bytes(path: Path) -> int:
    """Return the size of a gzip file's content; reads it to the end."""
    size = 0
    with igzip.open(path) as file:
        while chunk := file.read(1 << 20):
            size += len(chunk)
    return size
