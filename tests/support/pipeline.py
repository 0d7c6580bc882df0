"""The steps of a run on a database and a data folder, as the DAG's tasks take them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from imdb_pipeline.cache_manager import CacheManager, JsonFileStore
from imdb_pipeline.config import Settings, dataset_named
from imdb_pipeline.downloader import Download, Downloader
from imdb_pipeline.loader import Loader, LoadOutcome
from tests.support.marts import Marts
from warehouse.http.part_file import PartFile

# Files of some kilobytes come in many pieces, and over more than one session.
PIECE = 2048
SESSIONS = 2


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The pipeline of `database_url`, whose files are in `folder` and come from `source_url`."""

    database_url: str
    folder: Path
    source_url: str = "http://127.0.0.1:9/files"
    patience: float = 600.0

    @property
    def settings(self) -> Settings:
        """A run's settings; a download is begun anew once."""
        return Settings(
            base_url=self.source_url,
            data_dir=self.folder,
            download_tries=2,
            copy_connections=SESSIONS,
            lock_patience=self.patience,
        )

    @property
    def cache(self) -> CacheManager:
        """What is known of the files."""
        return CacheManager(JsonFileStore(self.folder / "cache.json"), self.folder)

    def download(self, name: str, *, force: bool = False) -> Download:
        """The task download."""
        with small_pieces():
            downloader = Downloader(self.settings, self.cache, pause=lambda _: None)
            return downloader.download(dataset_named(name), force=force)

    def load(self, name: str, *, force: bool = False) -> LoadOutcome:
        """The task load."""
        dataset, cache = dataset_named(name), self.cache
        loader = Loader(self.database_url, self.settings)
        with small_pieces():
            entry = cache.entry(dataset)
            assert entry is not None
            outcome = None if force else loader.loaded_already(dataset, entry)
            if outcome is None:
                outcome = loader.load(
                    dataset,
                    cache.path_of(dataset),
                    entry,
                    run_id="run",
                    force=force,
                    previous=cache.previous_path_of(dataset),
                )
            cache.keep_loaded(dataset, entry)
        return outcome


def download(pipeline: Pipeline, name: str) -> None:
    """The task download, for a process of its own."""
    pipeline.download(name)


def load(pipeline: Pipeline, name: str) -> None:
    """The task load, for a process of its own."""
    pipeline.load(name)


def publish_marts(marts: Marts, run_id: str) -> None:
    """The task publish, for a process of its own."""
    marts.publish(run_id, patience=600.0)


@contextmanager
def small_pieces() -> Iterator[None]:
    """Read, fetch and copy in small pieces, over several sessions."""
    append = PartFile.append

    def append_told(part: PartFile, chunks: Iterable[bytes]) -> None:
        append(part, _told(part, chunks))

    with (
        patch.object(PartFile, "append", append_told),
        patch("imdb_pipeline.snapshot.CHUNK", PIECE),
        patch("imdb_pipeline.downloader.CHUNK", PIECE),
        patch("imdb_pipeline.loader.PARALLEL_FROM", 0),
    ):
        yield


def piece_arrived(part: PartFile) -> None:
    """Called when a piece of a download is on the disk, and another one is there."""
    assert part.size > 0


def _told(part: PartFile, chunks: Iterable[bytes]) -> Iterator[bytes]:
    for number, chunk in enumerate(chunks):
        if number and part.size:
            piece_arrived(part)
        yield chunk
