"""Serves an invented TMDb, or recorded answers, over loopback HTTP like the real host.

with TmdbServer(titles=1000, day=2) as server:
    requests.get(server.base_url + "/movie/popular", headers={"Authorization": "Bearer any"})
    assert server.traffic.bans == 0
"""

import json
import socket
import struct
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from include.sample.loopback import LoopbackServer, Running
from include.sample.maker import DEFAULT_SEED, DEFAULT_TITLES
from include.sample.tmdb.answers import Answer, ApiRequest
from include.sample.tmdb.api import SampleApi
from include.sample.tmdb.faults import Faults
from include.sample.tmdb.replay import Replay
from include.sample.tmdb.traffic import Limits, Traffic
from include.sample.tmdb.world import World

VERSION = "/3"
COUNTERS = "/counters"
"""Beside the API, without a token: the counts as JSON, for other processes."""


class ApiServer(Running["_Server"]):
    """A server on 127.0.0.1 that answers by a function; also a context manager."""

    def __init__(
        self, answer: Callable[[ApiRequest], Answer], port: int, token: str | None, limits: Limits
    ) -> None:
        """With `token` None any token is right; port 0 takes any free one."""
        super().__init__(VERSION)
        self.traffic = Traffic(limits)
        self.faults = Faults()
        self._answer = answer
        self._port = port
        self._token = token

    def _listen(self) -> "_Server":
        return _Server(self, self._port)

    def answer(self, request: ApiRequest, authorization: str | None) -> Answer:
        """Return the answer to a request below the limits."""
        token = request.query.get("api_key") or (authorization or "").removeprefix("Bearer ")
        if authorization and not authorization.startswith("Bearer "):
            token = ""
        if not token or self._token not in {None, token}:
            return Answer.error(7)
        return self.faults.apply(request, self._answer)


class TmdbServer(ApiServer):
    """The movies, shows and people of the IMDb sample of the same size, day and seed."""

    def __init__(
        self,
        titles: int = DEFAULT_TITLES,
        day: int = 1,
        seed: int = DEFAULT_SEED,
        port: int = 0,
        *,
        today: date | None = None,
        token: str | None = None,
        limits: Limits | None = None,
    ) -> None:
        """`today` is the date of the day for the changes feed (default: today, UTC).

        Raises ValueError for a size or a day that cannot be made.
        """
        self.world = World(titles, day, seed)
        self.today = today or datetime.now(UTC).date()
        self.api = SampleApi.of(self.world, self.today)
        super().__init__(self.api.answer, port, token, limits or Limits())


class ReplayServer(ApiServer):
    """Recorded answers from a folder."""

    def __init__(
        self,
        folder: Path,
        recordings: Mapping[str, str],
        port: int = 0,
        *,
        token: str | None = None,
        limits: Limits | None = None,
    ) -> None:
        """See `Replay` for `recordings`. Raises FileNotFoundError."""
        super().__init__(Replay(folder, recordings).answer, port, token, limits or Limits())


class _Server(LoopbackServer):
    def __init__(self, api: ApiServer, port: int) -> None:
        self.api = api
        super().__init__(port, _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "SampleTmdb"
    sys_version = ""
    timeout = 60  # seconds that an idle connection is kept
    wbufsize = -1  # headers and body in one packet
    disable_nagle_algorithm = True
    server: _Server

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
        """Answer as the API does, within the limits and with the faults of the server."""
        api = self.server.api
        if self.path == COUNTERS:
            self._send(Answer(200, json.dumps(api.traffic.summary()).encode()))
            return
        if not self.path.startswith(f"{VERSION}/"):
            self._send(Answer.error(34))
            return
        request = ApiRequest.parse(self.path.removeprefix(VERSION))
        answer = Answer.error(11)
        try:
            if not api.traffic.begin(request):
                answer = Answer.error(25)
            else:
                answer = api.answer(request, self.headers.get("Authorization"))
                time.sleep(answer.delay)
        finally:
            whole = answer.sent is None and not answer.reset
            api.traffic.end(request, answer.status, whole)
        self._send(answer)

    def log_message(self, *_: object) -> None:
        """Log nothing: a URL may hold a key."""

    def _send(self, answer: Answer) -> None:
        if answer.reset:
            self._reset()
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
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
