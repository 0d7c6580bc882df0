"""How to download: the numbers that a source's settings give."""

from dataclasses import dataclass

USER_AGENT = "film-television-warehouse/0.1 (python-requests)"


@dataclass(frozen=True, slots=True)
class DownloadPolicy:
    """Seconds to wait, tries (the first one counts), bytes that are allowed.

    `settings_prefix` is how the names of the source's settings begin, for messages: the base URL,
    the data folder, `max_bytes` and `user_agent` are <prefix>BASE_URL, <prefix>DATA_DIR,
    <prefix>MAX_BYTES and <prefix>USER_AGENT.
    """

    connect_timeout: float
    read_timeout: float
    tries: int
    backoff_start: float
    backoff_limit: float
    max_bytes: int
    settings_prefix: str
    user_agent: str = USER_AGENT
