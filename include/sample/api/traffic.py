"""Counts requests and refuses those above a rate, as the CDN of an API does."""

import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from include.sample.api.answers import ApiRequest


@dataclass(frozen=True)
class Limits:
    """What the CDN lets pass; more is answered by 429. None is no limit."""

    per_second: int | None = None
    connections: int | None = None
    per_period: int | None = None
    period: float = 300
    """Seconds, of which any stretch is looked at."""
    ban: float = 0
    """Seconds for which all is refused, once more than `per_period` came."""


UNLIMITED = Limits()


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
    most_per_period: int = 0
    """The most requests in any stretch of the limits' period."""
    most_at_once: int = 0
    most_connections: int = 0
    bans: int = 0
    """Requests that were refused."""
    ban_times: int = 0
    """How often a time began in which all is refused."""
    keys_in_urls: int = 0
    _second: deque[float] = field(default_factory=deque)
    _period: deque[float] = field(default_factory=deque)
    _banned_until: float = 0
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

    @property
    def banned_for(self) -> float:
        """The seconds for which all is still refused; 0 where nothing is."""
        return max(self._banned_until - time.monotonic(), 0)

    def begin(self, request: ApiRequest, endpoint: str) -> bool:
        """Count a request that came in; False if it is above the limits."""
        now = time.monotonic()
        limits = self.limits
        with self._lock:
            per_second = _count(self._second, now, 1)
            per_period = _count(self._period, now, limits.period)
            self._at_once += 1
            self.most_per_second = max(self.most_per_second, per_second)
            self.most_per_period = max(self.most_per_period, per_period)
            self.most_at_once = max(self.most_at_once, self._at_once)
            self.keys_in_urls += "api_key" in request.query
            banned = now < self._banned_until
            if not banned and _above(per_period, limits.per_period):
                banned = True
                self.ban_times += 1
                self._banned_until = now + limits.ban
            banned = (
                banned
                or _above(per_second, limits.per_second)
                or _above(self._connections, limits.connections)
            )
            self.bans += banned
            self.endpoints[endpoint] += not banned
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
                "most_per_period": self.most_per_period,
                "most_at_once": self.most_at_once,
                "most_connections": self.most_connections,
                "bans": self.bans,
                "ban_times": self.ban_times,
                "keys_in_urls": self.keys_in_urls,
                "repeated": len(self.repeated),
            }

    def clear(self) -> None:
        """Set the counts to zero."""
        with self._lock:
            for counts in (self.endpoints, self.requests, self.statuses):
                counts.clear()
            self._second.clear()
            self._period.clear()
            self._banned_until = 0
            self.most_per_second = self.most_per_period = 0
            self.most_at_once = self.most_connections = 0
            self.bans = self.ban_times = self.keys_in_urls = 0


def _count(times: deque[float], now: float, seconds: float) -> int:
    """Return how many times there are in the last seconds, with this one."""
    times.append(now)
    while times[0] <= now - seconds:
        times.popleft()
    return len(times)


def _above(count: int, limit: int | None) -> bool:
    return limit is not None and count > limit
