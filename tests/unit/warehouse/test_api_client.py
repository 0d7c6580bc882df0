"""Asking an API: what is tried again, what ends the work, and where the key goes."""

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg2
import pytest

from tests.support.postgres import Database
from warehouse.errors import PermanentError, SourceRefused, SourceUnavailable
from warehouse.http.api_client import ApiClient, Stopped
from warehouse.http.api_policy import ApiPolicy
from warehouse.http.rate_limit import SharedLimit

Reply = tuple[int, dict[str, str], bytes]


@contextmanager
def api(*replies: Reply) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server that gives these replies, the last one again and again; and the headers it got."""
    left, asked = list(replies), []

    class ReplyHandler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append({**self.headers, "path": self.path})
            status, headers, body = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), ReplyHandler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/3", asked
        finally:
            server.shutdown()
            thread.join()


def policy(url: str, *, tries: int = 3, longest_pause: float = 120.0) -> ApiPolicy:
    return ApiPolicy(
        url, "a-key", "API_", tries=tries, backoff_start=0.0, longest_pause=longest_pause
    )


GOOD: Reply = (200, {}, b'{"id": 1}')


def test_the_key_goes_into_the_header_and_not_through_a_proxy_to_loopback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with api(GOOD) as (url, asked):
        answer = ApiClient(policy(url)).get("movie/1", language="en-US")

    assert answer.data == {"id": 1}
    assert answer.url == f"{url}/movie/1?language=en-US"
    (headers,) = asked
    assert headers["Authorization"] == "Bearer a-key"
    assert "a-key" not in headers["path"]


@pytest.mark.parametrize(
    "bad",
    [
        (200, {}, b"<html>"),
        (200, {}, b"[1]"),
        (200, {}, b'{"id": NaN}'),
        (200, {}, b'{"id": "\xff"}'),
        (200, {"Content-Length": "99"}, b'{"id": 1}'),
        (200, {"Content-Encoding": "gzip"}, b'{"id": 1}'),
        (429, {}, b"<html>"),
        (504, {}, b""),
    ],
    ids=["HTML", "a list", "NaN", "no UTF-8", "cut", "no gzip", "429", "504"],
)
def test_what_can_pass_is_tried_again_and_given_up_after_the_last_try(bad: Reply) -> None:
    with api(bad, bad, GOOD) as (url, _):
        assert ApiClient(policy(url)).get("movie/1").data == {"id": 1}
    with api(bad) as (url, asked), pytest.raises(SourceUnavailable, match="movie/1"):
        ApiClient(policy(url)).get("movie/1")

    assert len(asked) == 3


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 422])
def test_what_cannot_pass_is_asked_once(status: int) -> None:
    with (
        api((status, {"Location": "/a-key"}, b"{}")) as (url, asked),
        pytest.raises(SourceRefused, match=rf"answered {status}.*API_") as raised,
    ):
        ApiClient(policy(url)).get("movie/1")

    assert len(asked) == 1
    assert "a-key" not in str(raised.value)


def test_a_server_that_wants_a_very_long_pause_is_not_waited_for() -> None:
    with (
        api((503, {"Retry-After": "3600"}, b"{}")) as (url, asked),
        pytest.raises(SourceUnavailable),
    ):
        ApiClient(policy(url)).get("movie/1")

    assert len(asked) == 1


def test_nothing_is_asked_after_the_work_was_stopped() -> None:
    stop = threading.Event()
    stop.set()
    with api(GOOD) as (url, asked), pytest.raises(Stopped):
        ApiClient(policy(url), stop=stop).get("movie/1")

    assert asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example/3",
        "ftp://127.0.0.1/3",
        "https://user:secret@api.example/3",
        "https://api.example/3?api_key=secret",
        "api.example",
    ],
)
def test_an_address_that_would_give_the_key_away_is_refused(url: str) -> None:
    with pytest.raises(PermanentError, match="API_BASE_URL") as raised:
        ApiClient(policy(url))

    assert "secret" not in str(raised.value)


def test_a_proxy_gets_its_own_password_and_its_refusal_is_not_one_of_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    class ProxyHandler(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            asked.append(self.headers)
            self.send_error(407)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), ProxyHandler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        proxy = f"http://me:se%40cret@127.0.0.1:{server.server_port}"
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        for name in ("https_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy)
        try:
            with pytest.raises(SourceRefused, match="the proxy answered 407") as raised:
                ApiClient(policy("https://api.example/3")).get("movie/1")
        finally:
            server.shutdown()
            thread.join()

    (headers,) = asked
    expected = base64.b64encode(b"me:se@cret").decode()
    assert headers["Proxy-Authorization"] == f"Basic {expected}"
    assert "a-key" not in str(headers)
    assert "READ_TOKEN" not in str(raised.value)
    assert "cret" not in str(raised.value)


def test_a_pause_that_one_worker_was_asked_for_holds_for_all(database: Database) -> None:
    with (
        SharedLimit(database.url, "api", requests=1000, period=1, at_once=2) as limit,
        api((429, {"Retry-After": "60"}, b"{}")) as (url, _),
        pytest.raises(SourceUnavailable),
    ):
        ApiClient(policy(url, longest_pause=50), limit).get("movie/1")

    assert 30 < database.value("select wait from meta.take_request('api', 1000, 1)") <= 50


def test_the_place_of_a_request_is_free_again_when_its_process_is_gone(database: Database) -> None:
    def limit() -> SharedLimit:
        return SharedLimit(database.url, "api", requests=0, period=1, at_once=1)

    with limit() as one, one.request():
        pass
    abandoned = limit()
    held = abandoned.request()
    held.__enter__()
    database.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where application_name = 'warehouse: requests to api'"
    )

    with (
        SharedLimit(database.url, "api", requests=0, period=1, at_once=1) as other,
        other.request(),
    ):
        taken = database.value("select count(*) from pg_locks where locktype = 'advisory'")
    assert taken == 1
    with suppress(psycopg2.Error):
        held.__exit__(None, None, None)


def test_after_a_server_error_the_least_pause_of_the_policy_is_kept() -> None:
    with api((503, {"Retry-After": "1"}, b""), GOOD) as (url, _):
        asked = replace(policy(url), server_error_pause=30.0, longest_pause=20.0)
        with pytest.raises(SourceUnavailable) as raised:
            ApiClient(asked).get("movie/1")

    assert raised.value.retry_after == 30.0
