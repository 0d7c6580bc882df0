"""The Trakt server over HTTP: headers, pages, feeds, lists, errors, the quota, faults."""

import http.client
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from include.sample.api.faults import cut, put
from include.sample.api.traffic import UNLIMITED, Limits
from include.sample.tmdb.world import SampleWorld
from include.sample.trakt.faults import edit_comments, fail, without_headers
from include.sample.trakt.server import REQUIRED, TraktServer

ROOT = Path(__file__).resolve().parents[3]
TODAY = date(2026, 12, 4)
TITLES = 300
ALL = "/comments/recent/all/all?include_replies=true&limit=250"


class TraktReader:
    """One connection to a server."""

    def __init__(self, base_url: str) -> None:
        self.connection = http.client.HTTPConnection(base_url[7:], timeout=30)

    def ask(
        self, target: str, headers: dict[str, str] | None = None, method: str = "GET"
    ) -> tuple[int, Any, bytes]:
        self.connection.request(method, target, headers=REQUIRED if headers is None else headers)
        response = self.connection.getresponse()
        return response.status, response.headers, response.read()

    def status(self, target: str) -> int:
        return self.ask(target)[0]

    def json(self, target: str) -> Any:
        status, _, body = self.ask(target)
        assert status == 200, target
        return json.loads(body)

    def walk(self, target: str) -> tuple[list[Any], int]:
        """All items of all pages, and the count that the pages promise."""
        items, page, pages, count = [], 1, 1, 0
        mark = "&" if "?" in target else "?"
        while page <= pages:
            _, headers, body = self.ask(f"{target}{mark}page={page}")
            pages = int(headers["X-Pagination-Page-Count"])
            count = int(headers["X-Pagination-Item-Count"])
            items += json.loads(body)
            page += 1
        return items, count


@pytest.fixture(scope="module")
def running() -> Iterator[TraktServer]:
    with TraktServer(TITLES, 4, today=TODAY, limits=UNLIMITED) as server:
        yield server


@pytest.fixture
def server(running: TraktServer) -> TraktServer:
    running.faults.clear()
    running.traffic.clear()
    return running


@pytest.fixture
def reader(server: TraktServer) -> Iterator[TraktReader]:
    opened = TraktReader(server.base_url)
    yield opened
    opened.connection.close()


@pytest.mark.parametrize(
    ("left_out", "status"),
    [("trakt-api-key", 403), ("User-Agent", 403), ("trakt-api-version", 412)],
)
def test_a_request_without_a_required_header_is_refused(
    reader: TraktReader, left_out: str, status: int
) -> None:
    headers = {name: value for name, value in REQUIRED.items() if name != left_out}
    found, answered, body = reader.ask(ALL, headers)
    assert (found, body) == (status, b"")
    assert answered["Content-Type"].startswith("text/html")


def test_a_given_key_is_the_only_right_one() -> None:
    with TraktServer(50, key="right") as server:
        reader = TraktReader(server.base_url)
        assert reader.status(ALL) == 403
        assert reader.ask(ALL, REQUIRED | {"trakt-api-key": "right"})[0] == 200
        reader.connection.close()


def test_answers_are_dated_by_the_day_and_nothing_in_them_is_younger(reader: TraktReader) -> None:
    assert reader.ask(ALL)[1]["Date"].startswith("Fri, 04 Dec 2026")
    for item in reader.walk(ALL)[0]:
        comment = item["comment"]
        assert comment["created_at"] <= comment["updated_at"] < TODAY.isoformat()


def test_a_page_has_the_items_that_the_headers_say_but_for_hidden_ones(
    reader: TraktReader, server: TraktServer
) -> None:
    _, headers, body = reader.ask("/comments/recent/all/all")
    assert (headers["X-Pagination-Page"], headers["X-Pagination-Limit"]) == ("1", "10")
    assert len(json.loads(body)) <= 10
    assert reader.ask("/comments/recent/all/all?limit=999")[1]["X-Pagination-Limit"] == "250"
    items, promised = reader.walk("/comments/recent/all/all?include_replies=true&limit=20")
    existing = server.truth.comments()
    hidden = {number for number, comment in existing.items() if comment.is_hidden(4)}
    assert hidden
    assert promised == len(existing)
    assert {item["comment"]["id"] for item in items} == existing.keys() - hidden
    assert len(items) == promised - len(hidden)


