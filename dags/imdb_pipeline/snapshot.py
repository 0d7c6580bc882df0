"""One snapshot file, read once from begin to end: checked, counted and handed on as plain rows.

The inspection of a download drains it; the loader hands it to COPY. Neither has more than a few
chunks in memory, and nothing is unpacked on the disk.
"""

import hashlib
import io
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from isal import igzip, isal_zlib

from imdb_pipeline.header import columns_added_at_the_end, refusal
from imdb_pipeline.lines import LONGEST_LINE, LineCheck, check_bytes, too_long
from warehouse.errors import DamagedFile, UnexpectedContent
from warehouse.http.cache import FileFacts
from warehouse.raw.dataset import Dataset

log = logging.getLogger(__name__)

CHUNK = 1 << 20
_LONGEST_HEADER = 4096
# How a broken stream shows: cut off, a wrong CRC or magic (a kind of OSError), bad deflate data.
_BROKEN: tuple[type[Exception], ...] = (
    EOFError,
    igzip.BadGzipFile,
    isal_zlib.error,  # type: ignore[assignment]  # its stub says instance, it is a class
)


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

    With `accept_added` the file may have more columns at the end of its lines than the dataset:
    they are named in `added`, and `chunks()` leaves their values out.
    """

    def __init__(
        self,
        path: Path,
        dataset: Dataset,
        on_chunk: "Callable[[SnapshotReader], None] | None" = None,
        *,
        accept_added: bool = False,
    ) -> None:
        self.path = path
        self.dataset = dataset
        try:
            self.size = path.stat().st_size
        except FileNotFoundError as error:
            raise DamagedFile(f"{path}: is not there. Fetch it again.") from error
        self.rows = 0
        self.plain_bytes = 0
        self.header = b""
        self.added: tuple[str, ...] = ()
        self._accept_added = accept_added
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
    def columns(self) -> int:
        """How many columns a line of the file has to have."""
        return len(self.dataset.columns) + len(self.added)

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
        check_bytes(data, self.rows + 2, self.path.name)
        self.rows += data.count(b"\n")
        self._last = data[-1:]
        self._report()
        return data

    def unchecked(self) -> Iterator[bytes]:
        """Yield the rest as it is, in place of `read`; rows are not counted, bytes not looked at.

        Raises `DamagedFile`.
        """
        while data := self._next(CHUNK):
            self._report()
            yield data

    def lines(self) -> Iterator[bytes]:
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
            if len(begun) * CHUNK > LONGEST_LINE:
                raise too_long(self.rows + 2, self.path.name)
        if begun:
            yield b"".join([*begun, b"\n"])

    def chunks(self) -> Iterator[bytes]:
        """Yield what `lines` does, each line with the columns of the dataset and no others.

        Raises as `lines` does, and where columns are left out as `LineCheck` does.
        """
        if not self.added:
            yield from self.lines()
            return
        check, surplus = LineCheck(self.columns, self.path.name), len(self.added)
        for chunk in self.lines():
            check.feed(chunk)
            yield b"\n".join([line.rsplit(b"\t", surplus)[0] for line in chunk.split(b"\n")])

    def facts(self) -> FileFacts:
        """What the file held; call it after the end was read."""
        return FileFacts(self._file.consumed, self.rows, self._file.digest.hexdigest())

    def log_remarks(self) -> None:
        """Say in the log which columns of the file are left out."""
        if self.added:
            log.warning(
                "%s: has columns that %s did not have, and is loaded without them: %s "
                "(IMDB_ACCEPT_ADDED_COLUMNS). To have their values, change "
                "imdb_pipeline/config.py, include/sql/imdb/40_raw.sql and the staging model "
                "together.",
                self.path.name,
                self.dataset.name,
                ", ".join(repr(column[:40]) for column in self.added),
            )

    def close(self) -> None:
        """Close the file."""
        self._gzip.close()
        self._file.close()
        super().close()

    def _next(self, size: int) -> bytes:
        try:
            data = bytes(self._gzip.read(size))
        except _BROKEN as error:
            raise DamagedFile(
                f"{self.path.name}: the gzip stream is not whole after {self.plain_bytes:,} bytes "
                f"of text ({self._file.consumed:,} of {self.size:,} bytes): {error}. Fetch it "
                "again."
            ) from error
        self.plain_bytes += len(data)
        return data

    def _report(self) -> None:
        if self._on_chunk:
            self._on_chunk(self)

    def _read_header(self) -> None:
        with self.path.open("rb") as file:
            start = file.read(512)
        if start[:2] != b"\x1f\x8b":
            raise DamagedFile(
                f"{self.path.name}: expected a gzip file, found {_described(start)}. The source or "
                "something before it answered with another document; try again later. If it does "
                "not pass, let the requests name a person whom the source can ask: IMDB_USER_AGENT."
            )
        line = self._gzip_line()
        if reason := _not_plain_lines(line):
            raise UnexpectedContent(f"{self.path.name}: {reason} Nothing was replaced.")
        if len(line) == _LONGEST_HEADER and not line.endswith(b"\n"):
            raise UnexpectedContent(
                f"{self.path.name}: the first line is longer than {_LONGEST_HEADER:,} bytes and no "
                f"header: it begins {line[:60].decode('utf-8', 'replace')!r}. Nothing was replaced."
            )
        line = self.header = line.removesuffix(b"\n")
        if line == self.dataset.header:
            return
        found = line.decode("utf-8", "replace").split("\t")
        if self._accept_added:
            self.added = columns_added_at_the_end(self.dataset.columns, found)
        if not self.added:
            raise UnexpectedContent(f"{self.path.name}: {refusal(self.dataset, found)}")

    def _gzip_line(self) -> bytes:
        try:
            return bytes(self._gzip.readline(_LONGEST_HEADER))
        except _BROKEN as error:
            raise DamagedFile(
                f"{self.path.name}: the gzip stream breaks in the first line: {error}."
            ) from error


def _not_plain_lines(line: bytes) -> str | None:
    """Why the text that begins with `line` was written by another program than the source's."""
    again = "Write it again, e.g. in a shell: gzip -dc FILE |"
    if line.startswith(b"\x1f\x8b"):
        return f"is a gzip file in a gzip file. Unpack it once. {again} cat > FILE.new"
    if line.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        utf16 = "" if line.startswith(b"\xef") else "iconv -f UTF-16 -t UTF-8 | "
        return (
            "begins with a byte order mark (BOM), where the text is UTF-8 without one. "
            f"{again} {utf16}sed '1s/^\\xef\\xbb\\xbf//' | gzip > FILE.new"
        )
    if line.endswith(b"\r\n"):
        return (
            "its lines end with CR LF, as on Windows, where LF alone is expected. "
            f"{again} tr -d '\\r' | gzip > FILE.new"
        )
    return None


def _described(start: bytes) -> str:
    if not start:
        return "an empty file"
    text = start.decode("utf-8", "replace").strip()
    kind = "an HTML page" if "<html" in text.lower() or "<!doctype" in text.lower() else "text"
    return f"{kind} beginning {text[:60]!r}"
