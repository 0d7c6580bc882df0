"""Promise 10: a failed run is sent to a webhook: once, in time, and its address stays secret."""

import contextlib
import json
import logging
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.webhook import TOKEN, Webhook, running_webhook
from warehouse.errors import PermanentError
from warehouse.runs.messages import TaskError
from warehouse.runs.webhook import Alert, AlertSettings, send

STARTED = datetime(2031, 6, 2, 5, 0, tzinfo=UTC)
FAILED = (
    TaskError("download.title_crew", "title.crew: the gzip stream is not whole. Run again."),
    TaskError("dbt.stg_title_ratings", "test in_range: Got 3 results; see quality.in_range"),
)
ALERT = Alert(
    dag_id="imdb_pipeline",
    run_id="manual__2031",
    failed=FAILED,
    published=False,
    started_at=STARTED,
    finished_at=STARTED + timedelta(seconds=61),
)
# Long enough for an answer on a busy machine.
PATIENT = 30.0


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """A webhook that notes what is posted."""
    with running_webhook() as running:
        yield running


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def assert_hidden(caplog: pytest.LogCaptureFixture) -> None:
    assert TOKEN not in "\n".join(
        record.getMessage() for record in caplog.records if record.name.startswith("warehouse")
    )


def test_a_failed_run_is_sent_in_one_post(
    webhook: Webhook, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert send(AlertSettings(webhook.url, PATIENT), ALERT)
    (post,) = webhook.posts
    assert post.path == f"/hooks/{TOKEN}"
    assert post.content_type == "application/json"
    text = post.body.pop("text")
    assert post.body == {
        "dag_id": "imdb_pipeline",
        "run_id": "manual__2031",
        "state": "failed",
        "failed": [{"task": error.task, "message": error.message} for error in FAILED],
        "published": False,
        "started_at": "2031-06-02T05:00:00+00:00",
        "finished_at": "2031-06-02T05:01:01+00:00",
    }
    assert text.splitlines() == [
        "imdb_pipeline failed (manual__2031). The marts are as they were.",
        *(f"{error.task}: {error.message}" for error in FAILED),
    ]
    assert warnings(caplog) == []
    assert_hidden(caplog)


def test_the_text_stays_short_however_much_failed() -> None:
    many = [TaskError(f"load.{n}", "word " * 200) for n in range(7)]
    alert = Alert("d", "r", many, published=True, started_at=None, finished_at=STARTED)
    lines = alert.text.splitlines()
    assert lines[0] == "d failed (r). New marts were published."
    assert [line.split(":")[0] for line in lines[1:6]] == [f"load.{n}" for n in range(5)]
    assert max(map(len, lines)) < 320
    assert lines[6:] == ["and 2 more tasks."]
    assert len(alert.as_json()["failed"]) == 7
    assert alert.as_json()["started_at"] is None
    json.dumps(alert.as_json())
    unknown = replace(alert, published=None)
    assert unknown.text.startswith("d failed (r). Which marts are live says meta.publish_log.")


@pytest.mark.parametrize("status", [500, 503, 429])
def test_what_may_pass_is_tried_once_more(
    webhook: Webhook, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    webhook.script = [status]
    assert send(AlertSettings(webhook.url, PATIENT), ALERT)
    assert len(webhook.posts) == 2
    assert webhook.posts[0].body == webhook.posts[1].body
    assert warnings(caplog) == []


@pytest.mark.parametrize(
    ("script", "posts", "words"),
    [
        ([500, 502], 2, "it answered 502"),
        ([404], 1, "it answered 404"),
        ([410], 1, "it answered 410"),
        ([302], 1, "it answered 302, and redirects are not followed"),
        ([308], 1, "it answered 308, and redirects are not followed"),
    ],
)
def test_what_does_not_pass_is_one_warning(
    webhook: Webhook,
    caplog: pytest.LogCaptureFixture,
    script: list[int],
    posts: int,
    words: str,
) -> None:
    webhook.script = list(script)
    assert not send(AlertSettings(webhook.url, PATIENT), ALERT)
    assert len(webhook.posts) == posts
    assert all(post.path != "/elsewhere" for post in webhook.posts)
    (warning,) = warnings(caplog)
    assert words in warning
    assert "http://127.0.0.1" in warning
    assert_hidden(caplog)


def test_a_silent_server_is_asked_twice_and_no_longer(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        # Nobody accepts: the connections stand in the queue, and what is sent is taken.
        url = f"http://127.0.0.1:{server.getsockname()[1]}/{TOKEN}"
        assert not send(AlertSettings(url, 0.5), ALERT)
        server.setblocking(False)
        waiting = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                server.accept()[0].close()
                waiting += 1
    assert waiting == 2
    (warning,) = warnings(caplog)
    assert "no answer within 0.5 s" in warning
    assert_hidden(caplog)


def test_an_answer_that_comes_byte_by_byte_takes_no_longer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The line is never silent for as long as the timeout; the answer is whole only after many."""
    over = threading.Event()

    def drip(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = server.accept()
                threading.Thread(target=drop_by_drop, args=(client,)).start()

    def drop_by_drop(client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            client.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            for _ in range(250):
                if over.wait(0.02):
                    return
                client.sendall(b"x")
            client.sendall(b"\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, args=(server,))
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/{TOKEN}"
        try:
            assert not send(AlertSettings(url, 0.5), ALERT)
        finally:
            over.set()
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
    (warning,) = warnings(caplog)
    assert "no answer within 0.5 s" in warning


def test_an_address_without_a_server_is_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert not send(AlertSettings(f"http://127.0.0.1:{port}/{TOKEN}", PATIENT), ALERT)
    (warning,) = warnings(caplog)
    assert "no connection (ConnectionError)" in warning
    assert_hidden(caplog)


def test_no_proxy_is_asked_for_this_machine(
    webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert send(AlertSettings(webhook.url, PATIENT), ALERT)


def settings(**variables: str) -> AlertSettings | None:
    return AlertSettings.from_environment(
        {f"WAREHOUSE_ALERT_{name}": value for name, value in variables.items()}
    )


def test_without_an_address_nothing_is_sent() -> None:
    assert settings() is None
    assert settings(URL="  ") is None


@pytest.mark.parametrize(
    ("url", "place"),
    [
        (f"https://hooks.example.com/{TOKEN}", "https://hooks.example.com"),
        (f"https://user:{TOKEN}@hooks.example.com:8443/x?t={TOKEN}", "https://hooks.example.com"),
        (f"http://127.0.0.1:8/{TOKEN}", "http://127.0.0.1"),
        (f"http://localhost/{TOKEN}", "http://localhost"),
        (f"http://[::1]:8/{TOKEN}", "http://::1"),
    ],
)
def test_of_an_address_only_scheme_and_host_are_shown(url: str, place: str) -> None:
    read = settings(URL=f" {url} ", TIMEOUT="3")
    assert read == AlertSettings(url, 3.0)
    assert read.place == place


@pytest.mark.parametrize(
    "url",
    [
        f"http://hooks.example.com/{TOKEN}",
        f"http://user:{TOKEN}@hooks.example.com",
        f"http://127.0.0.1.example.com/{TOKEN}",
        f"ftp://127.0.0.1/{TOKEN}",
        f"file:///etc/{TOKEN}",
        f"hooks.example.com/{TOKEN}",
        f"https:///{TOKEN}",
        f"https://[broken/{TOKEN}",
        f"https://hooks.example.com:port{TOKEN}/",
        f"https://hooks.example.com:0/{TOKEN}",
    ],
)
def test_an_address_that_will_not_do_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(PermanentError, match="WAREHOUSE_ALERT_URL must be an https") as refused:
        settings(URL=url)
    assert TOKEN not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "soon"])
def test_a_timeout_is_a_number_of_seconds(text: str) -> None:
    with pytest.raises(PermanentError, match="WAREHOUSE_ALERT_TIMEOUT must be a number"):
        settings(URL="https://hooks.example.com", TIMEOUT=text)
