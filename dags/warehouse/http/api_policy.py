"""How to ask an API: the numbers and the key that a source's settings give."""

from dataclasses import dataclass, field

from warehouse.http.download_policy import USER_AGENT


@dataclass(frozen=True, slots=True)
class ApiPolicy:
    """Where and how to ask. Times are in seconds; the first try counts.

    `token` goes into the header `Authorization: Bearer` and nowhere else. A request waits for
    `connect_timeout` and `read_timeout`; a failed one is repeated after `backoff_start` seconds,
    then twice as long each time, up to `backoff_limit`. A server that asks for a longer pause than
    `longest_pause` is not waited for. `settings_prefix` is how the names of the source's settings
    begin, for messages.
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
    max_bytes: int = 50_000_000
    at_once: int = 10
    user_agent: str = USER_AGENT
