"""What landed in a warehouse is served again: byte for byte, in copies, with pauses and faults."""

import hashlib
import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from include.sample.api.answers import ApiRequest
from include.sample.trakt.copies import STEP
from include.sample.trakt.replay import TraktReplayServer, serve_replay
from include.sample.trakt.server import REQUIRED, TraktServer
from tests.support.postgres import Database

TODAY = date(2031, 3, 3)
NOON = datetime(2031, 3, 3, 12, tzinfo=UTC)
FEED = "/comments/recent/all/all?include_replies=true&limit=100"


class Landing:
    """Asks the invented Trakt, and writes its answers where the pipeline has them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.server = TraktServer(200, 9, today=TODAY)
        self.landed: dict[str, bytes] = {}

    def page(self, kind: str, target: str, batch: int = 1, *, changed: bool = False) -> None:
        answer = self.server.api.answer(ApiRequest.parse(target))
        body = answer.body.replace(b'"likes":', b'"likes" :') if changed else answer.body
        counts = [
            answer.headers.get(f"X-Pagination-{name}")
            for name in ("Limit", "Page-Count", "Item-Count")
        ]
        self.landed[target] = body
        self.database.execute(
            "insert into raw.trakt_pages (batch_id, kind, source_url, page, page_limit, "
            "page_count, item_count, http_status, body, body_sha256, answered_at) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s, nullif(%s, ''), %s, %s)",
            batch, kind, f"http://127.0.0.1:1234{target}",
            answer.headers.get("X-Pagination-Page", "1"), *counts, answer.status, body.decode(),
            hashlib.sha256(body).hexdigest(), NOON + timedelta(seconds=len(self.landed)),
        )  # fmt: skip


@pytest.fixture
def landing(database: Database) -> Landing:
    made = Landing(database)
    for page in (1, 2, 3):
        made.page("recent", f"{FEED}&page={page}")
    return made


@contextmanager
def connected(server: TraktReplayServer) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(server.base_url[7:], timeout=10)
    yield connection
    connection.close()


def ask(connection: http.client.HTTPConnection, target: str) -> tuple[int, Any, bytes]:
    connection.request("GET", target, headers=REQUIRED)
    response = connection.getresponse()
    return response.status, response.headers, response.read()


def test_pages_are_served_as_they_came_with_the_newest_of_each_address(landing: Landing) -> None:
    number = next(iter(landing.server.truth.seen()))
    gone = next(iter(landing.server.truth.gone()))
    landing.page("comment", f"/comments/{number}")
    landing.page("comment", f"/comments/{gone}")
    landing.page("recent", f"{FEED}&page=1", 2, changed=True)
    landing.page("recent", f"{FEED}&page=3", 3, changed=True)
    before = landing.server.api.answer(ApiRequest.parse(f"{FEED}&page=3")).body
    with serve_replay(landing.database.url, 2) as server, connected(server) as connection:
        status, headers, body = ask(connection, f"{FEED}&page=1")
        assert (status, body) == (200, landing.landed[f"{FEED}&page=1"])
        assert b'"likes" :' in body
        assert parsedate_to_datetime(headers["Date"]).date() == TODAY
        assert headers["X-Pagination-Limit"] == "100"
        assert ask(connection, f"{FEED}&page=3")[2] == before, "batch 3 is after batch 2"
        assert ask(connection, f"/comments/{number}")[2] == landing.landed[f"/comments/{number}"]
        assert ask(connection, f"/comments/{gone}")[::2] == (404, b"")
        assert ask(connection, "/comments/1")[0] == 404
        assert ask(connection, "/movies/popular?page=1")[2] == b"[]"


def test_copies_have_ids_of_their_own_and_their_units_are_found(landing: Landing) -> None:
    with serve_replay(landing.database.url, 1) as server, connected(server) as connection:
        plain = [json.loads(ask(connection, f"{FEED}&page={page}")[2]) for page in (1, 2, 3)]
        pages = int(ask(connection, f"{FEED}&page=1")[1]["X-Pagination-Page-Count"])
    some = next(item for page in plain for item in page if item["type"] == "movie")
    number = some["movie"]["ids"]["trakt"]
    landing.page("unit", f"/movies/{number}/comments/oldest?page=1&limit=250")
    landing.page("comment", f"/comments/{some['comment']['id']}")
    url = landing.database.url
    with serve_replay(url, 1, scale=3) as server, connected(server) as connection:
        found = [json.loads(ask(connection, f"{FEED}&page={page}")[2]) for page in range(1, 10)]
        _, headers, body = ask(connection, f"{FEED}&page=99")
        assert (body, headers["X-Pagination-Page-Count"]) == (b"[]", str(3 * pages))
        ids = [item["comment"]["id"] for page in found for item in page]
        assert len(ids) == len(set(ids)) == 3 * sum(map(len, plain))
        assert found[::3] == plain
        assert {each // STEP for each in ids} == {0, 1, 2}
        path = f"/movies/{number + 2 * STEP}/comments/oldest?page=1&limit=250"
        unit = json.loads(ask(connection, path)[2])
        assert {each["id"] // STEP for each in unit} == {2}
        assert some["comment"]["id"] + 2 * STEP in {each["id"] for each in unit}
        one = ask(connection, f"/comments/{some['comment']['id'] + STEP}")
        assert json.loads(one[2])["id"] == some["comment"]["id"] + STEP
        assert ask(connection, f"/movies/{number + 3 * STEP}/comments/oldest?page=1")[0] == 404


def test_a_title_that_was_asked_for_by_its_imdb_id_has_its_number_too(landing: Landing) -> None:
    title = landing.server.api.figures.listed("movie")[0]
    body = landing.server.api.answer(ApiRequest.parse(f"/movies/{title.number}")).body
    landing.database.execute(
        "insert into raw.trakt_titles (batch_id, level, title_id, raw_data, body_sha256, "
        "content_sha256, http_status, source_url, language, ingested_at) "
        "values (1, 'movie', %s, %s, '', '', 200, %s, '', now())",
        title.number, body.decode(), f"http://127.0.0.1:1/movies/{title.imdb}?extended=full",
    )  # fmt: skip
    url = landing.database.url
    with serve_replay(url, 1, scale=2) as server, connected(server) as connection:
        for name in (title.imdb, title.number):
            answer = json.loads(ask(connection, f"/movies/{name}?extended=full")[2])
            assert answer == json.loads(body)
        copy = json.loads(ask(connection, f"/movies/{title.number + STEP}?extended=full")[2])
        assert copy["ids"]["trakt"] == title.number + STEP
        assert copy["title"] == answer["title"]


def test_erased_words_are_replaced_so_that_the_page_is_whole(landing: Landing) -> None:
    whole = json.loads(landing.landed[f"{FEED}&page=1"])
    del whole[0]["comment"]["comment"], whole[0]["comment"]["user"]
    landing.database.execute(
        "update raw.trakt_pages set body = %s where page_id = 1", json.dumps(whole)
    )
    with serve_replay(landing.database.url, 1) as server, connected(server) as connection:
        found = json.loads(ask(connection, f"{FEED}&page=1")[2])
    assert found[0]["comment"]["comment"] == "(erased)"
    assert found[0]["comment"]["user"]["deleted"] is True
    assert found[1:] == whole[1:]


def test_answers_wait_as_long_as_they_did_and_some_fail(landing: Landing) -> None:
    url, page = landing.database.url, ApiRequest.parse(f"{FEED}&page=2")
    headers = {name.lower(): value for name, value in REQUIRED.items()}
    asked = ApiRequest(page.path, page.query, headers)
    with serve_replay(url, 1, speed="2") as half:
        assert half.answer(page).status == 403
        assert half.answer(asked).delay == 0.5
    with serve_replay(url, 1) as fast:
        assert fast.answer(asked).delay == 0
    with serve_replay(url, 1, faults=["503"], share=1) as broken:
        assert broken.answer(asked).status == 503


def test_what_cannot_be_replayed_is_refused(landing: Landing) -> None:
    url = landing.database.url
    for options, message in (
        ({"batch": 0}, "no page of batch 0"),
        ({"batch": 1, "scale": 0}, "scale must be"),
        ({"batch": 1, "speed": "0"}, "speed must be"),
        ({"batch": 1, "faults": ["x"]}, "is no fault"),
    ):
        with pytest.raises(ValueError, match=message):
            serve_replay(url, **options)
