"""The toy source's own part: its dataset, its file format, and the generic core over both."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from warehouse.errors import DamagedFile
from warehouse.http.cache import CacheEntry, FileCache, FileFacts
from warehouse.http.download_policy import DownloadPolicy
from warehouse.http.file_download import FileDownloader, RemoteFile
from warehouse.http.json_store import JsonFileStore
from warehouse.raw.dataset import Dataset
from warehouse.raw.file_loader import FileLoader, LoadOutcome, load_newest
from warehouse.raw.file_reader import FileReader
from warehouse.raw.load_policy import LoadPolicy

SOURCE, DAG = "toy", "toy_pipeline"
THINGS = Dataset(
    SOURCE, "things", ("id", "label"), ("id",), timedelta(minutes=1), file_suffix="txt"
)
_PREFIX = "TOY_"
_DOWNLOAD = DownloadPolicy(1.0, 1.0, 1, 0.0, 0.0, 1_000_000, _PREFIX)
_LOAD = LoadPolicy(0.0, 1, 30, 0.95, 5.0, _PREFIX)


class ToyReader:
    """A file of lines `id;label`, without a header and not packed."""

    def __init__(self, path: Path, on_chunk: Callable[[FileReader], None] | None = None) -> None:
        self._content = path.read_bytes()
        self._on_chunk = on_chunk
        self.size = len(self._content)
        self.rows = 0
        self.plain_bytes = 0

    @property
    def compressed_bytes(self) -> int:
        """How much of the file has been read."""
        return self.plain_bytes

    def chunks(self) -> Iterator[bytes]:
        """Yield the whole file at once; `DamagedFile` where the last line was cut."""
        if not self._content.endswith(b"\n"):
            raise DamagedFile("the last line has no end")
        self.rows, self.plain_bytes = self._content.count(b"\n"), self.size
        if self._on_chunk:
            self._on_chunk(self)
        yield self._content.replace(b";", b"\t")

    def facts(self) -> FileFacts:
        """What the file held."""
        return FileFacts(self.size, self.rows, hashlib.sha256(self._content).hexdigest())

    def log_remarks(self) -> None:
        """There are none."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...


def check(path: Path) -> FileFacts:
    """Read a downloaded file to its end."""
    with ToyReader(path) as reader:
        for _ in reader.chunks():
            pass
        return reader.facts()


class ToyDownloader(FileDownloader):
    """Fetches the file from `url` into `folder`."""

    def __init__(self, url: str, folder: Path) -> None:
        super().__init__(_DOWNLOAD, FileCache(JsonFileStore(folder / "toy.json"), folder))
        self.file = RemoteFile(THINGS, f"{url}/{THINGS.file_name}", "toys", check)

    def present(self, dataset: Dataset) -> CacheEntry:
        """Return the entry of the file, fetching it where it is not here."""
        return self.cache.valid_entry(dataset) or self.fetch(self.file).entry


def ingest(database_url: str, url: str, folder: Path, run_id: str) -> LoadOutcome:
    """Download and load, as the tasks of a DAG would."""
    files = ToyDownloader(url, folder)
    files.fetch(files.file)
    loader = FileLoader(database_url, _LOAD, lambda _, path, on_chunk: ToyReader(path, on_chunk))
    return load_newest(THINGS, loader=loader, files=files, dag_id=DAG, run_id=run_id)
