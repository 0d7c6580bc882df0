"""How to ask an API: the numbers and the key that a source's settings give."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from warehouse.http.download_policy import USER_AGENT


@dataclass(frozen=True, slots=True)
class ApiPolicy:
    """Where and how to ask. Times are in seconds; the first try counts.

    `token` goes into the header `Authorization: Bearer` and nowhere else; "" sends none. `headers`
    are sent beside it, and may hold a key, too. A request waits for `connect_timeout` and
    `read_timeout`; a failed one is repeated after `backoff_start` seconds, then twice as long each
    time, up to `backoff_limit`, but after a server error not before `server_error_pause`. After a
    429 all requests wait as long as it asks for, or `ban_pause` where it does not say (0:
    `backoff_start`). A server that asks for a longer pause than `longest_pause` is not waited for.

    Answers with a status among `empty_statuses` may have no body; their data is None then.
    `settings_prefix` is how the names of the source's settings begin, `key_setting` the rest of
    the name of the one that holds the key, for messages.
    """

    base_url: str
    token: str = field(repr=False)
    settings_prefix: str
    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    tries: int = 5
    backoff_start: float = 1.0
    backoff_limit: float = 60.0
    longest_pause: float = 120.0
    server_error_pause: float = 0.0
    ban_pause: float = 0.0
    max_bytes: int = 50_000_000
    at_once: int = 10
    user_agent: str = USER_AGENT
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    empty_statuses: frozenset[int] = frozenset()
    key_setting: str = "READ_TOKEN"
