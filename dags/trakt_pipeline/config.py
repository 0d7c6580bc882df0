"""Trakt's datasets, and the settings of a run as the environment gives them.

The API is documented at https://trakt.docs.apiary.io.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from warehouse.http.api_client import check_address
from warehouse.http.api_policy import ApiPolicy
from warehouse.http.contracts import Contract
from warehouse.http.download_policy import USER_AGENT
from warehouse.raw.api_batch import ApiDataset
from warehouse.raw.settings import check_key, key_of, origin_of, read_settings

SOURCE = "trakt"
PREFIX = "TRAKT_"
TRAKT_HOST = "api.trakt.tv"
TRAKT_BASE_URL = f"https://{TRAKT_HOST}"
API_VERSION = "2"
# Requests name no language: `?language=` filters lists.
LANGUAGE = "all"
# What Trakt gives at most on a page, whatever is asked for.
PAGE_LENGTH = 250

COMMENTS = ApiDataset(SOURCE, "comments", "trakt_comments", ("comment_id",), appended=False)
VERSIONS = ApiDataset(
    SOURCE,
    "comment_versions",
    "trakt_comment_versions",
    ("comment_id", "content_hash"),
    appended=False,
)
MEASURES = ApiDataset(
    SOURCE,
    "comment_measures",
    "trakt_comment_measures",
    ("comment_id", "observed_on"),
    appended=False,
)
TITLES = ApiDataset(SOURCE, "titles", "trakt_titles", ("level", "title_id"))
SEASONS = ApiDataset(SOURCE, "seasons", "trakt_seasons", ("title_id",))
RATINGS = ApiDataset(SOURCE, "ratings", "trakt_ratings", ("level", "title_id"))
STATS = ApiDataset(SOURCE, "stats", "trakt_stats", ("level", "title_id"))
COMMENT_DATASETS = (COMMENTS, VERSIONS, MEASURES)
DATASETS = (*COMMENT_DATASETS, TITLES, SEASONS, RATINGS, STATS)


@cache
def contract(name: str) -> Contract:
    """Return the contract in contracts/<name>.json."""
    return Contract(Path(__file__).parent / "contracts" / f"{name}.json")


_ABOVE_ZERO = frozenset(
    {
        *("period_seconds", "max_at_once", "connect_timeout", "read_timeout", "tries"),
        *("rescan_days", "feed_pages", "give_up_after"),
    }
)
_AT_MOST = {"max_quarantined_share": 1, "lock_patience": 400, "max_at_once": 50}


@dataclass(frozen=True, slots=True)
class TraktSettings:
    """How a run behaves. Every field is read from the environment variable `TRAKT_<FIELD>`.

    Times are in seconds unless their name says days. `client_id` is the id of the application that
    Trakt gave out; it goes into a header of requests only. `client_id_file` names a file that
    holds it. `source_name` names the place that `base_url` is; answers from one place are one
    history.

    At most `max_requests` (0: no limit) begin in any `period_seconds`, and `max_at_once` are open,
    of all processes together. Each unit is scanned again once in `rescan_days`. Texts of comments
    are deleted after `keep_text_days`. A feed is walked through at most `feed_pages` pages.
    `user_key` is the key of the hash that stands for a user; without it, the warehouse makes one.
    A run ends where more than `max_quarantined_share` of its items break their contract, and a
    step after `give_up_after` things in a row that could not be had. A request that a server error
    ended is sent again after at least `server_error_pause`; after an answer 429 that does not say
    how long to wait, all requests wait for `ban_pause`, and never for longer than `longest_pause`.
    """

    base_url: str = TRAKT_BASE_URL
    client_id: str = field(default="", repr=False)
    client_id_file: str = ""
    source_name: str = ""
    user_agent: str = USER_AGENT
    user_key: str = field(default="", repr=False)
    max_requests: int = 450
    period_seconds: float = 300.0
    max_at_once: int = 4
    rescan_days: int = 14
    keep_text_days: int = 90
    feed_pages: int = 40
    max_quarantined_share: float = 0.01
    give_up_after: int = 20
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    tries: int = 5
    backoff_start: float = 1.0
    backoff_limit: float = 60.0
    server_error_pause: float = 30.0
    ban_pause: float = 300.0
    longest_pause: float = 600.0
    lock_patience: float = 300.0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "TraktSettings":
        """Read the settings; raise `PermanentError` naming the variable that does not parse.

        No message holds a key.
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

        Raises `PermanentError` where the address is not Trakt's own and has no name.
        """
        return origin_of(
            self.base_url,
            self.source_name,
            own_host=TRAKT_HOST,
            source=SOURCE,
            title="Trakt",
            prefix=PREFIX,
        )

    def with_key(self, key: str) -> "TraktSettings":
        """Return the settings with `key` as the client id where they have none."""
        return self if self.key else replace(self, client_id=key.strip())

    @property
    def key(self) -> str:
        """The client id of the setting or of its file; "" where there is none.

        Raises `PermanentError` where the file cannot be read.
        """
        return key_of(self.client_id, self.client_id_file, "TRAKT_CLIENT_ID_FILE")

    @property
    def api_policy(self) -> ApiPolicy:
        """How the generic client is to ask. Raises `PermanentError` without a usable key."""
        key = self.key
        check_key(
            key,
            "Trakt",
            "Set TRAKT_CLIENT_ID (or TRAKT_CLIENT_ID_FILE, or the "
            "password of the Airflow connection `trakt`) to the client id of your application.",
        )
        return ApiPolicy(
            base_url=self.base_url,
            token="",
            settings_prefix=PREFIX,
            connect_timeout=self.connect_timeout,
            read_timeout=self.read_timeout,
            tries=self.tries,
            backoff_start=self.backoff_start,
            backoff_limit=self.backoff_limit,
            longest_pause=self.longest_pause,
            server_error_pause=self.server_error_pause,
            ban_pause=self.ban_pause,
            at_once=self.max_at_once,
            user_agent=self.user_agent,
            headers={
                "Content-Type": "application/json",
                "trakt-api-version": API_VERSION,
                "trakt-api-key": key,
            },
            empty_statuses=frozenset({404}),
            key_setting="CLIENT_ID",
        )
