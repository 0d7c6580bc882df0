"""One snapshot file, read once from begin to end: checked, counted and handed on as plain rows.

The downloader drains it to learn whether a file is whole; the loader hands it to COPY. Neither has
more than a few chunks in memory, and nothing is unpacked on the disk.
"""

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from isal import igzip, isal_zlib

from imdb_pipeline.config import Dataset
from warehouse.errors import DamagedFile, UnexpectedContent

CHUNK = 1 << 20
_LONGEST_HEADER = 4096
_LONGEST_LINE = 16 << 20
# Bytes that these files never hold and that COPY would not keep: it is told that the first one
# quotes, takes the second for a line end, and Postgres has no text with the third.
_NEVER = {
    b"\b": "the control byte 0x08",
    b"\r": "a carriage return (0x0D)",
    b"\0": "a NUL byte (0x00)",
}
# How a broken stream shows: cut off, a wrong CRC or magic (a kind of OSError), bad deflate data.
_BROKEN: tuple[type[Exception], ...] = (
    EOFError,
    igzip.BadGzipFile,
    isal_zlib.error,  # type: ignore[assignment]  # its stub says instance, it is a class
)


@dataclass(frozen=True, slots=True)
class SnapshotFacts:
    """A whole file: `bytes` compressed, `rows` without the header, SHA-256 of the file."""

    bytes: int
    rows: int
    sha256: str


class _HashingFile(io.FileIO):
    """A file that hashes what is read from it, in order, and knows how far it is."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")
        self.digest = hashlib.sha256()
        self.consumed = 0

    def readinto(self, buffer: "bytearray | memoryview", /) -> int:  # type: ignore[override]
        count = super().readinto(buffer)
        self.digest.update(memoryview(buffer)[:count])
        self.consumed += count
        return count


class SnapshotReader(io.RawIOBase):
    """The rows of a snapshot as bytes: TAB-separated lines after the header.

    `read(n)` gives at most `CHUNK` bytes and b"" at the end. Raises `DamagedFile` where the gzip
    stream breaks and `UnexpectedContent` where the header or a byte is not what the dataset has.
    After the end `facts()` says what was read. `on_chunk` is called after every chunk.
    """

    def __init__(
        self,
        path: Path,
        dataset: Dataset,
        on_chunk: "Callable[[SnapshotReader], None] | None" = None,
    ) -> None:
        self.path = path
        self.dataset = dataset
        try:
            self.size = path.stat().st_size
        except FileNotFoundError as error:
            raise DamagedFile(f"{path}: is not there. Fetch it again.") from error
        self.rows = 0
        self.plain_bytes = 0
        self._on_chunk = on_chunk
        self._file = _HashingFile(path)
        self._gzip = igzip.IGzipFile(fileobj=self._file, mode="rb")
        self._last = b"\n"
        try:
            self._read_header()
        except BaseException:
            self.close()
            raise

    @property
    def compressed_bytes(self) -> int:
        """How much of the file has been read, of `size`."""
        return self._file.consumed

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Return the next rows, at most `CHUNK` bytes; b"" at the end."""
        data = self._next(CHUNK if size < 0 else min(size, CHUNK))
        if not data:
            if self._last != b"\n":
                self.rows += 1
                self._last = b"\n"
            return b""
        for byte, description in _NEVER.items():
            if byte in data:
                line = self.rows + data.count(b"\n", 0, data.index(byte)) + 2
                raise UnexpectedContent(
                    f"{self.path.name}, line {line}: holds {description}, which these files never "
                    "have. Look at the line; the rows loaded before are untouched."
                )
        self.rows += data.count(b"\n")
        self.plain_bytes += len(data)
        self._last = data[-1:]
        if self._on_chunk:
            self._on_chunk(self)
        return data

    def chunks(self) -> Iterator[bytes]:
        """Yield the rest as chunks of whole lines, about `CHUNK` each; all end with a newline.

        Raises as `read` does, and `UnexpectedContent` for a line that nothing could hold.
        """
        begun: list[bytes] = []
        while data := self.read(CHUNK):
            cut = data.rfind(b"\n") + 1
            if cut:
                yield b"".join([*begun, data[:cut]])
                begun = []
            if cut < len(data):
                begun.append(data[cut:])
            if len(begun) * CHUNK > _LONGEST_LINE:
                raise UnexpectedContent(
                    f"{self.path.name}, line {self.rows + 2}: is longer than {_LONGEST_LINE:,} "
                    "bytes. Look at the line; the rows loaded before are untouched."
                )
        if begun:
            yield b"".join([*begun, b"\n"])

    def facts(self) -> SnapshotFacts:
        """What the file held; call it after the end was read."""
        return SnapshotFacts(self._file.consumed, self.rows, self._file.digest.hexdigest())

    def close(self) -> None:
        """Close the file."""
        self._gzip.close()
        self._file.close()
        super().close()

    def _next(self, size: int) -> bytes:
        try:
            return bytes(self._gzip.read(size))
        except _BROKEN as error:
            raise DamagedFile(
                f"{self.path.name}: the gzip stream is not whole after {self.rows:,} rows "
                f"({self._file.consumed:,} of {self.size:,} bytes): {error}. Fetch it again."
            ) from error

    def _read_header(self) -> None:
        with self.path.open("rb") as file:
            start = file.read(512)
        if start[:2] != b"\x1f\x8b":
            raise DamagedFile(
                f"{self.path.name}: expected a gzip file, found {_described(start)}. The source or "
                "something before it answered with another document; try again later."
            )
        line = self._gzip_line()
        if line.rstrip(b"\n") != self.dataset.header:
            raise UnexpectedContent(
                f"{self.path.name}: the header is not that of {self.dataset.name}: "
                f"{_header_difference(self.dataset, line)}. Nothing was replaced. If the layout "
                "changed for good, change imdb_pipeline/config.py and the models together."
            )

    def _gzip_line(self) -> bytes:
        try:
            return bytes(self._gzip.readline(_LONGEST_HEADER))
        except _BROKEN as error:
            raise DamagedFile(
                f"{self.path.name}: the gzip stream breaks in the first line: {error}."
            ) from error


def inspect(path: Path, dataset: Dataset) -> SnapshotFacts:
    """Read a whole file and return what it holds.

    Raises `DamagedFile` or `UnexpectedContent`, as `SnapshotReader` does, and for a file that
    has a header but no rows.
    """
    with SnapshotReader(path, dataset) as reader:
        while reader.read(CHUNK):
            pass
        facts = reader.facts()
    if facts.rows == 0:
        raise DamagedFile(f"{path.name}: has the header of {dataset.name} but not a single row.")
    return facts


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _described(start: bytes) -> str:
    if not start:
        return "an empty file"
    text = start.decode("utf-8", "replace").strip()
    kind = "an HTML page" if "<html" in text.lower() or "<!doctype" in text.lower() else "text"
    return f"{kind} beginning {text[:60]!r}"


def _header_difference(dataset: Dataset, line: bytes) -> str:
    found = line.decode("utf-8", "replace").rstrip("\n").split("\t")
    missing = [column for column in dataset.columns if column not in found]
    added = [column for column in found if column not in dataset.columns]
    parts = []
    if missing:
        parts.append(f"missing {', '.join(missing)}")
    if added:
        parts.append(f"unknown {', '.join(repr(column[:40]) for column in added[:12])}")
    if not parts:
        parts.append(f"expected the order {', '.join(dataset.columns)}, found {', '.join(found)}")
    return "; ".join(parts)
