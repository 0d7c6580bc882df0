"""What Trakt is asked with, and what its answers are taken for."""

import json
from collections.abc import Iterator

import pytest

from tests.support.trakt import CLIENT_ID, SmallTrakt, comment, settings, small_trakt
from trakt_pipeline.client import TraktClient, listed_title
from warehouse.errors import SourceRefused, SourceUnavailable
from warehouse.http.api_client import ApiClient


@pytest.fixture
def trakt() -> Iterator[SmallTrakt]:
    with small_trakt(recent=[{"type": "movie", "comment": comment(3)}], updates=[]) as api:
        api.lists["movies/1/comments/oldest"] = [comment(number) for number in range(1, 26)]
        api.lists["comments/2/replies"] = [comment(4, parent_id=2)]
        yield api


@pytest.fixture
def client(trakt: SmallTrakt) -> TraktClient:
    return TraktClient(ApiClient(settings(trakt.base_url).api_policy))


def thing(status: int, data: object, **headers: str) -> tuple[int, dict[str, str], bytes]:
    return status, headers, json.dumps(data).encode()


def test_each_request_names_version_key_and_program_and_no_language(
    trakt: SmallTrakt, client: TraktClient
) -> None:
    client.recent(1)
    client.unit_comments("movies/1/comments", 1)

    for head in trakt.heads:
        sent = {name.lower(): value for name, value in head.items()}
        assert sent["trakt-api-key"] == CLIENT_ID
        assert (sent["trakt-api-version"], sent["content-type"]) == ("2", "application/json")
        assert sent["user-agent"]
        assert "authorization" not in sent
    assert not [path for path, _ in trakt.asked if "language" in path or CLIENT_ID in path]


def test_a_page_is_counted_by_its_headers(trakt: SmallTrakt, client: TraktClient) -> None:
    trakt.longest, trakt.hidden = 10, {12, 13}

    pages = [client.unit_comments("movies/1/comments", page) for page in (1, 2, 3)]

    assert [len(page.items) for page in pages] == [10, 8, 5]
    assert {(page.page_limit, page.page_count, page.item_count) for page in pages} == {(10, 3, 25)}
    assert [page.is_last for page in pages] == [False, False, True]
    assert client.replies(2, 1).items == (comment(4, parent_id=2),)


def test_a_page_behind_the_last_one_may_be_the_last_one(
    trakt: SmallTrakt, client: TraktClient
) -> None:
    pages = {"X-Pagination-Page": "3", "X-Pagination-Page-Count": "3"}
    trakt.faults = [thing(200, [], **pages)]

    assert client.recent(7).is_last


def test_an_unknown_list_is_gone_or_empty(trakt: SmallTrakt, client: TraktClient) -> None:
    trakt.lists["shows/9/comments/oldest"] = []

    gone, empty = (client.unit_comments(f"{name}/comments", 1) for name in ("shows/1", "shows/9"))

    assert (gone.is_gone, gone.items, gone.is_last) == (True, (), True)
    assert (empty.is_gone, empty.page_count, empty.is_last) == (False, 0, True)


def test_a_comment_is_known_by_its_id_and_gone_by_404(
    trakt: SmallTrakt, client: TraktClient
) -> None:
    trakt.things |= {
        "comments/1": thing(200, comment(1), **{"X-Item-Type": "movie", "X-Item-Id": "7"}),
        "comments/2": thing(200, comment(1)),
        "comments/3": thing(404, {"error": "not found"}),
    }

    found = client.comment(1)

    assert (found.items, found.is_gone) == ((comment(1),), False)
    assert (found.answer.headers["x-item-type"], found.answer.headers["x-item-id"]) == (
        "movie",
        "7",
    )
    with pytest.raises(SourceUnavailable, match="another id"):
        client.comment(2)
    assert client.comment(3).is_gone
    assert client.comment(4).is_gone


@pytest.mark.parametrize(
    "page",
    [(404, {"Content-Type": "text/html"}, b"<html>A proxy</html>"), (404, {}, b"not found")],
    ids=["a page of HTML", "a text"],
)
def test_a_404_of_another_program_is_no_proof(
    trakt: SmallTrakt, client: TraktClient, page: tuple[int, dict[str, str], bytes]
) -> None:
    trakt.things["comments/1"] = page

    with pytest.raises(SourceUnavailable, match="not JSON"):
        client.comment(1)


def test_what_is_said_of_a_title(trakt: SmallTrakt, client: TraktClient) -> None:
    title = {"title": "A", "ids": {"trakt": 7, "imdb": "tt0000007"}}
    trakt.things |= {
        "movies/7": thing(200, title),
        "movies/8": thing(200, title),
        "movies/9": thing(200, {"title": "A", "ids": None}),
        "movies/tt0000007": thing(200, title),
        "shows/7/seasons": thing(200, [{"number": 1}]),
        "movies/7/ratings": thing(200, {"rating": 7.5}),
        "shows/7/stats": thing(200, {"watchers": 5}),
    }
    trakt.lists |= {"shows/popular": [title], "movies/trending": [{"watchers": 2, "movie": title}]}

    assert client.title("movie", 7).data == client.title("movie", "tt0000007").data == title
    assert client.title("movie", 9).status == 200
    with pytest.raises(SourceUnavailable, match="another id"):
        client.title("movie", 8)
    assert client.title("show", "tt0000008").status == 404
    assert client.seasons(7).data == [{"number": 1}]
    assert client.seasons(8).data is None
    assert client.ratings("movie", 7).data == {"rating": 7.5}
    assert client.stats("show", 7).data == {"watchers": 5}
    (popular,) = client.titles_list("show", "popular", 1).items
    (trending,) = client.titles_list("movie", "trending", 1).items
    assert listed_title(popular, "show") == listed_title(trending, "movie") == title


@pytest.mark.parametrize(
    "answer",
    [
        thing(200, {"error": "an object"}),
        thing(200, [], **{"X-Pagination-Page": "7"}),
        (200, {"Content-Length": "99"}, b"[]"),
        (502, {}, b"<html>"),
        (503, {}, b"<html>"),
        (504, {}, b""),
        (520, {}, b""),
        (521, {}, b""),
        (522, {}, b""),
        (429, {"Retry-After": "0"}, b'{"error": "rate limit"}'),
        (429, {"Content-Type": "text/html"}, b"<html>banned</html>"),
    ],
    ids=[
        *("an object", "another page", "cut", "502", "503", "504", "520", "521", "522"),
        *("429 as JSON", "429 as HTML"),
    ],
)
def test_what_is_no_page_is_no_end_of_a_list(
    trakt: SmallTrakt, client: TraktClient, answer: tuple[int, dict[str, str], bytes]
) -> None:
    trakt.faults = [answer] * 2
    with pytest.raises(SourceUnavailable, match="comments/updates"):
        client.updates(1)

    is_page = answer[1].get("X-Pagination-Page")
    trakt.faults = [] if is_page else [answer]
    assert client.updates(1).items == ()
    assert client.api.bans == (3 if answer[0] == 429 else 0)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_ends_the_run_at_once(
    trakt: SmallTrakt, client: TraktClient, status: int
) -> None:
    trakt.faults = [(status, {}, b"")]

    with pytest.raises(SourceRefused, match="TRAKT_CLIENT_ID") as raised:
        client.recent(1)

    assert CLIENT_ID not in str(raised.value)
    assert len(trakt.asked) == 1