def test_the_recent_feed_is_sorted_and_the_feed_of_updates_is_not(reader: TraktReader) -> None:
    recent, _ = reader.walk(ALL)
    created = [item["comment"]["created_at"] for item in recent]
    assert created == sorted(created, reverse=True)
    young = [item["comment"]["id"] for item in recent if item["comment"]["created_at"] > "2015"]
    assert young == sorted(young, reverse=True)
    old = [item["comment"]["id"] for item in recent if item["comment"]["created_at"] < "2014"]
    assert old != sorted(old, reverse=True), "ids of old comments do not follow the time"
    updates, _ = reader.walk("/comments/updates/all/all?include_replies=true&limit=250")
    assert {each["comment"]["id"] for each in updates} == {each["comment"]["id"] for each in recent}
    updated = [item["comment"]["updated_at"] for item in updates[:50]]
    assert updated != sorted(updated, reverse=True)


def test_a_feed_is_filtered_by_kind_level_and_replies(reader: TraktReader) -> None:
    everything, _ = reader.walk(ALL)
    reviews, _ = reader.walk("/comments/recent/reviews/all?include_replies=true&limit=250")
    shouts, _ = reader.walk("/comments/recent/shouts/all?include_replies=true&limit=250")
    assert reviews
    assert len(reviews) + len(shouts) == len(everything)
    assert all(item["comment"]["review"] for item in reviews)
    top, _ = reader.walk("/comments/recent/all/all?limit=250")
    assert all(item["comment"]["parent_id"] == 0 for item in top)
    assert 0 < len(top) < len(everything)
    for level in ("movie", "show", "season", "episode", "list"):
        found, _ = reader.walk(f"/comments/recent/all/{level}s?include_replies=true&limit=250")
        assert found
        assert {item["type"] for item in found} == {level}
        assert all(set(item) - {"type", "comment", "show"} <= {level} for item in found)
    assert reader.status("/comments/recent/all/films") == 404


def test_a_review_is_a_comment_of_two_hundred_words(reader: TraktReader) -> None:
    for item in reader.walk(ALL)[0]:
        comment = item["comment"]
        assert comment["review"] == (len(comment["comment"].split()) >= 200)


def test_every_comment_has_the_fields_of_a_comment(reader: TraktReader) -> None:
    items, _ = reader.walk(ALL)
    comments = [item["comment"] for item in items]
    for comment in comments:
        assert comment["user_rating"] == comment["user_stats"]["rating"]
        assert comment["user_rating"] in {None, *range(1, 11)}
        user = comment["user"]
        assert ("name" in user) == ("vip" in user)
        assert not user["private"] or "name" not in user
        assert user["ids"]["slug"]
    users = [comment["user"] for comment in comments]
    assert any(user["private"] for user in users)
    assert any(user["deleted"] for user in users)
    assert {"trakt" in user["ids"] for user in users} == {True, False}
    assert {comment["spoiler"] for comment in comments} == {True, False}
    assert any("language" not in comment for comment in comments)


def test_each_unit_has_its_own_comments_and_together_they_are_the_feed(
    reader: TraktReader,
) -> None:
    feed, _ = reader.walk("/comments/recent/all/all?limit=250")
    by_unit: dict[str, list[dict[str, Any]]] = {}
    for item in feed:
        kind = item["type"]
        if kind == "movie":
            path = f"/movies/{item['movie']['ids']['trakt']}"
        elif kind != "list":
            path = f"/shows/{item['show']['ids']['slug']}"
        if kind == "season":
            path += f"/seasons/{item['season']['number']}"
        elif kind == "episode":
            path += f"/seasons/{item['episode']['season']}/episodes/{item['episode']['number']}"
        if kind != "list":
            by_unit.setdefault(path, []).append(item["comment"])
    assert len(by_unit) > 20
    for path, comments in by_unit.items():
        found, count = reader.walk(f"{path}/comments/newest?limit=250")
        assert [each["id"] for each in found] == [each["id"] for each in comments], path
        assert count >= len(found)
        assert found == comments


