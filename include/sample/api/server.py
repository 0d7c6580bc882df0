"""Serves an invented or a recorded API over loopback HTTP like the real host.

A subclass of `SampleApiServer` says how its API answers, refuses and fails.
"""

import json
import socket
import struct
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler

from include.sample.api.answers import ApiRequest, SampleAnswer, empty
from include.sample.api.faults import Faults
from include.sample.api.traffic import Limits, Traffic
from include.sample.loopback import LoopbackServer, Running

COUNTERS = "/counters"
"""Beside the API, without a token: the counts as JSON, for other processes."""


class SampleApiServer(Running["_Listener"]):
    """A server on 127.0.0.1 that answers by a function; also a context manager."""

    version = ""
    """The path below which the API is, such as /3."""
    today: date | None = None
    """The date of its answers; None for the real one."""

    def __init__(
        self, answer: Callable[[ApiRequest], SampleAnswer], port: int, limits: Limits
    ) -> None:
        """Port 0 takes any free one."""
        super().__init__(self.version)
        self.traffic = Traffic(limits)
        self.faults = Faults()
        self._answer = answer
        self._port = port

    def _listen(self) -> "_Listener":
        return _Listener(self, self._port)

    def answer(self, request: ApiRequest) -> SampleAnswer:
        """Return the answer to a request below the limits."""
        return self.refusal(request) or self.faults.apply(request, self._answer)

    def refusal(self, request: ApiRequest) -> SampleAnswer | None:
        """Return the answer to a request without the headers that must be; None for all others."""
        raise NotImplementedError

    def endpoint(self, request: ApiRequest) -> str:
        """Return the path with its ids left out, under which the request is counted."""
        raise NotImplementedError

    def missing(self) -> SampleAnswer:
        """Return the answer for what does not exist."""
        return empty(404)

    def banned(self) -> SampleAnswer:
        """Return the answer to a request above the limits."""
        return empty(429)

    def broken(self) -> SampleAnswer:
        """Return the answer where the sample itself failed."""
        return empty(500)


class _Listener(LoopbackServer):
    def __init__(self, api: SampleApiServer, port: int) -> None:
        self.api = api
        super().__init__(port, _ApiHandler)


class _ApiHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "SampleApi"
    sys_version = ""
    timeout = 60  # seconds that an idle connection is kept
    wbufsize = -1  # headers and body in one packet
    disable_nagle_algorithm = True
    server: _Listener

    def setup(self) -> None:
        """Count the connection."""
        super().setup()
        self.server.api.traffic.connect(1)

    def finish(self) -> None:
        """Count the connection's end."""
        try:
            super().finish()
        finally:
            self.server.api.traffic.connect(-1)

    def do_GET(self) -> None:
        """SampleAnswer as the API does, within the limits and with the faults of the server."""
        api = self.server.api
        if self.path == COUNTERS:
            self._send(SampleAnswer(200, json.dumps(api.traffic.summary()).encode()))
            return
        if not self.path.startswith(f"{api.version}/"):
            self._send(api.missing())
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = ApiRequest.parse(self.path.removeprefix(api.version), headers)
        answer = api.broken()
        try:
            if not api.traffic.begin(request, api.endpoint(request)):
                answer = api.banned()
            else:
                answer = api.answer(request)
                time.sleep(answer.delay)
        finally:
            whole = answer.sent is None and not answer.reset
            api.traffic.end(request, answer.status, whole)
        self._send(answer)

    def do_POST(self) -> None:
        """Refuse: the API of the sample is only read."""
        self.close_connection = True  # the body is not read
        self._send(empty(405))

    def do_PUT(self) -> None:
        """Refuse as POST."""
        self.do_POST()

    def do_DELETE(self) -> None:
        """Refuse as POST."""
        self.do_POST()

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the time of an answer: the time of this moment on the date of the server's day."""
        now = datetime.now(UTC)
        day = self.server.api.today or now.date()
        moment = datetime.combine(day, now.time(), UTC).timestamp()
        return super().date_time_string(moment if timestamp is None else timestamp)

    def log_message(self, *_: object) -> None:
        """Log nothing: a URL may hold a key."""

    def _send(self, answer: SampleAnswer) -> None:
        if answer.reset:
            self._reset()
            return
        self.send_response_only(answer.status)
        own = {"Server": self.server_version, "Date": self.date_time_string()}
        for name, value in (own | answer.headers).items():
            self.send_header(name, value)
        if answer.status != 304:
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[: answer.sent])
        if answer.sent is not None:
            self.close_connection = True

    def _reset(self) -> None:
        at_once = struct.pack("ii", 1, 0)  # close with a reset, without waiting
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        self.close_connection = True
