"""Which file we have of each dataset, and how to ask the source whether it changed.

An entry counts only while the file that it describes is there, whole: whoever deletes or edits the
file, or the entry, gets a fresh download and nothing worse. Where entries are kept is somebody
else's choice: a JSON file here, Airflow Variables under Airflow (see `tasks.py`).
"""

import errno
import fcntl
import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from imdb_pipeline.snapshot import sha256_of
from warehouse.errors import StorageRefused
from warehouse.raw.dataset import Dataset

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """One downloaded file: the validators it came with and what it holds.

    `bytes` compressed, `rows` without the header, `file` its name in the data folder.
    """

    etag: str | None
    last_modified: str | None
    sha256: str
    bytes: int
    rows: int
    file: str
    url: str


class CacheStore(Protocol):
    """Where entries are kept: text by key. `read` gives None for a key that is not there."""

    def read(self, key: str) -> str | None: ...  # noqa: D102
    def write(self, key: str, value: str) -> None: ...  # noqa: D102
    def delete(self, key: str) -> None: ...  # noqa: D102


class JsonFileStore:
    """Entries in one JSON file, for use without Airflow; written by rename, so never half.

    Several threads and processes may write at once: a lock file beside it keeps them apart.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, key: str) -> str | None:
        """Return the text kept under `key`, or None."""
        return self._all().get(key)

    def write(self, key: str, value: str) -> None:
        """Keep `value` under `key`."""
        with self._locked():
            self._save(self._all() | {key: value})

    def delete(self, key: str) -> None:
        """Forget `key`; it need not be there."""
        with self._locked():
            self._save({kept: value for kept, value in self._all().items() if kept != key})

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep others away while one writes; `StorageRefused` where the disk refuses."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.with_name(f"{self.path.name}.lock").open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise StorageRefused(
                f"{self.path}: cannot be written: {error.strerror}. Make room or give the right to "
                "write there. The downloaded files are as they were."
            ) from error

    def _all(self) -> dict[str, str]:
        try:
            content = json.loads(self.path.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        if not isinstance(content, dict):
            return {}
        return {str(key): str(value) for key, value in content.items()}

    def _save(self, content: dict[str, str]) -> None:
        fresh = self.path.with_name(f"{self.path.name}.tmp")
        fresh.write_text(json.dumps(content, indent=2, sort_keys=True), "utf-8")
        fresh.replace(self.path)


class CacheManager:
    """The entries of all datasets over one store and one data folder."""

    def __init__(self, store: CacheStore, data_dir: Path) -> None:
        self.store = store
        self.data_dir = data_dir

    def path_of(self, dataset: Dataset) -> Path:
        """Where the dataset's file is kept."""
        return self.data_dir / dataset.file_name

    def previous_path_of(self, dataset: Dataset) -> Path:
        """Where `keep_loaded` keeps the file that was loaded last; nothing says what it is."""
        return self.data_dir / dataset.previous_file_name

    def valid_entry(self, dataset: Dataset) -> CacheEntry | None:
        """Return the entry whose file is there, byte for byte; None (and a log line) otherwise."""
        entry = self.entry(dataset)
        if entry is None:
            return None
        doubt = self._doubt(dataset, entry)
        if doubt:
            log.info("%s: the cache entry does not count: %s", dataset.name, doubt)
            return None
        return entry

    def entry(self, dataset: Dataset) -> CacheEntry | None:
        """Return what is noted of the dataset, unverified; None where nothing readable is."""
        text = self.store.read(_key(dataset))
        if text is None:
            return None
        try:
            content = json.loads(text)
            entry = CacheEntry(**{field.name: content[field.name] for field in fields(CacheEntry)})
            return _checked(entry)
        except (ValueError, TypeError, KeyError):
            log.warning("%s: the cache entry %s is not readable", dataset.name, _key(dataset))
            return None

    def remember(self, dataset: Dataset, entry: CacheEntry) -> None:
        """Note what was downloaded; call it after the file is in place."""
        self.store.write(_key(dataset), json.dumps(asdict(entry)))

    def forget(self, dataset: Dataset) -> None:
        """Drop the entry, so that the next download asks without validators."""
        self.store.delete(_key(dataset))

    def keep_loaded(self, dataset: Dataset, entry: CacheEntry) -> None:
        """Keep the file of `entry`, which was just loaded, for the next load to compare with.

        Only a loaded file is kept: one that never got into the warehouse says nothing about what
        is there. It is a second name of the same file until a download takes the first one away.
        Where it cannot be kept the log says so, and the next load copies the whole file.
        """
        path, kept = self.path_of(dataset), self.previous_path_of(dataset)
        try:
            if not path.exists() or path.stat().st_size != entry.bytes:
                return  # it was loaded from another disk, or is newer by now
            if kept.exists() and (kept.samefile(path) or _is(kept, entry)):
                return
            _link(path, kept)
        except OSError as error:
            log.warning(
                "%s: cannot be kept as %s: %s. The next load will copy the whole file.",
                path, kept.name, error.strerror,
            )  # fmt: skip

    def _doubt(self, dataset: Dataset, entry: CacheEntry) -> str | None:
        path = self.path_of(dataset)
        if entry.file != path.name:
            return f"it describes {entry.file!r}"
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            return f"{path} is not there"
        if size != entry.bytes:
            return f"{path} has {size:,} bytes, the entry says {entry.bytes:,}"
        if sha256_of(path) != entry.sha256:
            return f"{path} was edited: its SHA-256 is another"
        return None


def _checked(entry: CacheEntry) -> CacheEntry:
    """Return the entry; `ValueError` where a hand put in what cannot be sent or compared."""
    texts = (entry.sha256, entry.file, entry.url)
    validators = (entry.etag or "", entry.last_modified or "")
    numbers = (entry.bytes, entry.rows)
    if not all(isinstance(text, str) for text in texts + validators):
        raise ValueError("not a text")
    if any(
        not text.isascii() or not text.isprintable() or text != text.strip() for text in validators
    ):
        raise ValueError("not a header value")
    if not all(isinstance(number, int) and number >= 0 for number in numbers):
        raise ValueError("not a count")
    urlsplit(entry.url)
    return entry


def _is(path: Path, entry: CacheEntry) -> bool:
    return path.stat().st_size == entry.bytes and sha256_of(path) == entry.sha256


def _link(path: Path, name: Path) -> None:
    """Let `name` be the file at `path` too, whatever was there before."""
    fresh = name.with_name(f"{name.name}.tmp")
    fresh.unlink(missing_ok=True)
    try:
        fresh.hardlink_to(path)
    except OSError as error:
        # Some network and object storage knows one name for each file.
        if error.errno not in {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}:
            raise
        try:
            shutil.copyfile(path, fresh)
        except OSError:
            fresh.unlink(missing_ok=True)
            raise
    fresh.replace(name)


def _key(dataset: Dataset) -> str:
    return f"imdb_cache__{dataset.slug}"
