"""Asks a JSON API: one request at a time per thread, retried, with the key in the header only.

`ApiClient.get` returns an answer that is complete and JSON, or raises. What an answer says is
for the source to judge.
"""

import json
import logging
import re
import threading
import urllib.request
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import requests
import tenacity
import urllib3

from warehouse.errors import PermanentError, SourceRefused, SourceUnavailable, TransientError
from warehouse.http.answers import retry_after
from warehouse.http.api_policy import ApiPolicy
from warehouse.http.rate_limit import NoLimit, RequestLimit, Stopped

__all__ = ["ApiAnswer", "ApiClient", "Stopped", "check_address"]

log = logging.getLogger(__name__)

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_OK = frozenset({200})
# Worth another try (RFC 9110, section 15): timeout, too early, too many, and all server errors.
_TRY_AGAIN = frozenset({408, 425, 429})
_KEY_REFUSED = frozenset({401, 403})
_PROXY_REFUSED = 407
# How http.client reports it where the proxy opens the way to a server for https.
_PROXY_ASKS = re.compile(r"Tunnel connection failed: 407\b")


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """An answer that came whole: `body` as it came (unpacked), `data` the JSON in it.

    `data` is None only for a status that may have an empty body. `url` has no key. `answered_at`
    is the Date of the answer, by the clock of the server. `headers` are found in upper and lower
    case.
    """

    url: str
    status: int
    body: bytes
    data: Any
    answered_at: datetime
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class ApiClient:
    """Asks the API of `policy`, not faster than `limit` allows. Threads can share it.

    `requests` counts what was sent, tries included; `bans` counts answers with the status 429.
    """

    def __init__(
        self,
        policy: ApiPolicy,
        limit: RequestLimit | None = None,
        *,
        stop: threading.Event | None = None,
    ) -> None:
        check_address(policy.base_url, policy.settings_prefix)
        self.policy = policy
        self.stop = stop or threading.Event()
        self.requests = 0
        self.bans = 0
        self._limit = limit or NoLimit()
        self._counting = threading.Lock()
        self._pool = _pool(policy)
        self._headers = {
            **({"Authorization": f"Bearer {policy.token}"} if policy.token else {}),
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": policy.user_agent,
            **policy.headers,
        }

    def get(
        self,
        path: str,
        *,
        expected: Collection[int] = _OK,
        shape: type[dict[str, Any]] | type[list[Any]] = dict,
        **query: str | int,
    ) -> ApiAnswer:
        """Return the answer to a request whose status is among `expected`.

        `shape` is what the JSON of a 200 must be: an object or an array. What can pass is tried
        again: 429 and server errors, timeouts, cut bodies, bodies that are not JSON. Raises
        `SourceUnavailable` after the last try, `SourceRefused` for any other status, and `Stopped`
        when `stop` is set.
        """
        url = f"{self.policy.base_url.rstrip('/')}/{path}"
        if query:
            url = f"{url}?{urlencode(query)}"
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_can_pass),
            stop=tenacity.stop_after_attempt(self.policy.tries),
            wait=self._wait,
            sleep=self._pause,
            before_sleep=_log_retry,
            reraise=True,
        )
        return retrying(self._try_once, url, expected, shape)

    def close(self) -> None:
        """Close the connections to the server."""
        self._pool.clear()

    def _try_once(self, url: str, expected: Collection[int], shape: type[Any]) -> ApiAnswer:
        if self.stop.is_set():
            raise Stopped(f"{url}: not asked, because the work was stopped.")
        with self._limit.request():
            with self._counting:
                self.requests += 1
            status, headers, body = self._ask(url)
        if status not in expected:
            self._raise_for(url, status, headers)
        answered_at = _date(headers.get("Date"))
        if status in self.policy.empty_statuses and not body.strip():
            return ApiAnswer(url, status, body, None, answered_at, headers)
        try:
            data = json.loads(body.decode("utf-8"), parse_constant=_no_json)
        except (ValueError, RecursionError) as error:
            raise SourceUnavailable(
                f"{url}: answered {status} with {len(body):,} bytes that are not JSON."
            ) from error
        if not isinstance(data, shape if status == 200 else dict):
            what = "array" if isinstance(data, dict) else "object"
            raise SourceUnavailable(f"{url}: answered {status} with JSON that is no {what}.")
        return ApiAnswer(url, status, body, data, answered_at, headers)

    def _ask(self, url: str) -> tuple[int, Any, bytes]:
        most = self.policy.max_bytes
        try:
            answer = self._pool.request(
                "GET", url, headers=self._headers, preload_content=False, redirect=False
            )
            try:
                body = answer.read(most + 1, decode_content=True)
            except BaseException:
                answer.close()
                raise
            if len(body) > most:
                answer.close()
                raise SourceUnavailable(f"{url}: the body has more than {most:,} bytes.")
            answer.release_conn()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            # Without its cause: the trace of a library may hold the headers.
            if _PROXY_ASKS.search(reason := _reason(error)):
                raise _proxy_refused(url) from None
            raise SourceUnavailable(f"{url}: {reason}.") from None
        return answer.status, answer.headers, body

    def _raise_for(self, url: str, status: int, headers: Any) -> None:
        prefix = self.policy.settings_prefix
        if status in _TRY_AGAIN or status >= 500:
            pause = self._pause_after(status, retry_after(headers.get("Retry-After")))
            raise SourceUnavailable(f"{url}: answered {status}.", retry_after=pause)
        if status in _KEY_REFUSED:
            raise SourceRefused(
                f"{url}: answered {status}: the key is missing, wrong or blocked. Set "
                f"{prefix}{self.policy.key_setting} to a valid one. What came before is kept."
            )
        if status == _PROXY_REFUSED:
            raise _proxy_refused(url)
        if 300 <= status < 400:
            raise SourceRefused(
                f"{url}: answered {status}, a redirect, and these are not followed. Set "
                f"{prefix}BASE_URL to where the API is."
            )
        raise SourceRefused(f"{url}: answered {status}. Check {prefix}BASE_URL.")

    def _pause_after(self, status: int, asked: float | None) -> float | None:
        """Return the least pause in seconds before the next try; after a 429 all others wait."""
        policy = self.policy
        if status == 429:
            with self._counting:
                self.bans += 1
            pause = asked or policy.ban_pause
            self._limit.pause(min(pause or policy.backoff_start, policy.longest_pause))
            return pause or asked
        if policy.server_error_pause:
            return max(asked or 0.0, policy.server_error_pause)
        return asked

    def _wait(self, state: tenacity.RetryCallState) -> float:
        start, most = self.policy.backoff_start, self.policy.backoff_limit
        backoff = tenacity.wait_exponential(multiplier=start, max=most)(state)
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, TransientError) else None
        if asked is not None and asked > self.policy.longest_pause and error:
            raise error
        return max(backoff + tenacity.wait_random(0, start)(state), asked or 0.0)

    def _pause(self, seconds: float) -> None:
        self.stop.wait(seconds)


