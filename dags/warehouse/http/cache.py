"""Which file we have of each dataset, and how to ask its server whether it changed.

An entry counts only while the file that it describes is there, whole. Where a file or an entry was
deleted or edited, the file is downloaded again. A store keeps the entries: a JSON file here,
Airflow Variables under Airflow (`warehouse.orchestration.variables`).
"""

import errno
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

log = logging.getLogger(__name__)


class CachedFile(Protocol):
    """What the cache has to know of a dataset: names for keys, for messages and on the disk."""

    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def slug(self) -> str: ...  # noqa: D102
    @property
    def file_name(self) -> str: ...  # noqa: D102
    @property
    def previous_file_name(self) -> str: ...  # noqa: D102


class CacheStore(Protocol):
    """Where entries are kept: text by key. `read` gives None for a key that is not there."""

    def read(self, key: str) -> str | None: ...  # noqa: D102
    def write(self, key: str, value: str) -> None: ...  # noqa: D102
    def delete(self, key: str) -> None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A whole file: `bytes` as it came, `rows` without the header, SHA-256 of the file."""

    bytes: int
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """One downloaded file: the validators it came with, what it holds, and where it is from.

    `bytes` compressed, `rows` without the header, `file` its name in the data folder, `origin` the
    name of the place that `url` belongs to. `mtime_ns` and `inode` are those of the file on the
    disk where it was read to the end last: while they are the same it is not read again.
    """

    etag: str | None
    last_modified: str | None
    sha256: str
    bytes: int
    rows: int
    file: str
    url: str
    origin: str
    mtime_ns: int | None = field(default=None, compare=False)
    inode: int | None = field(default=None, compare=False)


_NOT_NEEDED = frozenset({"mtime_ns", "inode"})


class FileCache:
    """The entries of a source's datasets over one store and one data folder."""

    def __init__(self, store: CacheStore, data_dir: Path) -> None:
        self.store = store
        self.data_dir = data_dir

    def path_of(self, file: CachedFile) -> Path:
        """Where the dataset's file is kept."""
        return self.data_dir / file.file_name

    def previous_path_of(self, file: CachedFile) -> Path:
        """Where `keep_loaded` keeps the file that was loaded last; nothing says what it is."""
        return self.data_dir / file.previous_file_name

    def valid_entry(self, file: CachedFile) -> CacheEntry | None:
        """Return the entry whose file is there, as it was; None (and a log line) otherwise."""
        entry = self.entry(file)
        if entry is None:
            return None
        doubt = self.doubt(file, entry)
        if doubt:
            log.info("%s: the cache entry does not count: %s", file.name, doubt)
            return None
        return entry

    def entry(self, file: CachedFile) -> CacheEntry | None:
        """Return what is noted of the dataset, unverified; None where nothing readable is."""
        text = self.store.read(key_of(file))
        if text is None:
            return None
        try:
            content = self.upgraded(json.loads(text))
            names = [each.name for each in fields(CacheEntry)]
            values = {name: content[name] for name in names if name not in _NOT_NEEDED}
            place = {name: content.get(name) for name in _NOT_NEEDED}
            return _checked(CacheEntry(**(values | place)))
        except (ValueError, TypeError, KeyError, AttributeError):
            log.warning("%s: the cache entry %s is not readable", file.name, key_of(file))
            return None

    def upgraded(self, content: dict[str, Any]) -> Mapping[str, Any]:
        """Return the fields of an entry, for a source that has to read older ones."""
        return content

    def remember(self, file: CachedFile, entry: CacheEntry) -> None:
        """Note what was downloaded and checked; call it after the file is in place."""
        found = _state(self.path_of(file))
        if found:
            entry = replace(entry, mtime_ns=found.st_mtime_ns, inode=found.st_ino)
        self.store.write(key_of(file), json.dumps(asdict(entry)))

    def keep_loaded(self, file: CachedFile, entry: CacheEntry) -> None:
        """Keep the file of `entry`, which was just loaded, for the next load to compare with.

        Only a loaded file is kept: one that was never loaded says nothing about what is in the
        warehouse. It is a second name of the same file until a download takes the first one away.
        Where it cannot be kept the log says so, and the next load copies the whole file.
        """
        path, kept = self.path_of(file), self.previous_path_of(file)
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

    def doubt(self, file: CachedFile, entry: CacheEntry, *, thorough: bool = False) -> str | None:
        """Return why the file of `entry` is not the one that it describes; None where it is.

        The file is read where the disk says that it was written since, and with `thorough`.
        """
        path = self.path_of(file)
        if entry.file != path.name:
            return f"it describes {entry.file!r}"
        found = _state(path)
        if found is None:
            return f"{path} is not there"
        if found.st_size != entry.bytes:
            return f"{path} has {found.st_size:,} bytes, the entry says {entry.bytes:,}"
        untouched = (found.st_mtime_ns, found.st_ino) == (entry.mtime_ns, entry.inode)
        if untouched and not thorough:
            return None
        if sha256_of(path) != entry.sha256:
            return f"{path} was edited: its SHA-256 is another"
        if not (untouched or thorough):
            self.remember(file, entry)
        return None


def key_of(file: CachedFile) -> str:
    """Return the key that the store keeps the dataset's entry under."""
    return f"{file.source}_cache__{file.slug}"


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _state(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _checked(entry: CacheEntry) -> CacheEntry:
    """Return the entry; `ValueError` where it was edited to what cannot be sent or compared."""
    texts = (entry.sha256, entry.file, entry.url, entry.origin)
    validators = (entry.etag or "", entry.last_modified or "")
    numbers = (entry.bytes, entry.rows, entry.mtime_ns or 0, entry.inode or 0)
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
