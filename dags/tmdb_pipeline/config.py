"""TMDb's kinds of things, its datasets, and the settings of a run as the environment gives them.

Another kind of thing is one entry in `KINDS` (with its contracts, raw table and models).
The endpoints are documented at https://developer.themoviedb.org/reference.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from warehouse.errors import PermanentError
from warehouse.http.api_client import check_address
from warehouse.http.api_policy import ApiPolicy
from warehouse.http.contracts import Contract
from warehouse.http.download_policy import USER_AGENT
from warehouse.raw.api_batch import ApiDataset
from warehouse.raw.settings import check_key, key_of, origin_of, read_settings

SOURCE = "tmdb"
PREFIX = "TMDB_"
TMDB_HOST = "api.themoviedb.org"
TMDB_BASE_URL = f"https://{TMDB_HOST}/3"
# Titles and names of genres change with it; it is kept with every answer.
LANGUAGE = "en-US"
# What TMDb serves of a list, whatever number of pages it says it has.
MOST_PAGES = 500
# The longest window of changes that it answers for, in days.
LONGEST_WINDOW = 14

MOVIES = ApiDataset(SOURCE, "movies", "tmdb_movies", ("movie_id",))
SHOWS = ApiDataset(SOURCE, "shows", "tmdb_shows", ("show_id",))
PEOPLE = ApiDataset(SOURCE, "people", "tmdb_people", ("person_id",))
GENRES = ApiDataset(SOURCE, "genres", "tmdb_genres", ("kind",))
LISTS = ApiDataset(SOURCE, "lists", "tmdb_lists", ("kind", "page"))
CHANGES = ApiDataset(SOURCE, "changes", "tmdb_changes", ("kind", "start_date", "end_date", "page"))
MEASURES = ApiDataset(
    SOURCE, "measures", "tmdb_measures", ("media_type", "id", "observed_on"), appended=False
)


@dataclass(frozen=True, slots=True)
class MediaKind:
    """A kind of thing: its name in the API, its dataset, what its details are asked with.

    `credits` is the appended part that names people; `group` is what the Asset of the kind is
    called; with `genres` it has a list of genres.
    """

    name: str
    dataset: ApiDataset
    group: str
    appended: tuple[str, ...]
    credits: str | None = None
    genres: bool = False


KINDS: tuple[MediaKind, ...] = (
    MediaKind(
        "movie", MOVIES, "films", ("credits", "external_ids", "keywords"), "credits", genres=True
    ),
    MediaKind(
        "tv",
        SHOWS,
        "shows",
        ("aggregate_credits", "external_ids", "keywords"),
        "aggregate_credits",
        genres=True,
    ),
    MediaKind("person", PEOPLE, "people", ("combined_credits", "external_ids")),
)
DATASETS = (*(kind.dataset for kind in KINDS), GENRES, LISTS, CHANGES, MEASURES)
KIND_NAMES: tuple[str, ...] = tuple(kind.name for kind in KINDS)


def kind_named(name: str) -> MediaKind:
    """Return the kind called `name` ("movie"); raise `PermanentError` for any other."""
    for kind in KINDS:
        if kind.name == name:
            return kind
    raise PermanentError(f"{name!r} is not a kind; they are {', '.join(KIND_NAMES)}.")


@cache
def contract(name: str) -> Contract:
    """Return the contract in contracts/<name>.json."""
    return Contract(Path(__file__).parent / "contracts" / f"{name}.json")


_ABOVE_ZERO = frozenset(
    {"max_at_once", "connect_timeout", "read_timeout", "tries", "follow_days", "give_up_after"}
)
_AT_MOST = {"max_quarantined_share": 1, "lock_patience": 400, "max_at_once": 50}


@dataclass(frozen=True, slots=True)
class TmdbSettings:
    """How a run behaves. Every field is read from the environment variable `TMDB_<FIELD>`.

    Times are in seconds unless their name says days. `read_token` is TMDb's API read access token;
    it goes into the header of requests only. `read_token_file` names a file that holds it.
    `source_name` names the place that `base_url` is; answers from one place are one history.

    `max_per_second` (0: no limit) and `max_at_once` limit the requests of all processes together.
    A thing that is followed is asked for again after `follow_days`, on its day of a cycle of as
    many days; `people_per_title` is how many of a title's cast are followed, too. Bodies that were
    not confirmed for `keep_bodies_days` are deleted. A run ends where more than
    `max_quarantined_share` of its items break their contract, and details end after
    `give_up_after` things in a row that could not be had.
    """

    base_url: str = TMDB_BASE_URL
    read_token: str = field(default="", repr=False)
    read_token_file: str = ""
    source_name: str = ""
    user_agent: str = USER_AGENT
    max_per_second: float = 30.0
    max_at_once: int = 10
    follow_days: int = 14
    people_per_title: int = 5
    keep_bodies_days: int = 180
    max_quarantined_share: float = 0.01
    give_up_after: int = 20
    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    tries: int = 5
    backoff_start: float = 1.0
    backoff_limit: float = 60.0
    lock_patience: float = 300.0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "TmdbSettings":
        """Read the settings; raise `PermanentError` naming the variable that does not parse.

        No message holds the token.
        """
        settings = read_settings(
            cls(), PREFIX, environment, above_zero=_ABOVE_ZERO, at_most=_AT_MOST
        )
        check_address(settings.base_url, PREFIX)
        settings.origin  # noqa: B018 - raises where there is none
        return settings

    @property
    def origin(self) -> str:
        """The name of the place that answers.

        Raises `PermanentError` where the address is not TMDb's own and has no name.
        """
        return origin_of(
            self.base_url,
            self.source_name,
            own_host=TMDB_HOST,
            source=SOURCE,
            title="TMDb",
            prefix=PREFIX,
        )

    def with_token(self, token: str) -> "TmdbSettings":
        """Return the settings with `token` where they have none."""
        return self if self.token else replace(self, read_token=token.strip())

    @property
    def token(self) -> str:
        """The token of the setting or of its file; "" where there is none.

        Raises `PermanentError` where the file cannot be read.
        """
        return key_of(self.read_token, self.read_token_file, "TMDB_READ_TOKEN_FILE")

    @property
    def requests_in_period(self) -> int:
        """How many requests may begin in a `period`; 0 where there is no limit."""
        return max(1, int(self.max_per_second)) if self.max_per_second else 0

    @property
    def period(self) -> float:
        """The seconds in which `requests_in_period` may begin: one, or a little more."""
        return self.requests_in_period / self.max_per_second if self.max_per_second else 1.0

    @property
    def api_policy(self) -> ApiPolicy:
        """How the generic client is to ask. Raises `PermanentError` without a usable token."""
        token = self.token
        check_key(
            token,
            "TMDb",
            "Set TMDB_READ_TOKEN (or TMDB_READ_TOKEN_FILE, or the "
            "password of the Airflow connection `tmdb`) to the API read access token of your "
            "account.",
        )
        return ApiPolicy(
            base_url=self.base_url,
            token=token,
            settings_prefix=PREFIX,
            connect_timeout=self.connect_timeout,
            read_timeout=self.read_timeout,
            tries=self.tries,
            backoff_start=self.backoff_start,
            backoff_limit=self.backoff_limit,
            at_once=self.max_at_once,
            user_agent=self.user_agent,
        )
