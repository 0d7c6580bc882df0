"""Writes one `<dataset>.tsv.gz` like the real files."""

import gzip
import hashlib
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType

from include.sample.rows import HEADERS
from include.sample.titles import THIS_YEAR

_LEVEL = 4  # under half the time of the usual 6 for files a tenth larger
_MEMBERS_OF = {"name.basics": 3}  # gzip allows several members in one file; so do the real hosts


class DatasetWriter:
    """Writes blocks of lines; the file appears complete, or not at all."""

    def __init__(self, folder: Path, dataset: str, blocks: int) -> None:
        """`blocks` is how many times `write` will be called."""
        self.path = folder / f"{dataset}.tsv.gz"
        self.rows = 0
        self.content_hash = hashlib.sha256()
        self._part = folder / f".{dataset}.tsv.gz.part"
        self._dataset = dataset
        self._member_blocks = max(1, blocks // _MEMBERS_OF.get(dataset, 1))
        self._blocks = 0
        self._raw = self._part.open("wb")
        self._gzip = self._member("data.tsv")
        self._put("\t".join(HEADERS[dataset]).encode())

    def _member(self, inner_name: str) -> gzip.GzipFile:
        # The time inside stays 0 so that equal content gives equal files.
        return gzip.GzipFile(inner_name, "wb", _LEVEL, self._raw, mtime=0)

    def _put(self, data: bytes) -> None:
        self._gzip.write(data)
        self.content_hash.update(data)

    def write(self, lines: Sequence[str]) -> None:
        """Append lines, given without line ends."""
        if self._dataset in _MEMBERS_OF and self._blocks % self._member_blocks == 0:
            self._gzip.close()
            self._gzip = self._member("")
        self._blocks += 1
        self.rows += len(lines)
        if lines:
            self._put(("\n" + "\n".join(lines)).encode())

    def finish(self) -> None:
        """End the file; it keeps its temporary name until `publish`."""
        self._put(b"\n")
        self._gzip.close()
        self._raw.close()

    def publish(self) -> None:
        """Replace the previous file by the finished one, with a time in the sample's year."""
        at = time_in_sample(datetime.now(UTC)).timestamp()
        os.utime(self._part, (at, at))
        self._part.replace(self.path)

    def __enter__(self) -> "DatasetWriter":
        """Return the writer."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove an unpublished file."""
        self._gzip.close()
        self._raw.close()
        self._part.unlink(missing_ok=True)


def time_in_sample(now: datetime) -> datetime:
    """Return the same day and time of THIS_YEAR.

    Last-Modified says which year is now for the marts. The newest titles are of THIS_YEAR, whatever
    the clock says.
    """
    since_new_year = now - datetime(now.year, 1, 1, tzinfo=UTC)
    return datetime(THIS_YEAR, 1, 1, tzinfo=UTC) + since_new_year % timedelta(days=365)


def sha256_of(path: Path) -> str:
    """Return the hash of the file's bytes, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
