"""The steps of a run on a database and a data folder, as the DAG's tasks take them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from imdb_pipeline.cache_manager import CacheManager
from imdb_pipeline.config import Settings, dataset_named
from imdb_pipeline.downloader import Downloader
from imdb_pipeline.loader import Loader
from tests.support.marts import Marts
from tests.support.snapshots import ORIGIN
from warehouse.http.file_download import Download
from warehouse.http.json_store import JsonFileStore
from warehouse.http.part_file import PartFile
from warehouse.raw.file_loader import LoadOutcome, load_newest

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
        """A run's settings; a download is tried twice."""
        return Settings(
            base_url=self.source_url,
            source_name=ORIGIN,
            data_dir=self.folder,
            download_tries=2,
            copy_connections=SESSIONS,
            lock_patience=self.patience,
        )

    @property
    def cache(self) -> CacheManager:
        """What is known of the files."""
        return CacheManager(JsonFileStore(self.folder / "cache.json"), self.folder)

    @property
    def downloader(self) -> Downloader:
        """A downloader, as a task makes it."""
        return Downloader(self.settings, self.cache, pause=lambda _: None)

    def download(self, name: str, *, force: bool = False) -> Download:
        """The task download."""
        with small_pieces():
            return self.downloader.download(dataset_named(name), force=force)

    def load(self, name: str, *, force: bool = False) -> LoadOutcome:
        """The task load."""
        with small_pieces():
            return load_newest(
                dataset_named(name),
                loader=Loader(self.database_url, self.settings),
                files=self.downloader,
                dag_id="imdb_pipeline",
                run_id="run",
                force=force,
            )


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

    def append_with_stops(part: PartFile, chunks: Iterable[bytes]) -> None:
        append(part, _with_stops(part, chunks))

    with (
        patch.object(PartFile, "append", append_with_stops),
        patch("imdb_pipeline.snapshot.CHUNK", PIECE),
        patch("warehouse.http.file_download.CHUNK", PIECE),
        patch("warehouse.raw.file_load.PARALLEL_FROM", 0),
    ):
        yield


def piece_arrived(part: PartFile) -> None:
    """Called when a piece of a download is on the disk, and another one is there."""
    assert part.size > 0


def _with_stops(part: PartFile, chunks: Iterable[bytes]) -> Iterator[bytes]:
    for number, chunk in enumerate(chunks):
        if number and part.size:
            piece_arrived(part)
        yield chunk
