"""The TMDb server over HTTP: the token, faults on demand, limits, counters, recorded answers."""

import http.client
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from include.sample.api.faults import cut, drop, edit, html, put, reset, slow
from include.sample.api.server import SampleApiServer
from include.sample.api.traffic import UNLIMITED, Limits
from include.sample.tmdb.faults import fail, shrink
from include.sample.tmdb.server import ReplayServer, TmdbServer

ROOT = Path(__file__).resolve().parents[3]
LIST = "/movie/popular"


class Client:
    """One connection to a server."""

    def __init__(self, base_url: str) -> None:
        self.connection = http.client.HTTPConnection(base_url[7:].removesuffix("/3"), timeout=10)

    def ask(self, target: str, token: str | None = "any") -> tuple[int, Any, bytes]:
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        self.connection.request("GET", f"/3{target}", headers=headers)
        response = self.connection.getresponse()
        return response.status, response.headers, response.read()

    def status(self, target: str) -> int:
        return self.ask(target)[0]

    def json(self, target: str) -> Any:
        status, _, body = self.ask(target)
        assert status == 200
        return json.loads(body)


@pytest.fixture(scope="module")
def running() -> Iterator[TmdbServer]:
    with TmdbServer(titles=300, limits=UNLIMITED) as server:
        yield server


@pytest.fixture
def server(running: TmdbServer) -> TmdbServer:
    running.faults.clear()
    running.traffic.clear()
    return running


@pytest.fixture
def client(server: TmdbServer) -> Iterator[Client]:
    opened = Client(server.base_url)
    yield opened
    opened.connection.close()


def test_a_token_is_needed(client: Client) -> None:
    for token in (None, ""):
        status, _, body = client.ask(LIST, token)
        assert (status, json.loads(body)["status_code"]) == (401, 7)
    assert client.ask(LIST)[0] == 200


def test_a_given_token_is_the_only_right_one() -> None:
    with TmdbServer(titles=100, token="right") as server:
        client = Client(server.base_url)
        assert client.ask("/configuration", "wrong")[0] == 401
        assert client.ask("/configuration", "right")[0] == 200
        client.connection.close()


def test_a_key_in_a_url_is_accepted_and_counted(server: TmdbServer, client: Client) -> None:
    assert client.ask(f"{LIST}?api_key=secret", token=None)[0] == 200
    client.ask(LIST)
    assert server.traffic.keys_in_urls == 1
    assert server.traffic.requests == {LIST: 2}, "the key is not in the counts"


def test_one_connection_serves_many_requests(server: TmdbServer, client: Client) -> None:
    client.connection.connect()
    socket = client.connection.sock
    for target in (LIST, "/movie/0", f"{LIST}?page=501", "/genre/tv/list"):
        client.ask(target)
    assert client.connection.sock is socket
    assert server.traffic.most_connections >= 1


def test_requests_are_counted_by_endpoint_and_by_question(
    server: TmdbServer, client: Client
) -> None:
    number = client.json(LIST)["results"][0]["id"]
    for target in (f"{LIST}?page=2&language=en-US", f"{LIST}?language=en-US&page=2",
                   f"/movie/{number}", "/movie/0"):  # fmt: skip
        client.ask(target)
    assert server.traffic.endpoints == {LIST: 3, "/movie/{id}": 2}
    assert server.traffic.repeated == {f"{LIST}?language=en-US&page=2": 2}
    assert server.traffic.statuses == {200: 4, 404: 1}
    assert server.traffic.total == 5
    assert 1 <= server.traffic.most_per_second <= 5
    assert server.traffic.most_at_once == 1
    client.connection.request("GET", "/counters")
    summary = json.loads(client.connection.getresponse().read())
    assert (summary["total"], summary["repeated"], summary["bans"]) == (5, 1, 0)