@pytest.mark.parametrize(
    ("sort", "key"),
    [
        ("newest", lambda each: each["created_at"]),
        ("likes", lambda each: each["likes"]),
        ("replies", lambda each: each["replies"]),
        ("highest", lambda each: each["user_rating"] or 0),
        ("plays", lambda each: each["user_stats"]["play_count"]),
    ],
)
def test_a_unit_is_sorted_as_asked(reader: TraktReader, sort: str, key: Any) -> None:
    number = reader.json("/movies/popular")[0]["ids"]["trakt"]
    found, _ = reader.walk(f"/movies/{number}/comments/{sort}?limit=250")
    assert len(found) > 20
    values = [key(each) for each in found]
    assert values == sorted(values, reverse=True)
    oldest, _ = reader.walk(f"/movies/{number}/comments/oldest?limit=250")
    created = [each["created_at"] for each in oldest]
    assert created == sorted(created)
    assert {each["id"] for each in oldest} == {each["id"] for each in found}


def test_a_comment_names_its_title_in_headers_and_has_its_replies(reader: TraktReader) -> None:
    feed, _ = reader.walk(ALL)
    replied = next(item for item in feed if item["comment"]["replies"] > 1)
    number = replied["comment"]["id"]
    status, headers, body = reader.ask(f"/comments/{number}")
    assert (status, json.loads(body)) == (200, replied["comment"])
    kind = replied["type"]
    assert headers["x-item-type"] == kind
    assert headers["x-item-id"] == str(replied[kind]["ids"]["trakt"])
    item = reader.json(f"/comments/{number}/item")
    assert item == {key: value for key, value in replied.items() if key != "comment"}
    replies, count = reader.walk(f"/comments/{number}/replies")
    assert count == replied["comment"]["replies"]
    assert all(reply["parent_id"] == number for reply in replies)
    liked = next(item["comment"] for item in feed if item["comment"]["likes"] > 3)
    likes, count = reader.walk(f"/comments/{liked['id']}/likes")
    assert count == liked["likes"] >= len(likes)
    assert all({"liked_at", "user"} == each.keys() for each in likes)


def test_a_title_is_found_by_number_slug_and_imdb_id(reader: TraktReader) -> None:
    for kinds in ("movies", "shows"):
        ids = reader.json(f"/{kinds}/popular?limit=1")[0]["ids"]
        bodies = [
            reader.json(f"/{kinds}/{ids[name]}?extended=full") for name in ("trakt", "slug", "imdb")
        ]
        assert bodies[0] == bodies[1] == bodies[2]
        assert bodies[0]["ids"] == ids
        world = SampleWorld(TITLES, 1, 7)
        kind = "movie" if kinds == "movies" else "tv"
        assert ids["tmdb"] == world.numbers.of(kind, ids["imdb"])
        assert world.title(kind, ids["imdb"])
    movie, show = (reader.json(f"/{kinds}/popular?limit=1")[0] for kinds in ("movies", "shows"))
    assert movie["ids"]["trakt"] == show["ids"]["trakt"], "movies and shows share numbers"


def test_the_figures_of_a_show_agree_with_its_lists(reader: TraktReader) -> None:
    ids = reader.json("/shows/popular?limit=1")[0]["ids"]
    show = f"/shows/{ids['trakt']}"
    details = reader.json(f"{show}?extended=full")
    assert reader.walk(f"{show}/comments/newest")[1] == details["comment_count"]
    seasons = reader.json(f"{show}/seasons?extended=full,episodes")
    assert len(seasons) > 1
    assert "comment_count" not in reader.json(f"{show}/seasons")[0]
    regular = [season for season in seasons if season["number"]]
    assert details["first_aired"] == min(season["first_aired"] for season in regular)
    some = max(seasons, key=lambda season: season["comment_count"])
    path = f"{show}/seasons/{some['number']}"
    assert reader.walk(f"{path}/comments/newest")[1] == some["comment_count"] > 0
    episode = max(some["episodes"], key=lambda each: each["comment_count"])
    path += f"/episodes/{episode['number']}"
    assert reader.walk(f"{path}/comments/newest")[1] == episode["comment_count"] > 0
    ratings = reader.json(f"{path}/ratings")["trakt"]
    assert ratings.keys() == {"rating", "votes", "distribution"}
    assert reader.json(f"{show}/ratings").keys() == ratings.keys()
    assert reader.json(f"{show}/ratings?extended=all")["trakt"] == reader.json(f"{show}/ratings")
    assert "favorited" in reader.json(f"{show}/stats")
    assert "favorited" not in reader.json(f"{path}/stats")


