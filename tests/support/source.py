"""A source of files on loopback that answers as the test says, and keeps the requests.

Each request takes the next answer of the script; an unexpected request gets 418, which
nothing retries. `versions_of` answers as a good server does.
"""

import gzip
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

JUNE = "Mon, 02 Jun 2031 05:04:03 GMT"
JULY = "Wed, 02 Jul 2031 05:04:03 GMT"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `sent` bytes of the body go out, then the line is cut, or stays silent (`stall`).

    `Content-Length` is that of the whole body; with `length=False` there is none, and the end of
    the connection is the end of the body.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: int | None = None
    stall: bool = False
    length: bool = True


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came."""

    method: str
    path: str
    headers: Message


Reply = Answer | Callable[[Request], Answer]


class FaultySource:
    """The server: `script` the answers to come, `requests` what was asked so far."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/files"
        self.requests: list[Request] = []
        self._script: list[Reply] = []
        self._always: Reply | None = None
        self.test_is_over = threading.Event()

    def answers(self, *replies: Reply) -> None:
        """Give these answers to the next requests, one each, after those that are still due."""
        self._script.extend(replies)

    def always(self, reply: Reply) -> None:
        """Give this answer whenever the script is at its end."""
        self._always = reply

    def reply(self, request: Request) -> Answer:
        """Note the request and return its answer."""
        self.requests.append(request)
        due = self._script.pop(0) if self._script else self._always
        if due is None:
            return Answer(418, b"this request was not expected")
        return due if isinstance(due, Answer) else due(request)


def file(body: bytes, *, etag: str | None = '"one"', modified: str | None = JUNE) -> Answer:
    """The whole file, with its validators."""
    validators = {"ETag": etag, "Last-Modified": modified, "Accept-Ranges": "bytes"}
    return Answer(body=body, headers={name: value for name, value in validators.items() if value})


def good_server(
    body: bytes, *, etag: str | None = '"one"', modified: str | None = JUNE
) -> Callable[[Request], Answer]:
    """Answer as RFC 9110 wants it: conditions and one open-ended range (`bytes=n-`)."""
    whole = file(body, etag=etag, modified=modified)

    def reply(request: Request) -> Answer:
        asked = request.headers
        if asked["If-None-Match"]:
            unchanged = asked["If-None-Match"] == etag
        else:
            unchanged = modified is not None and asked["If-Modified-Since"] == modified
        if unchanged:
            return Answer(304, headers=whole.headers)
        if not asked["Range"] or asked["If-Range"] not in {None, etag, modified}:
            return whole
        start = int(asked["Range"].removeprefix("bytes=").removesuffix("-"))
        if start >= len(body):
            return Answer(416, headers={"Content-Range": f"bytes */{len(body)}"})
        place = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}
        return Answer(206, body[start:], {**whole.headers, **place})

    return reply


def cut(answer: Answer, sent: int) -> Answer:
    """The same answer, its line cut after `sent` bytes of the body."""
    return Answer(answer.status, answer.body, answer.headers, sent=sent, length=answer.length)


@contextmanager
def running_source() -> Iterator[FaultySource]:
    """Serve on a free port of 127.0.0.1 until the end of the block."""

    class SourceHandler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = source.reply(Request(self.command, self.path, self.headers))
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.length and answer.status != 304:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body[: answer.sent])
            if answer.stall:
                self.wfile.flush()
                source.test_is_over.wait()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    class FaultyServer(ThreadingHTTPServer):
        daemon_threads = False  # the end waits for them, so none works into the next test

    with FaultyServer(("127.0.0.1", 0), SourceHandler) as server:
        source = FaultySource(server.server_address[1])
        # The default poll of half a second would be paid at the end of every test.
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield source
        finally:
            source.test_is_over.set()
            server.shutdown()
            thread.join()


def packed(plain: bytes) -> bytes:
    """The bytes as gzip, the same at any time."""
    return gzip.compress(plain, mtime=0)
