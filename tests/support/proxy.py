"""A line to a server that breaks: a TCP proxy on loopback that resets after so many bytes."""

import select
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from include.local.layout import LOOPBACK

_AT_ONCE = struct.pack("ii", 1, 0)


class BreakingLine:
    """Listens on `port` and passes on to `target`; each line is reset after `limit` bytes
    from the client."""

    def __init__(self, target: int, limit: int) -> None:
        self.limit = limit
        self.broken = 0
        self._target = target
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port = int(self._listener.getsockname()[1])
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """Stop listening and wait for all lines to end."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection((LOOPBACK, self._target))
                thread = threading.Thread(target=self._pass_on, args=(client, server))
                self._threads.append(thread)
                thread.start()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        sent = 0
        with client, server, suppress(OSError):
            while True:
                for source in select.select([client, server], [], [])[0]:
                    data = source.recv(1024)
                    if not data:
                        return
                    sent += len(data) if source is client else 0
                    if sent > self.limit:
                        self.broken += 1
                        for end in (client, server):
                            # No goodbye: what is on the way is lost, and both are told so.
                            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                        return
                    (server if source is client else client).sendall(data)


@contextmanager
def breaking_line(target: int, *, limit: int) -> Iterator[BreakingLine]:
    """A proxy of the server at port `target` of loopback, for the block."""
    line = BreakingLine(target, limit)
    try:
        yield line
    finally:
        line.close()