def test_what_does_not_exist_has_an_empty_body_or_an_empty_list(reader: TraktReader) -> None:
    for target in ("/movies/1", "/comments/1", "/movies/1/comments/newest", "/nothing", "/movies/"):
        status, headers, body = reader.ask(target)
        assert (status, body) == (404, b""), target
        assert headers["Content-Type"].startswith("text/html")
    for target in ("/shows/no-such-show/seasons", "/movies/NA/comments/newest"):
        status, headers, body = reader.ask(target)
        assert (status, body, headers["X-Pagination-Page-Count"]) == (200, b"[]", "0")
    status, _, body = reader.ask(ALL, method="POST")
    assert (status, body) == (405, b"")


def test_an_unchanged_answer_is_not_sent_again(reader: TraktReader) -> None:
    etag = reader.ask(ALL)[1]["ETag"]
    status, headers, body = reader.ask(ALL, REQUIRED | {"If-None-Match": etag})
    assert (status, body, headers["ETag"]) == (304, b"", etag)
    assert reader.ask(ALL, REQUIRED | {"If-None-Match": 'W/"other"'})[0] == 200


@pytest.mark.parametrize("cloudflare", [True, False])
def test_above_the_quota_all_is_refused_for_a_time(cloudflare: bool) -> None:
    limits = Limits(per_period=5, period=60, ban=60)
    with TraktServer(50, limits=limits, cloudflare=cloudflare) as server:
        reader = TraktReader(server.base_url)
        answers = [reader.ask("/movies/popular") for _ in range(8)]
        assert [status for status, _, _ in answers] == [200] * 5 + [429] * 3
        _, headers, body = answers[-1]
        assert 50 < int(headers["Retry-After"]) <= 60
        assert (headers["X-Ratelimit"] is None) == cloudflare
        assert body.startswith(b"<html>") == cloudflare
        assert (server.traffic.bans, server.traffic.ban_times) == (3, 1)
        assert server.traffic.most_per_period == 8
        assert server.traffic.endpoints == {"/movies/popular": 5}
        reader.connection.close()


def test_faults_change_answers_and_keep_their_headers(
    server: TraktServer, reader: TraktReader
) -> None:
    server.faults.add(fail(502), path="^/comments/recent", times=1)
    server.faults.add(fail(429, 300, html=True), path="^/comments/recent", after=1, times=1)
    assert [reader.status(ALL) for _ in range(3)] == [502, 429, 200]
    server.faults.clear()
    seen = [item["comment"]["id"] for item in reader.json(ALL)[:2]]

    def change(comment: dict[str, Any]) -> dict[str, Any] | None:
        return None if comment["id"] == seen[0] else comment | {"likes": "many"}

    server.faults.add(edit_comments(change), path="^/comments/")
    _, headers, body = reader.ask(ALL)
    found = [item["comment"] for item in json.loads(body)]
    assert found[0]["id"] == seen[1]
    assert {each["likes"] for each in found} == {"many"}
    assert headers["X-Pagination-Page"] == "1"
    server.faults.add(without_headers("X-Pagination-Page-Count"), times=1)
    assert reader.ask(ALL)[1]["X-Pagination-Page-Count"] is None
    server.faults.add(put(reactions={}), path=f"^/comments/{seen[1]}$")
    assert reader.json(f"/comments/{seen[1]}")["reactions"] == {}
    server.faults.add(cut(0.5), times=1)
    with pytest.raises(http.client.IncompleteRead):
        reader.ask(ALL)


def test_requests_are_counted_by_endpoint(server: TraktServer, reader: TraktReader) -> None:
    number = reader.json("/movies/popular")[0]["ids"]["trakt"]
    for target in (f"/movies/{number}", "/movies/tt0000001", "/comments/5/replies", ALL, ALL):
        reader.ask(target)
    assert server.traffic.endpoints == {
        "/movies/popular": 1, "/movies/{id}": 2, "/comments/{id}/replies": 1,
        "/comments/recent/all/all": 2,
    }  # fmt: skip


def test_the_command_line_prints_its_url_and_ends_on_a_signal() -> None:
    command = [sys.executable, "-m", "include.sample", "trakt", "--titles", "100", "--day", "2",
               "--today", "2026-03-10", "--unlimited"]  # fmt: skip
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        reader = TraktReader(process.stdout.readline().strip())
        assert reader.json(ALL)
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=10)
        reader.connection.close()
    assert (process.returncode, output, errors) == (0, "", "")
