"""Serves an invented TMDb, or recorded answers, over loopback HTTP like the real host.

with TmdbServer(titles=1000, day=2) as server:
    requests.get(server.base_url + "/movie/popular", headers={"Authorization": "Bearer any"})
    assert server.traffic.bans == 0
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from include.sample.api.answers import ApiRequest, SampleAnswer
from include.sample.api.recordings import Recordings
from include.sample.api.server import SampleApiServer
from include.sample.api.traffic import Limits
from include.sample.maker import DEFAULT_SEED, DEFAULT_TITLES
from include.sample.tmdb.api import SampleApi
from include.sample.tmdb.errors import error
from include.sample.tmdb.world import SampleWorld

TMDB_LIMITS = Limits(per_second=50, connections=20)


class _TmdbLike(SampleApiServer):
    version = "/3"

    def __init__(
        self,
        answer: Callable[[ApiRequest], SampleAnswer],
        port: int,
        token: str | None,
        limits: Limits | None,
    ) -> None:
        """With `token` None any token is right."""
        super().__init__(answer, port, limits or TMDB_LIMITS)
        self._token = token

    def refusal(self, request: ApiRequest) -> SampleAnswer | None:
        """Return TMDb's error where the token is missing or wrong."""
        authorization = request.headers.get("authorization")
        token = request.query.get("api_key") or (authorization or "").removeprefix("Bearer ")
        if authorization and not authorization.startswith("Bearer "):
            token = ""
        return None if token and self._token in {None, token} else error(7)

    def endpoint(self, request: ApiRequest) -> str:
        """Return the path with its id left out."""
        parts = request.path.strip("/").split("/")
        if len(parts) > 1 and (parts[0] == "find" or parts[1][:1].isdigit()):
            parts[1] = "{id}"
        return "/" + "/".join(parts)

    def missing(self) -> SampleAnswer:
        """Return TMDb's 404."""
        return error(34)

    def banned(self) -> SampleAnswer:
        """Return TMDb's 429."""
        return error(25)

    def broken(self) -> SampleAnswer:
        """Return TMDb's 500."""
        return error(11)


class TmdbServer(_TmdbLike):
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
        """`today` is the date of the day, in answers and in the changes feed (default: today, UTC).

        Raises ValueError for a size or a day that cannot be made.
        """
        self.world = SampleWorld(titles, day, seed)
        self.today = today or datetime.now(UTC).date()
        self.api = SampleApi.of(self.world, self.today)
        super().__init__(self.api.answer, port, token, limits)


class ReplayServer(_TmdbLike):
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
        """See `Recordings`. Raises FileNotFoundError."""
        super().__init__(Recordings(folder, recordings, error(34)).answer, port, token, limits)
