"""Recorded answers of Trakt served again: copies with other ids, faults by a seed, a folder."""

import http.client
import json
from pathlib import Path
from typing import Any

import pytest

from include.sample.api.answers import ApiRequest, SampleAnswer
from include.sample.trakt.copies import STEP, moved, original_path
from include.sample.trakt.replay import DrawnFaults, fault_named, serve_folder
from include.sample.trakt.server import REQUIRED

ENTRY: dict[str, Any] = {
    "type": "episode",
    "episode": {"season": 2, "number": 3, "ids": {"trakt": 7, "imdb": "tt0000008", "tmdb": None}},
    "show": {"title": "A", "ids": {"trakt": 9, "slug": "a-1999", "tvdb": 3}},
    "comment": {
        "id": 11, "parent_id": 0, "likes": 4, "comment": "\x00",
        "user": {"username": "U", "ids": {"slug": "u", "trakt": 5}},
    },
}  # fmt: skip


def test_a_copy_has_other_ids_and_the_same_contents() -> None:
    copy = moved(ENTRY, 2)
    assert copy["comment"]["id"] == 11 + 2 * STEP
    assert copy["comment"]["parent_id"] == 0
    assert copy["comment"]["comment"] == "\x00"
    assert copy["comment"]["likes"] == 4
    assert copy["comment"]["user"]["ids"] == {"slug": "u-copy-2", "trakt": 5 + 2 * STEP}
    assert copy["episode"]["season"] == 2
    assert copy["episode"]["ids"] == {
        "trakt": 7 + 2 * STEP, "imdb": f"tt{8 + 2 * STEP}", "tmdb": None,
    }  # fmt: skip
    assert moved(ENTRY, 0)["show"]["ids"]["trakt"] == 9


@pytest.mark.parametrize(
    ("path", "original", "copy"),
    [
        (f"/comments/{11 + 2 * STEP}/replies", "/comments/11/replies", 2),
        (f"/shows/{9 + STEP}/seasons/2/episodes/3/comments/oldest",
         "/shows/9/seasons/2/episodes/3/comments/oldest", 1),
        (f"/movies/tt{8 + 3 * STEP}", "/movies/tt0000008", 3),
        ("/shows/a-1999-copy-2/stats", "/shows/a-1999/stats", 2),
        ("/movies/tt0000008", "/movies/tt0000008", 0),
        ("/movies/12/comments/oldest", "/movies/12/comments/oldest", 0),
        ("/comments/recent/all/all", "/comments/recent/all/all", 0),
        ("/movies/popular", "/movies/popular", 0),
    ],
)  # fmt: skip
def test_a_path_of_a_copy_names_the_recording(path: str, original: str, copy: int) -> None:
    assert original_path(path) == (original, copy)


def test_the_same_seed_lets_the_same_answers_fail_and_another_try_can_succeed() -> None:
    questions = [ApiRequest.parse(f"/comments/recent/all/all?page={page}") for page in range(200)]
    good = SampleAnswer(200, b"[]")

    def statuses(seed: int) -> list[int]:
        faults = DrawnFaults([fault_named("503"), fault_named("429")], seed, 0.2)
        return [faults.apply(each, good).status for each in questions for _ in range(2)]

    assert statuses(1) == statuses(1) != statuses(2)
    assert 40 < sum(status != 200 for status in statuses(1)) < 120
    assert set(statuses(1)) == {200, 429, 503}
    assert any(
        first != 200 and again == 200
        for first, again in zip(statuses(1)[::2], statuses(1)[1::2], strict=True)
    )


def test_an_unknown_fault_is_refused() -> None:
    for name in ("teapot", "200", ""):
        with pytest.raises(ValueError, match="is no fault"):
            fault_named(name)


def test_a_folder_of_recordings_is_served_byte_for_byte(tmp_path: Path) -> None:
    body = b'[ {"id": 1, "comment": "\\u00e9"} ]'
    (tmp_path / "list.json").write_bytes(body)
    (tmp_path / "one.json").write_bytes(b'{"id":1}')
    date = "Mon, 02 Mar 2026 11:23:23 GMT"
    recorded = {
        "list.json": {
            "request": "GET /movies/5/comments/newest?extended=min",
            "headers": {"date": date, "x-pagination-page": "1", "x-pagination-page-count": "8",
                        "content-encoding": "br", "etag": "W/x"},
        },
        "one.json": {"request": "GET /comments/1?extended=min",
                     "headers": {"x-item-type": "movie", "x-item-id": "5"}},
    }  # fmt: skip
    (tmp_path / "headers.json").write_text(json.dumps(recorded), "utf-8")
    with serve_folder(tmp_path) as server:
        connection = http.client.HTTPConnection(server.base_url[7:], timeout=10)

        def ask(target: str) -> tuple[int, Any, bytes]:
            connection.request("GET", target, headers=REQUIRED)
            response = connection.getresponse()
            return response.status, response.headers, response.read()

        status, headers, found = ask("/movies/5/comments/newest?page=1&limit=250")
        assert (status, found, headers["Date"]) == (200, body, date)
        assert headers["X-Pagination-Page-Count"] == "8"
        assert "content-encoding" not in headers
        assert ask("/movies/5/comments/newest?page=2&limit=250")[0] == 404
        assert ask("/comments/1")[1]["X-Item-ID"] == "5"
        connection.close()
