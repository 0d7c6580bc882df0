"""The seven files that are measured: a sample of TITLES, made and kept, or those of SOURCE."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from isal import igzip

from bench.workspace import bench_folder, progress
from imdb_pipeline.config import DATASETS
from imdb_pipeline.inspection import inspect
from include.local.layout import Layout, LocalError
from include.local.options import SAMPLE, Options
from include.local.source import choose, make_ready
from warehouse.http.cache import CacheEntry
from warehouse.raw.dataset import Dataset

DEFAULT_SIZE = 4_000


@dataclass(frozen=True)
class Files:
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
                None, None, facts.sha256, facts.bytes, facts.rows, dataset.file_name, "bench"
            )
        return found

    @property
    def rows(self) -> int:
        """Rows of all seven."""
        return sum(entry.rows for entry in self.entries.values())

    @property
    def titles(self) -> int:
        """Rows of title.basics."""
        return self.entries["title.basics"].rows

    @cached_property
    def plain_bytes(self) -> int:
        """Bytes of all seven, unpacked; reads all of them."""
        return sum(unpacked_bytes(self.path(dataset)) for dataset in DATASETS)

    def by_size(self) -> list[Dataset]:
        """The datasets, the largest file first."""
        return sorted(DATASETS, key=lambda dataset: -self.path(dataset).stat().st_size)


def sample_files(titles: int | None = None) -> Files:
    """Return the files of SOURCE (a folder), or a sample of `titles` (else TITLES), made if needed.

    Raises LocalError.
    """
    source = os.environ.get("SOURCE", "").strip()
    if source and source != SAMPLE and titles is None:
        folder = Path(source).expanduser().resolve()
        missing = [name.file_name for name in DATASETS if not (folder / name.file_name).is_file()]
        if missing:
            raise LocalError(f"SOURCE={source} has no {', '.join(missing)}.")
        return Files(folder)
    titles = titles or titles_asked()
    layout = Layout(bench_folder() / "made")
    layout.make()
    options = Options(layout, SAMPLE, None, 1, titles, False, False, False)
    chosen = choose(options)
    progress(f"sample of {titles:,} titles")
    make_ready(options, chosen)
    assert chosen.folder is not None
    return Files(chosen.folder)


def titles_asked() -> int:
    """Return TITLES, or the default size."""
    text = os.environ.get("TITLES", "").strip() or str(DEFAULT_SIZE)
    if not text.isdigit() or int(text) < 1:
        raise LocalError(f"TITLES={text}: a whole number from 1 is needed.")
    return int(text)


def unpacked_bytes(path: Path) -> int:
    """Return the size of a gzip file's content; reads it to the end."""
    size = 0
    with igzip.open(path) as file:
        while chunk := file.read(1 << 20):
            size += len(chunk)
    return size
