"""An HTTP server on 127.0.0.1 in a thread of this process: start, stop, context manager.

It knows nothing of what is served: a subclass names its request handler.
"""

import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from types import TracebackType
from typing import Generic, Self, TypeVar


class LoopbackServer(ThreadingHTTPServer):
    """A threaded server; a request handler reads what it needs from a subclass."""

    daemon_threads = True
    block_on_close = False  # an idle keep-alive connection must not hold up `stop`
    request_queue_size = 64  # connections that may wait while a thread starts

    def __init__(self, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        """Listen on `port`; 0 takes any free one. Raises OSError if it is taken."""
        super().__init__(("127.0.0.1", port), handler)

    def server_bind(self) -> None:
        """Bind without asking DNS for this machine's name, which may take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.socket.getsockname()[1]

    def handle_error(self, *_: object) -> None:
        """Ignore closed connections; print all other errors as usual."""
        if not isinstance(sys.exception(), ConnectionError):
            traceback.print_exc()


S = TypeVar("S", bound=LoopbackServer)


class Running(Generic[S]):
    """Starts and stops one server; also a context manager."""

    def __init__(self, prefix: str) -> None:
        """`prefix` is the path below which everything is served, such as /3."""
        self._prefix = prefix
        self._server: S | None = None
        self._thread: threading.Thread | None = None

    def _listen(self) -> S:
        raise NotImplementedError

    @property
    def base_url(self) -> str:
        """The address, without a slash at the end. Raises RuntimeError unless started."""
        if self._server is None:
            raise RuntimeError("the source server is not started")
        return f"http://127.0.0.1:{self._server.server_port}{self._prefix}"

    def start(self) -> None:
        """Listen and answer until `stop`. Raises OSError if the port is taken."""
        if self._server is None:
            self._server = self._listen()
            self._thread = threading.Thread(
                target=self._server.serve_forever, args=(0.05,), name="source-server", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Close the port; connections still open end with their current answer."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = self._thread = None

    def __enter__(self) -> Self:
        """Start and return the server."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the server."""
        self.stop()
