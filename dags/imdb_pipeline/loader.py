"""IMDb's files into the raw tables: the generic load over the reader of snapshots."""

import time
from collections.abc import Callable
from pathlib import Path

from imdb_pipeline.config import Settings
from imdb_pipeline.snapshot import SnapshotReader
from warehouse.raw.dataset import Dataset
from warehouse.raw.file_loader import FileLoader
from warehouse.raw.file_reader import FileReader


class Loader(FileLoader):
    """Loads snapshots into the warehouse at `url` (a libpq connection string)."""

    def __init__(
        self,
        url: str,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        def open_file(
            dataset: Dataset, path: Path, on_chunk: Callable[[FileReader], None] | None
        ) -> SnapshotReader:
            accept_added = settings.accept_added_columns
            return SnapshotReader(path, dataset, on_chunk, accept_added=accept_added)

        super().__init__(url, settings.load_policy, open_file, clock=clock)