def test_requests_at_once_are_counted(server: TmdbServer) -> None:
    arrived = threading.Barrier(3, timeout=10)

    def wait(body: Any) -> Any:
        arrived.wait()
        return body

    server.faults.add(edit(wait), path=LIST)
    clients = [Client(server.base_url) for _ in range(3)]
    threads = [threading.Thread(target=each.status, args=(LIST,)) for each in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.traffic.most_at_once == 3
    for each in clients:
        each.connection.close()


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_fault_hits_the_given_number_of_requests(
    server: TmdbServer, client: Client, status: int
) -> None:
    rule = server.faults.add(fail(status), path="^/movie/", after=1, times=2)
    assert [client.status(LIST) for _ in range(4)] == [200, status, status, 200]
    assert rule.hits == 2
    assert client.status("/tv/popular") == 200


def test_a_429_has_retry_after_only_on_demand(server: TmdbServer, client: Client) -> None:
    server.faults.add(fail(429), times=1)
    server.faults.add(fail(429, retry_after=3), after=1, times=1)
    assert client.ask(LIST)[1]["Retry-After"] is None
    assert client.ask(LIST)[1]["Retry-After"] == "3"
    assert client.status(LIST) == 200


def test_an_outage_ends_with_its_time(server: TmdbServer, client: Client) -> None:
    server.faults.add(fail(503), seconds=60)
    server.faults.add(fail(500), path="/tv/", seconds=-1)
    assert client.status(LIST) == 503
    server.faults.clear()
    server.faults.add(fail(500), path="/tv/", seconds=-1)
    assert client.status("/tv/popular") == 200


def test_a_page_of_html_comes_with_status_200(server: TmdbServer, client: Client) -> None:
    server.faults.add(html(), times=1)
    status, headers, body = client.ask(LIST)
    assert (status, body[:6]) == (200, b"<html>")
    assert headers["Content-Type"].startswith("text/html")


def test_a_body_is_cut_and_the_next_is_whole(server: TmdbServer, client: Client) -> None:
    server.faults.add(cut(0.5), times=1)
    with pytest.raises(http.client.IncompleteRead):
        client.ask(LIST)
    client.connection.close()
    assert client.status(LIST) == 200
    assert server.traffic.requests == {LIST: 1}, "a cut answer was not got"


def test_a_connection_is_reset(server: TmdbServer, client: Client) -> None:
    server.faults.add(reset(), times=1)
    with pytest.raises(ConnectionError):
        client.ask(LIST)
    assert client.status(LIST) == 200


def test_a_slow_answer_is_complete(server: TmdbServer, client: Client) -> None:
    rule = server.faults.add(slow(0.01), times=1)
    assert client.status(LIST) == 200
    assert rule.hits == 1


def test_a_list_shrinks_during_a_walk(server: TmdbServer, client: Client) -> None:
    server.faults.add(shrink(pages=4), path=LIST)
    pages = [client.json(f"{LIST}?page={page}") for page in (1, 2, 3)]
    assert [page["total_pages"] for page in pages] == [4, 3, 2]
    assert [bool(page["results"]) for page in pages] == [True, True, False]


def test_keys_come_and_go_for_given_ids(server: TmdbServer, client: Client) -> None:
    first, second = [item["id"] for item in client.json(LIST)["results"][:2]]
    server.faults.add(put(new_key={"a": 1}, budget="a lot"), path=f"^/movie/{first}$")
    server.faults.add(drop("title"), path=f"^/movie/{first}$")
    changed = client.json(f"/movie/{first}")
    assert (changed["new_key"], changed["budget"]) == ({"a": 1}, "a lot")
    assert "title" not in changed
    assert {"title", "budget"} <= client.json(f"/movie/{second}").keys()


def _banned(server: SampleApiServer, clients: list[Client], requests: int) -> int:
    statuses = [each.status("/configuration") for each in clients for _ in range(requests)]
    for each in clients:
        each.connection.close()
    assert server.traffic.bans == statuses.count(429)
    return server.traffic.bans


def test_too_many_requests_in_a_second_are_banned() -> None:
    limits = Limits(per_second=5, connections=None)
    with TmdbServer(titles=100, limits=limits) as server:
        most = 50
        bans = _banned(server, [Client(server.base_url)], most)
        assert 0 < bans <= most - 5
        assert server.traffic.endpoints == {"/configuration": most - bans}


def test_too_many_connections_are_banned() -> None:
    limits = Limits(per_second=None, connections=2)
    with TmdbServer(titles=100, limits=limits) as server:
        clients = [Client(server.base_url) for _ in range(3)]
        assert _banned(server, clients, requests=2) == 2, "those of the third connection"
        assert server.traffic.most_connections == 3


def test_recorded_answers_are_replayed_byte_for_byte(tmp_path: Path) -> None:
    recorded = b'{ "page": 1,\n "results": [] , "x": "\xc3\xa9\\u00e9" }\n'
    (tmp_path / "first.json").write_bytes(recorded)
    (tmp_path / "second.json").write_bytes(b"{}")
    recordings = {LIST: "first.json", f"{LIST}?page=2": "second.json"}
    with ReplayServer(tmp_path, recordings) as server:
        client = Client(server.base_url)
        assert client.ask(f"{LIST}?page=1&language=en-US")[2] == recorded
        assert client.ask(f"{LIST}?language=en-US&page=2")[2] == b"{}"
        assert client.status("/movie/1") == 404
        server.faults.add(fail(500), times=1)
        assert client.status(LIST) == 500
        client.connection.close()
    with pytest.raises(FileNotFoundError, match=r"missing\.json"):
        ReplayServer(tmp_path, {LIST: "missing.json"})


def test_the_command_line_prints_its_url_and_ends_on_a_signal() -> None:
    command = [sys.executable, "-m", "include.sample", "tmdb", "--titles", "200", "--day", "2",
               "--today", "2026-03-10"]  # fmt: skip
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.endswith("/3")
        client = Client(url)
        assert client.json(LIST)["results"]
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=10)
        client.connection.close()
    assert (process.returncode, output, errors) == (0, "", "")
