"""A small API of Trakt on loopback: a test defines its comments and faults, and runs the sync."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from trakt_pipeline.config import TraktSettings
from trakt_pipeline.steps import TraktRun
from trakt_pipeline.sync import TraktSync

CLIENT_ID = "not-a-key-of-anybody+="
NOW = datetime(2031, 3, 3, 6, tzinfo=UTC)

Answer = tuple[int, dict[str, str], bytes]


def comment(number: int, **changed: Any) -> dict[str, Any]:
    """A comment that keeps to the contract."""
    made = (datetime(2031, 1, 1, tzinfo=UTC) + timedelta(minutes=number)).strftime(
        "%Y-%m-%dT%H:%M:%S.000Z"
    )
    plain = {
        "id": number,
        "comment": f"Five words on number {number}.",
        "spoiler": False,
        "review": False,
        "parent_id": 0,
        "created_at": made,
        "updated_at": made,
        "replies": 0,
        "likes": number % 5,
        "user_rating": 7,
        "language": "en",
        "user_stats": {"rating": 7, "play_count": 1, "completed_count": 1},
        "user": user(number % 7),
    }
    return plain | changed


def user(number: int, **changed: Any) -> dict[str, Any]:
    """An author with a name that is found nowhere else."""
    return {
        "username": f"SecretName{number}",
        "private": False,
        "deleted": False,
        "name": f"Zebulon Q{number}",
        "vip": False,
        "vip_ep": False,
        "director": False,
        "ids": {"slug": f"secretname{number}"},
    } | changed


def entry(made: dict[str, Any], title_id: int = 1) -> dict[str, Any]:
    """The comment in the entry of a feed, about a movie."""
    return {"type": "movie", "movie": {"title": "A", "ids": {"trakt": title_id}}, "comment": made}


def entries(numbers: range | list[int], **changed: Any) -> list[dict[str, Any]]:
    """Entries of plain comments."""
    return [entry(comment(number, **changed), number % 3 + 1) for number in numbers]


@dataclass(slots=True)
class SmallTrakt:
    """What the API answers. `lists` are served in pages of at most `longest`; `things` whole.

    `hidden` are ids that are counted and not sent. `faults` are answers that are given first, once
    each; `failing` are paths with pages that are answered with an error; `pages` are those with an
    answer of their own. `before_page` is called with path and page before a page is served.
    """

    lists: dict[str, list[Any]] = field(default_factory=dict)
    things: dict[str, Answer] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)
    faults: list[Answer] = field(default_factory=list)
    failing: set[tuple[str, int | None]] = field(default_factory=set)
    pages: dict[tuple[str, int | None], Answer] = field(default_factory=dict)
    longest: int = 250
    now: datetime = NOW
    before_page: Callable[[str, int], object] = lambda *_: None
    asked: list[tuple[str, int | None]] = field(default_factory=list)
    heads: list[Mapping[str, str]] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)
    base_url: str = ""

    def pages_of(self, path: str) -> list[int | None]:
        """The pages of a list that were asked for, in order."""
        return [page for found, page in self.asked if found == path]

    def answer(self, target: str) -> Answer:
        """The answer to a request."""
        address = urlsplit(target)
        query = {key: values[0] for key, values in parse_qs(address.query).items()}
        path, page = address.path.strip("/"), int(query.get("page", 0)) or None
        self.asked.append((path, page))
        if self.faults:
            return self.faults.pop(0)
        if (path, page) in self.failing:
            return 500, {"Content-Type": "text/html"}, b""
        if (path, page) in self.pages:
            return self.pages[path, page]
        if path in self.things:
            return self.things[path]
        if path not in self.lists:
            return 404, {"Content-Type": "text/html"}, b""
        self.before_page(path, page or 1)
        return self._page(path, page or 1, int(query.get("limit", 10)))

    def _page(self, path: str, page: int, limit: int) -> Answer:
        items, limit = self.lists[path], min(limit, self.longest)
        here = items[(page - 1) * limit : page * limit]
        shown = [each for each in here if _number(each) not in self.hidden]
        headers = {
            "X-Pagination-Page": str(page),
            "X-Pagination-Limit": str(limit),
            "X-Pagination-Page-Count": str(-(-len(items) // limit)),
            "X-Pagination-Item-Count": str(len(items)),
        }
        return 200, headers, json.dumps(shown).encode()


def _number(item: Any) -> Any:
    return item.get("comment", item).get("id") if "type" in item else item.get("id")


@contextmanager
def small_trakt(**lists: list[Any]) -> Iterator[SmallTrakt]:
    """The API with these feeds, on loopback."""
    trakt = SmallTrakt({f"comments/{name}/all/all": items for name, items in lists.items()})
    answering = threading.Lock()

    class TraktHandler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with answering:
                trakt.arrivals.append(time.monotonic())
                trakt.heads.append(dict(self.headers))
                status, headers, body = trakt.answer(self.path)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            if headers.get("Content-Length", str(len(body))) != str(len(body)):
                self.close_connection = True

        def date_time_string(self, timestamp: float | None = None) -> str:
            return format_datetime(trakt.now, usegmt=True)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), TraktHandler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        trakt.base_url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield trakt
        finally:
            server.shutdown()
            thread.join()


def settings(base_url: str, **changed: Any) -> TraktSettings:
    """Settings of a run without a limit, that does not wait long before it tries again."""
    plain = TraktSettings(
        base_url=base_url,
        client_id=CLIENT_ID,
        source_name="sample",
        max_requests=0,
        tries=2,
        backoff_start=0.0,
        server_error_pause=0.0,
        ban_pause=0.0,
        read_timeout=5.0,
    )
    return replace(plain, **changed)


def sync(url: str, base_url: str, run_id: str = "run", **changed: Any) -> TraktSync:
    """The steps of a run."""
    return TraktSync(TraktRun(url, settings(base_url, **changed), "trakt_pipeline", run_id))
