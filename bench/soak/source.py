"""The host of the files: always at one address, one day's files after another, and bad at times."""

import http.client
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from include.sample.server import SourceServer

_HOP = frozenset({"connection", "date", "server", "host", "keep-alive"})


class Held:
    """One answer that stops in its middle until it is let go."""

    def __init__(self, file_name: str) -> None:
        self.file_name = file_name
        self.client_port: int | None = None
        self.reached = threading.Event()
        self.released = threading.Event()

    def wait(self, client_port: int) -> None:
        """Stop here; to be called by the answering thread."""
        self.client_port = client_port
        self.reached.set()
        self.released.wait()


class Source:
    """Files over HTTP at `base_url`; `serve` changes the folder, the rest what is wrong with it."""

    def __init__(self, port: int) -> None:
        self.base_url = f"http://127.0.0.1:{port}/soak"
        self.inner_port: int | None = None
        self._breaks: dict[str, int] = {}
        self._refusals: dict[str, int] = {}
        self._held: Held | None = None
        self._lock = threading.Lock()

    @contextmanager
    def serve(self, folder: Path) -> Iterator[None]:
        """Serve `folder` meanwhile."""
        with SourceServer(folder, 0, "soak") as inner:
            self.inner_port = urlsplit(inner.base_url).port
            try:
                yield
            finally:
                self.heal()

    def heal(self) -> None:
        """Answer as a good host does from now on; what is held goes on."""
        with self._lock:
            self._breaks.clear()
            self._refusals.clear()
            held, self._held = self._held, None
        if held:
            held.released.set()

    def break_off(self, file_name: str, times: int) -> None:
        """Let the next answers with this file end in their middle."""
        self._breaks[file_name] = times

    def refuse(self, file_name: str, times: int) -> None:
        """Answer the next requests for this file with 503."""
        self._refusals[file_name] = times

    def hold(self, file_name: str) -> Held:
        """Stop the next answer with this file in its middle."""
        self._held = Held(file_name)
        return self._held

    @property
    def waiting(self) -> int:
        """How many of the ordered breaks and refusals nobody has met."""
        return sum(self._breaks.values()) + sum(self._refusals.values())

    def takes(self, of: str, file_name: str) -> bool:
        """Return whether this request is one that breaks (`of` "break") or is refused."""
        left = self._breaks if of == "break" else self._refusals
        with self._lock:
            if left.get(file_name, 0) == 0:
                return False
            left[file_name] -= 1
            return True

    def taken_hold(self, file_name: str) -> Held | None:
        """Return the hold that this answer has to keep, once."""
        with self._lock:
            if self._held is None or self._held.file_name != file_name:
                return None
            held = self._held
            return None if held.reached.is_set() else held


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_GET(self) -> None:
        source = self.server.source
        name = self.path.rpartition("/")[2]
        if source.inner_port is None or source.takes("refuse", name):
            self.send_response(HTTPStatus.SERVICE_UNAVAILABLE)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        inner = http.client.HTTPConnection("127.0.0.1", source.inner_port, timeout=60)
        try:
            self._pass_on(source, inner, name)
        except ConnectionError:
            self.close_connection = True
        finally:
            inner.close()

    def _pass_on(self, source: Source, inner: http.client.HTTPConnection, name: str) -> None:
        asked = {key: value for key, value in self.headers.items() if key.lower() not in _HOP}
        inner.request("GET", self.path, headers=asked)
        answer = inner.getresponse()
        self.send_response(answer.status)
        for key, value in answer.getheaders():
            if key.lower() not in _HOP:
                self.send_header(key, value)
        self.end_headers()
        body = answer.read()
        middle = len(body) // 2
        self.wfile.write(body[:middle])
        if body and source.takes("break", name):
            self.close_connection = True
            return
        held = source.taken_hold(name) if body else None
        if held:
            held.wait(self.client_address[1])
        self.wfile.write(body[middle:])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    source: Source

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that were killed; others' tracebacks go to stderr as usual."""
        if not isinstance(sys.exception(), ConnectionError):
            traceback.print_exc()


@contextmanager
def running_source() -> Iterator[Source]:
    """Yield a source on a free port of 127.0.0.1; it ends with the block."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.source = Source(server.server_port)
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        thread.start()
        try:
            yield server.source
        finally:
            server.source.heal()
            server.shutdown()
            thread.join()