def check_address(url: str, settings_prefix: str) -> None:
    """Raise `PermanentError` for an address that would give the key to others than the API."""
    address = urlsplit(url)
    name = f"{settings_prefix}BASE_URL"
    if "@" in address.netloc or address.query or address.fragment:
        raise PermanentError(f"{name} must hold no user, password or query, only an address.")
    local = (address.hostname or "") in _LOOPBACK
    if address.scheme != "https" and not (address.scheme == "http" and local):
        raise PermanentError(
            f"{name} must begin with https://: the key is sent there. Plain http is for loopback "
            f"only. Found {url!r}."
        )


def _pool(policy: ApiPolicy) -> urllib3.PoolManager:
    """Connections that stay open, through the proxy of the environment but for loopback."""
    address = urlsplit(policy.base_url)
    host = address.hostname or ""
    options: dict[str, Any] = {
        "maxsize": policy.at_once,
        "block": True,
        "retries": False,
        "timeout": urllib3.Timeout(connect=policy.connect_timeout, read=policy.read_timeout),
    }
    if address.scheme == "https":
        options["ca_certs"] = requests.utils.DEFAULT_CA_BUNDLE_PATH
    proxy = urllib.request.getproxies().get(address.scheme)
    if proxy and host not in _LOOPBACK and not urllib.request.proxy_bypass(host):
        return urllib3.ProxyManager(proxy, proxy_headers=_proxy_headers(proxy), **options)
    return urllib3.PoolManager(**options)


def _proxy_headers(proxy: str) -> dict[str, str]:
    """The user and password in the address of a proxy, as the header that has them."""
    address = urlsplit(proxy)
    if address.username is None:
        return {}
    user, password = unquote(address.username), unquote(address.password or "")
    return dict(urllib3.make_headers(proxy_basic_auth=f"{user}:{password}"))


def _proxy_refused(url: str) -> SourceRefused:
    return SourceRefused(
        f"{url}: the proxy answered 407: it wants a user and password, or others. Put them into "
        "the proxy's address in the environment: http://user:password@host:port. What came before "
        "is kept."
    )


def _no_json(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _can_pass(error: BaseException) -> bool:
    return isinstance(error, TransientError) and not isinstance(error, Stopped)


def _date(header: str | None) -> datetime:
    """The moment of an answer; now where it does not say."""
    try:
        moment = parsedate_to_datetime(header or "")
    except ValueError:
        return datetime.now(UTC)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _reason(error: BaseException) -> str:
    """The innermost reason in few words: libraries wrap theirs several times."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    return f"the connection failed: {type(error).__name__}: {error}"[:300].rstrip(".")


def _log_retry(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    pause = state.next_action.sleep if state.next_action else 0.0
    log.warning("try %s failed: %s Again in %.1f s.", state.attempt_number, error, pause)
