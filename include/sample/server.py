"""Serves a folder of `<dataset>.tsv.gz` files over loopback HTTP like the real host.

Conditional GET, single byte ranges, `If-Range`, HEAD and keep-alive; only files named after
a dataset, no listing. Works for made samples and for any folder of a user.

    with SourceServer(Path("sample")) as server:
        requests.get(server.base_url + "/title.ratings.tsv.gz")
"""

import hashlib
import os
import re
import threading
from dataclasses import dataclass
from datetime import datetime
from email.utils import formatdate, parsedate_to_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from io import BufferedReader
from pathlib import Path
from urllib.parse import quote

from include.sample.loopback import LoopbackServer, Running

_NAME = re.compile(r"/((?:title|name)\.[a-z]+\.tsv\.gz)")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)
_BLOCK = 256 * 1024  # bytes sent at a time


class SourceServer(Running["_Server"]):
    """A server on 127.0.0.1 in a thread of this process; also a context manager."""

    def __init__(self, folder: Path, port: int = 0, name: str = "") -> None:
        """Serve `folder`, below the path `name`; port 0 takes any free one.

        A cache of URLs distinguishes two servers on one port by their names.
        Raises NotADirectoryError.
        """
        if not folder.is_dir():
            raise NotADirectoryError(f"not a folder: {folder}")
        super().__init__(f"/{quote(name)}" if name else "")
        self._folder = folder
        self._port = port

    def _listen(self) -> "_Server":
        return _Server(self._folder, self._port, self._prefix)


@dataclass(frozen=True)
class _Snapshot:
    """An open file; it keeps its contents when another file replaces it under the same name."""

    file: BufferedReader
    size: int
    etag: str
    modified: int
    """Seconds since 1970; HTTP dates know no fractions."""


class _Server(LoopbackServer):
    def __init__(self, folder: Path, port: int, prefix: str) -> None:
        super().__init__(port, _Handler)
        self._folder = folder
        self.prefix = prefix
        self._hashes: dict[tuple[str, int, int, int], str] = {}
        self._lock = threading.Lock()

    def open(self, name: str) -> _Snapshot | None:
        """Return the file, or None if the folder has no such regular file."""
        try:
            file = (self._folder / name).open("rb")
        except OSError:
            return None
        try:
            found = os.fstat(file.fileno())
            etag = f'"{self._hash(name, found, file)}"'
        except OSError:
            file.close()
            return None
        return _Snapshot(file, found.st_size, etag, int(found.st_mtime))

    def _hash(self, name: str, found: os.stat_result, file: BufferedReader) -> str:
        # A replaced file may have the size and the time of the one before, not its inode.
        version = (name, found.st_ino, found.st_size, found.st_mtime_ns)
        with self._lock:
            if version not in self._hashes:
                self._hashes[version] = hashlib.file_digest(file, "sha256").hexdigest()[:32]
            return self._hashes[version]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "SampleSource"
    sys_version = ""
    timeout = 60  # seconds that an idle connection is kept
    server: _Server

    def do_GET(self) -> None:
        """Answer with the file, a part of it, or that it has not changed."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer as GET, without the body."""
        self._answer(with_body=False)

    def log_message(self, *_: object) -> None:
        """Log nothing: the pipeline logs its requests."""

    def _answer(self, *, with_body: bool) -> None:
        path = self.path.partition("?")[0]
        own = path.startswith(self.server.prefix)
        name = _NAME.fullmatch(path.removeprefix(self.server.prefix)) if own else None
        snapshot = self.server.open(name.group(1)) if name else None
        if snapshot is None:
            self._plain(HTTPStatus.NOT_FOUND, with_body=with_body)
            return
        with snapshot.file:
            if self._unchanged(snapshot):
                self.send_response(HTTPStatus.NOT_MODIFIED)
                self._validators(snapshot)
                self.end_headers()
                return
            self._file(snapshot, with_body=with_body)

    def _file(self, snapshot: _Snapshot, *, with_body: bool) -> None:
        part = self._range(snapshot) if with_body else None
        if part is not None and not part:
            total = {"Content-Range": f"bytes */{snapshot.size}"}
            self._plain(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, total, with_body=with_body)
            return
        if part is None:
            self.send_response(HTTPStatus.OK)
            part = range(snapshot.size)
        else:
            self.send_response(HTTPStatus.PARTIAL_CONTENT)
            last = f"{part.start}-{part.stop - 1}"
            self.send_header("Content-Range", f"bytes {last}/{snapshot.size}")
        self._validators(snapshot)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Type", "binary/octet-stream")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        if with_body:
            self._send(snapshot.file, part)

    def _send(self, file: BufferedReader, part: range) -> None:
        file.seek(part.start)
        left = len(part)
        try:
            while left and (block := file.read(min(_BLOCK, left))):
                self.wfile.write(block)
                left -= len(block)
        except ConnectionError:
            left = -1
        if left:  # the client closed the connection, or the file was truncated
            self.close_connection = True

    def _validators(self, snapshot: _Snapshot) -> None:
        self.send_header("Last-Modified", formatdate(snapshot.modified, usegmt=True))
        self.send_header("ETag", snapshot.etag)

    def _plain(
        self, status: HTTPStatus, headers: dict[str, str] | None = None, *, with_body: bool
    ) -> None:
        body = f"{status.value} {status.phrase}\n".encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def _unchanged(self, snapshot: _Snapshot) -> bool:
        etags = self.headers.get("If-None-Match")
        if etags is not None:  # decides alone, whatever the date says (RFC 9110, 13.2.2)
            known = [tag.strip().removeprefix("W/") for tag in etags.split(",")]
            return snapshot.etag in known or "*" in known
        since = _timestamp(self.headers.get("If-Modified-Since"))
        return since is not None and snapshot.modified <= since

    def _range(self, snapshot: _Snapshot) -> range | None:
        """Return the bytes asked for; empty if there are none such, None for the whole file."""
        asked = _RANGE.fullmatch((self.headers.get("Range") or "").replace(" ", ""))
        if asked is None or not any(asked.groups()) or not self._if_range(snapshot):
            return None
        first, last = asked.groups()
        if not first:
            return range(max(snapshot.size - int(last), 0), snapshot.size)
        if last and int(last) < int(first):
            return None  # not a range at all: ignored
        return range(int(first), min(int(last) + 1 if last else snapshot.size, snapshot.size))

    def _if_range(self, snapshot: _Snapshot) -> bool:
        condition = self.headers.get("If-Range")
        if condition is None or condition == snapshot.etag:
            return True
        return _timestamp(condition) == snapshot.modified


def _timestamp(date: str | None) -> float | None:
    try:
        parsed: datetime | None = parsedate_to_datetime(date) if date else None
    except ValueError:
        return None
    return parsed.timestamp() if parsed else None
