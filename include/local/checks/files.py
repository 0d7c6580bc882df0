"""The data folder: the files against their cache entries, and what downloads left there."""

import contextlib
import sqlite3
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from imdb_pipeline.cache_manager import CacheManager
from imdb_pipeline.config import DATASETS
from include.local.checks.finding import Finding, age, ok, problems, size, warn
from include.local.checks.place import Place, reading
from warehouse.http.cache import CacheEntry, sha256_of
from warehouse.http.part_file import PartFile
from warehouse.raw.dataset import Dataset

# Of a download that broke off longer ago the source most likely has another file by now.
OLD_PART = 24 * 3600.0
_ANEW = "nothing: the next run fetches it anew. Put your own copy back to spare that."


class Entries:
    """Airflow's Variables as the cache reads them, decrypted; nothing can be written."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def read(self, key: str) -> str | None:
        """Return the Variable, or None."""
        return self._variables.get(key)

    def write(self, key: str, value: str) -> None:
        """Refuse."""
        raise NotImplementedError

    def delete(self, key: str) -> None:
        """Refuse."""
        raise NotImplementedError


def entries(place: Place) -> Entries | None:
    """Return the cache entries of Airflow's metadata; None where it is not up or not there yet.

    Raises as `reading` does.
    """
    query = "select key, val, is_encrypted from variable where key like 'imdb_cache__%'"
    url = place.url("airflow", "airflow") if place.embedded else None
    database = place.layout.airflow / "airflow.db"
    if url:
        with reading(url) as cursor:
            cursor.execute("select to_regclass('variable') is not null")
            if cursor.fetchone() != (True,):
                return None
            cursor.execute(query)
            rows = cursor.fetchall()
    elif not place.embedded and database.exists():
        with contextlib.closing(
            sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
        ) as session:
            rows = session.execute(query).fetchall()
    else:
        return None
    secrets = place.secrets()
    return Entries({key: _decrypted(value, encrypted, secrets.fernet if secrets else "")
                    for key, value, encrypted in rows})  # fmt: skip


def _decrypted(value: str, encrypted: bool, key: str) -> str:
    if not encrypted:
        return value
    try:
        return Fernet(key).decrypt(value.encode()).decode()
    except (InvalidToken, ValueError):
        return ""  # as unreadable as to the pipeline


def cache(place: Place) -> Iterator[Finding]:
    """Whether each cache entry and its file are of one another; with `full` byte for byte."""
    kept = entries(place)
    if kept is None:
        yield ok("cache", "not looked at: Airflow's metadata is not up, or was not made yet")
        return
    manager = CacheManager(kept, place.layout.data)
    known = [dataset for dataset in DATASETS if kept.read(f"imdb_cache__{dataset.slug}")]
    how = "byte for byte" if place.full else "by size (CHECK=full compares the bytes)"
    yield from problems(
        _doubts(manager, thorough=place.full),
        ok("cache", f"{len(known)} of {len(DATASETS)} files noted, each as it is, {how}"),
    )


def _doubts(manager: CacheManager, *, thorough: bool) -> Iterator[Finding]:
    for dataset in DATASETS:
        noted = manager.store.read(f"imdb_cache__{dataset.slug}") is not None
        entry = manager.entry(dataset)
        path = manager.path_of(dataset)
        if entry is None and noted:
            yield warn("cache", f"imdb_cache__{dataset.slug} is not readable", _ANEW)
        elif entry is None and path.exists():
            yield warn(
                "cache", f"{path} is there and no entry knows it", f"rm '{path}', or {_ANEW}"
            )
        elif entry is not None:
            doubt = _doubt(dataset, entry, path, thorough=thorough)
            if doubt:
                yield warn("cache", f"{dataset.name}: {doubt}", _ANEW)


def _doubt(dataset: Dataset, entry: CacheEntry, path: Path, *, thorough: bool) -> str | None:
    if entry.file != dataset.file_name:
        return f"the entry describes {entry.file!r}"
    if not path.exists():
        return f"{path} is noted and not there"
    found = path.stat().st_size
    if found != entry.bytes:
        return f"{path} has {found:,} bytes, the entry says {entry.bytes:,}"
    if thorough and sha256_of(path) != entry.sha256:
        return f"{path} was edited: its SHA-256 is another than the entry's"
    return None


def parts(place: Place, now: float | None = None) -> Iterator[Finding]:
    """What downloads left that broke off; `now` is in seconds since 1970."""
    yield from problems(
        _parts(place.layout.data, time.time() if now is None else now),
        ok("parts", "no download broke off"),
    )


def _parts(folder: Path, now: float) -> Iterator[Finding]:
    for path in sorted(folder.glob("*.part")):
        since = now - path.stat().st_mtime
        found = f"{path}: {size(path.stat().st_size)}, last written {age(since)} ago"
        if PartFile(path.with_suffix("")).resumable() is None:
            yield warn("parts", f"{found}, without a note of what it is", f"rm '{path}'")
        elif since > OLD_PART:
            yield warn(
                "parts",
                found,
                f"make run goes on with it where it still can; or rm '{path}'",
            )
        else:
            yield ok("parts", f"{found}: at work, or to be gone on with by the next run")
