"""Serves an invented Trakt over loopback HTTP like the real host.

with TraktServer(titles=1000, day=2) as server:
    requests.get(server.base_url + "/comments/recent/all/all", headers=REQUIRED)
    assert server.traffic.bans == 0
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import ceil

from include.sample.api.answers import NO_BODY, ApiRequest, SampleAnswer
from include.sample.api.server import SampleApiServer
from include.sample.api.traffic import Limits
from include.sample.maker import DEFAULT_SEED, DEFAULT_TITLES
from include.sample.randomness import words
from include.sample.trakt.api import SampleTraktApi
from include.sample.trakt.pages import JSON
from include.sample.trakt.truth import TraktTruth
from include.sample.trakt.world import SampleTraktWorld

TRAKT_LIMITS = Limits(per_period=500, period=300, ban=300)
REQUIRED = {
    "trakt-api-key": "any",
    "trakt-api-version": "2",
    "User-Agent": "sample/1",
    "Content-Type": "application/json",
}
"""Headers without which Trakt refuses a request."""
_WORDS = frozenset(
    words(
        "movies shows seasons episodes comments recent updates trending popular all reviews "
        "shouts lists newest oldest likes replies highest lowest plays item reactions summary "
        "ratings stats id"
    )
)
"""What a path has beside ids."""
_CLOUDFLARE = (
    b"<html><head><title>Error 1015</title></head><body>You are being rate limited</body></html>"
)


class TraktLike(SampleApiServer):
    """What the invented Trakt and a replayed one have in common."""

    def __init__(
        self,
        answer: Callable[[ApiRequest], SampleAnswer],
        port: int,
        limits: Limits | None = None,
        *,
        key: str | None = None,
        cloudflare: bool = False,
    ) -> None:
        """With `key` None any key is right; with `cloudflare` a ban is a page of HTML."""
        super().__init__(answer, port, limits or TRAKT_LIMITS)
        self._key = key
        self._cloudflare = cloudflare

    def answer(self, request: ApiRequest) -> SampleAnswer:
        """Return the answer, or 304 where the client has it."""
        found = super().answer(request)
        etag = found.headers.get("ETag")
        if found.status == 200 and etag and request.headers.get("if-none-match") == etag:
            return replace(found, status=304, body=b"")
        return found

    def refusal(self, request: ApiRequest) -> SampleAnswer | None:
        """Return 403 without a key or a name of the client, and 412 without a version."""
        key = request.headers.get("trakt-api-key")
        if not key or self._key not in {None, key} or not request.headers.get("user-agent"):
            return SampleAnswer(403, b"", NO_BODY)
        if request.headers.get("trakt-api-version") != "2":
            return SampleAnswer(412, b"", NO_BODY)
        return None

    def endpoint(self, request: ApiRequest) -> str:
        """Return the path with ids and numbers left out."""
        parts = request.path.strip("/").split("/")
        return "/" + "/".join(part if part in _WORDS else "{id}" for part in parts)

    def banned(self) -> SampleAnswer:
        """Return 429 as the API sends it, or as the CDN before it does."""
        limits = self.traffic.limits
        seconds = self.traffic.banned_for
        headers = {"Retry-After": str(max(ceil(seconds), 1))}
        if self._cloudflare:
            return SampleAnswer(429, _CLOUDFLARE, NO_BODY, headers)
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        headers["X-Ratelimit"] = json.dumps(
            {
                "name": "UNAUTHED_API_GET_LIMIT",
                "period": limits.period,
                "limit": limits.per_period,
                "remaining": 0,
                "until": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        )
        return SampleAnswer(429, b'{"error":"rate limit exceeded"}', JSON, headers)


class TraktServer(TraktLike):
    """The movies and shows of the IMDb sample of this size and seed, with invented comments."""

    def __init__(
        self,
        titles: int = DEFAULT_TITLES,
        day: int = 1,
        seed: int = DEFAULT_SEED,
        port: int = 0,
        *,
        today: date | None = None,
        key: str | None = None,
        limits: Limits | None = None,
        cloudflare: bool = False,
    ) -> None:
        """`today` is the date of the day, in answers and of what is new (default: today, UTC).

        Raises ValueError for a size or a day that cannot be made.
        """
        self.today = today or datetime.now(UTC).date()
        self.world = SampleTraktWorld(titles, day, seed, self.today)
        self.api = SampleTraktApi.of(self.world)
        self.truth = TraktTruth(self.api.bodies)
        super().__init__(self.api.answer, port, limits, key=key, cloudflare=cloudflare)
