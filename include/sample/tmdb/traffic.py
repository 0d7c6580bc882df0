"""Counts requests and refuses those above the rate, as TMDb's CDN does."""

import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from include.sample.tmdb.answers import ApiRequest


@dataclass(frozen=True)
class Limits:
    """What the CDN lets pass; more is answered by 429. None is no limit."""

    per_second: int | None = 50
    connections: int | None = 20


UNLIMITED = Limits(None, None)


@dataclass
class Traffic:
    """What a server was asked. All methods may be called from several threads."""

    limits: Limits = Limits()
    endpoints: Counter[str] = field(default_factory=Counter)
    """Requests per endpoint, such as /movie/{id}, without those that were banned."""
    requests: Counter[str] = field(default_factory=Counter)
    """How often each path with its query was answered by 200 or 404."""
    statuses: Counter[int] = field(default_factory=Counter)
    most_per_second: int = 0
    most_at_once: int = 0
    most_connections: int = 0
    bans: int = 0
    keys_in_urls: int = 0
    _recent: deque[float] = field(default_factory=deque)
    _at_once: int = 0
    _connections: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def total(self) -> int:
        """All requests, also those that were refused."""
        return sum(self.statuses.values())

    @property
    def repeated(self) -> dict[str, int]:
        """The requests that were answered by 200 or 404 more than once."""
        return {name: count for name, count in self.requests.items() if count > 1}

    def connect(self, step: int) -> None:
        """Count a connection opened (1) or closed (-1)."""
        with self._lock:
            self._connections += step
            self.most_connections = max(self.most_connections, self._connections)

    def begin(self, request: ApiRequest) -> bool:
        """Count a request that came in; False if it is above the limits."""
        now = time.monotonic()
        with self._lock:
            self._recent.append(now)
            while self._recent[0] <= now - 1:
                self._recent.popleft()
            self._at_once += 1
            self.most_per_second = max(self.most_per_second, len(self._recent))
            self.most_at_once = max(self.most_at_once, self._at_once)
            self.keys_in_urls += "api_key" in request.query
            limits = self.limits
            banned = _above(len(self._recent), limits.per_second) or _above(
                self._connections, limits.connections
            )
            self.bans += banned
            self.endpoints[request.endpoint] += not banned
            return not banned

    def end(self, request: ApiRequest, status: int, whole: bool) -> None:
        """Count an answer just before it is sent; `whole` unless it is cut or reset."""
        with self._lock:
            self._at_once -= 1
            self.statuses[status] += 1
            if whole and status in {200, 404}:
                self.requests[request.name] += 1

    def summary(self) -> dict[str, Any]:
        """Return the figures as JSON, without the single requests."""
        with self._lock:
            return {
                "total": self.total,
                "endpoints": dict(self.endpoints),
                "statuses": {str(status): count for status, count in self.statuses.items()},
                "most_per_second": self.most_per_second,
                "most_at_once": self.most_at_once,
                "most_connections": self.most_connections,
                "bans": self.bans,
                "keys_in_urls": self.keys_in_urls,
                "repeated": len(self.repeated),
            }

    def clear(self) -> None:
        """Set the counts to zero."""
        with self._lock:
            for counts in (self.endpoints, self.requests, self.statuses):
                counts.clear()
            self._recent.clear()
            self.most_per_second = self.most_at_once = self.most_connections = 0
            self.bans = self.keys_in_urls = 0


def _above(count: int, limit: int | None) -> bool:
    return limit is not None and count > limit
