"""The invented TMDb answers as the real API does, with everything that is odd in it."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from include.sample.api.answers import ApiRequest, SampleAnswer
from include.sample.tmdb.api import SampleApi
from include.sample.tmdb.world import SampleWorld

TODAY = date(2026, 3, 10)
LARGEST_INT = 2_147_483_647


@pytest.fixture(scope="module")
def api() -> SampleApi:
    return SampleApi.of(SampleWorld(4000, 3, 7), TODAY)


def answer(api: SampleApi, target: str) -> SampleAnswer:
    return api.answer(ApiRequest.parse(target))


def ask(api: SampleApi, target: str) -> Any:
    found = answer(api, target)
    assert found.status == 200, target
    return json.loads(found.body)


def bodies(api: SampleApi, kind: str, append: str) -> list[Any]:
    target = f"/{kind}/{{}}?append_to_response={append}"
    return [ask(api, target.format(number)) for number in api.world.ids(kind)]


@pytest.fixture(scope="module")
def movies(api: SampleApi) -> list[Any]:
    return bodies(api, "movie", "credits,external_ids,keywords")


@pytest.fixture(scope="module")
def shows(api: SampleApi) -> list[Any]:
    return bodies(api, "tv", "aggregate_credits,credits,external_ids,keywords")


@pytest.fixture(scope="module")
def people(api: SampleApi) -> list[Any]:
    return bodies(api, "person", "combined_credits,external_ids")


def test_money_is_unknown_tiny_or_too_large_for_an_integer(movies: list[Any]) -> None:
    budgets = [body["budget"] for body in movies]
    revenues = [body["revenue"] for body in movies]
    assert 0.7 < budgets.count(0) / len(movies) < 0.9
    assert 0.75 < revenues.count(0) / len(movies) < 0.95
    assert max(revenues) > LARGEST_INT
    assert any(0 < budget < 1000 for budget in budgets)
    assert any(body["budget"] >= 1000 and body["revenue"] >= 1000 for body in movies)


def test_movies_are_odd_as_real_ones(api: SampleApi, movies: list[Any]) -> None:
    listed = {genre["id"] for genre in ask(api, "/genre/movie/list")["genres"]}
    genres = [[genre["id"] for genre in body["genres"]] for body in movies]
    assert any(10769 in ids for ids in genres)
    assert {number for ids in genres for number in ids} - listed == {10769}
    assert any(len(ids) != len(set(ids)) for ids in genres)
    assert any(not ids for ids in genres)
    assert any(b["release_date"] == "" and b["status"] == "Released" for b in movies)
    assert any(b["release_date"] > "2027" for b in movies)
    assert len({b["status"] for b in movies}) >= 5
    assert {"cn", "xx", "en"} <= {b["original_language"] for b in movies}
    assert any("softcore" not in b for b in movies)
    assert any(b.get("softcore", False) is None for b in movies)
    assert any(b["video"] for b in movies)
    assert any(b["runtime"] == 0 for b in movies)
    assert any(b["belongs_to_collection"] for b in movies)
    assert any(b["belongs_to_collection"] is None for b in movies)
    assert {type(b["vote_average"]) for b in movies} == {int, float}
    assert {b["external_ids"]["imdb_id"] for b in movies if b["imdb_id"] is None} == {None, ""}


def test_texts_need_care(movies: list[Any], shows: list[Any], people: list[Any]) -> None:
    text = json.dumps([movies, shows, people], ensure_ascii=False)
    for odd in ('\\"', "\\n", "\\r\\n\\t", "\\\\", "'", "\N{CLAPPER BOARD}",
                "\N{RIGHT-TO-LEFT MARK}", "; DROP TABLE"):  # fmt: skip
        assert odd in text, odd
    assert "\\u0000" not in text


def test_a_company_may_have_two_ids_and_no_country(movies: list[Any]) -> None:
    companies = [company for body in movies for company in body["production_companies"]]
    names = {(company["id"], company["name"]) for company in companies}
    assert len(names) == len({number for number, _ in names})
    assert any(count > 1 for count in Counter(name for _, name in names).values())
    assert any(company["origin_country"] == "" for company in companies)


def test_shows_have_seasons_and_no_imdb_id(shows: list[Any]) -> None:
    assert all("imdb_id" not in body and body["episode_run_time"] == [] for body in shows)
    assert any(body["external_ids"]["imdb_id"] for body in shows)
    assert any(body["first_air_date"] == "" for body in shows)
    assert any(body["last_episode_to_air"] is None for body in shows)
    assert any(body["next_episode_to_air"] for body in shows)
    assert any(season["season_number"] == 0 for body in shows for season in body["seasons"])
    for body in shows:
        counted = [season for season in body["seasons"] if season["season_number"]]
        assert body["number_of_seasons"] == len(counted)
        assert body["number_of_episodes"] == sum(season["episode_count"] for season in counted)
    assert {"networks", "created_by", "type", "languages"} <= shows[0].keys()


def test_keywords_have_another_name_for_shows(movies: list[Any], shows: list[Any]) -> None:
    assert all(body["keywords"].keys() == {"keywords"} for body in movies)
    assert all(body["keywords"].keys() == {"results"} for body in shows)
    assert any(body["keywords"]["results"] for body in shows)


def test_appended_objects_have_no_id_and_single_ones_have(api: SampleApi) -> None:
    number = next(api.world.ids("movie"))
    appended = ask(api, f"/movie/{number}?append_to_response=credits,external_ids,unknown")
    assert "id" not in appended["credits"]
    assert "unknown" not in appended
    single = ask(api, f"/movie/{number}/credits")
    assert single == {"id": number, **appended["credits"]}


def _records(body: Any) -> Iterator[tuple[str, int, int]]:
    for place in ("cast", "crew"):
        for member in body["aggregate_credits"][place]:
            for part in member["roles" if place == "cast" else "jobs"]:
                yield part["credit_id"], body["id"], member["id"]


def test_a_credit_has_one_id_in_all_endpoints(
    api: SampleApi, movies: list[Any], shows: list[Any], people: list[Any]
) -> None:
    of_titles = [
        (member["credit_id"], body["id"], member["id"])
        for body in movies
        for place in ("cast", "crew")
        for member in body["credits"][place]
    ]
    of_titles += [record for body in shows for record in _records(body)]
    of_people = [
        (part["credit_id"], part["id"], body["id"])
        for body in people
        for place in ("cast", "crew")
        for part in body["combined_credits"][place]
    ]
    assert len({record[0] for record in of_titles}) == len(of_titles)
    assert len({record[0] for record in of_people}) == len(of_people)
    assert set(of_people) < set(of_titles)
    missing = {person for _, _, person in of_titles} - set(api.world.ids("person"))
    assert missing, "people in credits that have no details"
    assert answer(api, f"/person/{min(missing)}").status == 404
    known = set(api.world.ids("person"))
    assert set(of_people) == {record for record in of_titles if record[2] in known}


def test_a_person_has_several_roles_in_a_title(shows: list[Any], people: list[Any]) -> None:
    aggregate = [body["aggregate_credits"] for body in shows]
    assert any(len(member["roles"]) > 1 for each in aggregate for member in each["cast"])
    crews = [Counter(member["id"] for member in each["crew"]) for each in aggregate]
    assert any(count > 1 for crew in crews for count in crew.values())
    parts = [
        Counter((part["media_type"], part["id"]) for part in body["combined_credits"]["cast"])
        for body in people
    ]
    assert max(max(count.values(), default=0) for count in parts) >= 3
    episodes = [part for b in people for part in b["combined_credits"]["cast"] if "name" in part]
    assert all(part["episode_count"] >= 1 for part in episodes)


def test_people_lack_what_real_ones_lack(people: list[Any]) -> None:
    for name in ("birthday", "deathday", "homepage", "place_of_birth", "imdb_id", "profile_path"):
        values = [body[name] for body in people]
        assert None in values, name
        assert any(values), name
    assert any(body["biography"] == "" for body in people)
    assert any(body["also_known_as"] for body in people)
    assert {body["gender"] for body in people} == {0, 1, 2, 3}
    ids = people[0]["external_ids"]
    assert {"", None} <= set(ids.values())


@pytest.mark.parametrize("kind", ["movie", "tv", "person"])
def test_popular_lists_promise_too_much_and_repeat_ids(api: SampleApi, kind: str) -> None:
    pages = [ask(api, f"/{kind}/popular?page={page}") for page in range(1, 101)]
    assert all(page["total_pages"] > 10_000 for page in pages)
    assert len({page["total_results"] for page in pages}) > 1
    assert all(len(page["results"]) <= 20 for page in pages)
    results = [item for page in pages for item in page["results"]]
    if kind != "tv":
        assert {len(page["results"]) for page in pages} >= {18, 20}
        assert len({item["id"] for item in results}) < len(results)
        assert pages[-1]["results"] == []
    assert [page["page"] for page in pages] == list(range(1, 101))
    if kind == "person":
        known = [item["known_for"] for item in results]
        assert {len(each) for each in known} == {0, 1, 2, 3}
        assert {title["media_type"] for each in known for title in each} == {"movie", "tv"}


def test_a_list_item_agrees_with_the_details(api: SampleApi, shows: list[Any]) -> None:
    details = {body["id"]: body for body in shows}
    items = ask(api, "/tv/popular")["results"]
    for item in items:
        body = details[item["id"]]
        assert item.pop("genre_ids") == [genre["id"] for genre in body["genres"]]
        assert item == {name: body[name] for name in item}
    heights = [item["popularity"] for item in items]
    assert heights == sorted(heights, reverse=True)


def test_the_genre_lists_are_the_real_ones(api: SampleApi) -> None:
    movie, tv = (ask(api, f"/genre/{kind}/list")["genres"] for kind in ("movie", "tv"))
    assert (len(movie), len(tv)) == (19, 16)
    both = {genre["id"]: genre["name"] for genre in movie}.items() & {
        genre["id"]: genre["name"] for genre in tv
    }.items()
    assert len(both) == 8


def test_the_feed_has_null_ids_and_null_adults(api: SampleApi) -> None:
    page = ask(api, "/person/changes")
    assert page["total_pages"] == -(-page["total_results"] // 100)
    found = [
        item
        for number in range(1, page["total_pages"] + 1)
        for item in ask(api, f"/person/changes?page={number}")["results"]
    ]
    assert len(found) == page["total_results"]
    assert any(item["id"] is None for item in found)
    assert any(item["adult"] is None and item["id"] for item in found)
    assert ask(api, "/person/changes?start_date=2026-03-08&end_date=2026-03-08")["results"] == []
    assert ask(api, "/person/changes?page=99")["results"] == []


def test_an_imdb_id_is_found_in_the_list_of_its_kind(
    api: SampleApi, movies: list[Any], shows: list[Any], people: list[Any]
) -> None:
    def found(imdb_id: str) -> dict[str, list[int]]:
        results = ask(api, f"/find/{imdb_id}?external_source=imdb_id")
        assert len(results) == 5
        return {name: [item["id"] for item in items] for name, items in results.items() if items}

    movie = next(body for body in movies if body["imdb_id"])
    show = next(body for body in shows if body["external_ids"]["imdb_id"])
    person = next(body for body in people if body["imdb_id"])
    assert found(movie["imdb_id"]) == {"movie_results": [movie["id"]]}
    assert found(show["external_ids"]["imdb_id"]) == {"tv_results": [show["id"]]}
    assert found(person["imdb_id"]) == {"person_results": [person["id"]]}
    assert found("tt99999999") == {}
    episodes = api.world.view(0).episodes
    episode = next(each[0] for parent, each in episodes.items() if api.world.title("tv", parent))
    assert list(found(episode.tconst)) == ["tv_episode_results"]
    assert ask(api, f"/movie/{movie['imdb_id']}")["id"] == movie["id"]


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("/movie/popular?page=500", 200, None),
        ("/movie/popular?page=501", 400, 22),
        ("/movie/popular?page=0", 400, 22),
        ("/tv/popular?page=x", 400, 22),
        ("/person/changes?page=0", 400, 22),
        ("/tv/changes?start_date=2026-02-24&end_date=2026-03-10", 200, None),
        ("/tv/changes?start_date=2026-02-23&end_date=2026-03-10", 422, 20),
        ("/tv/changes?start_date=2026-03-10&end_date=2026-03-09", 422, 20),
        ("/tv/changes?start_date=10.03.2026", 400, 23),
        ("/movie/0", 404, 34),
        ("/movie/1x", 404, 34),
        ("/unknown", 404, 34),
        (f"/movie/1?append_to_response={','.join('a' * 21)}", 400, 27),
        ("/find/tt0000001", 400, None),
        ("/configuration", 200, None),
    ],
)
def test_errors_have_the_status_and_the_code_of_the_api(
    api: SampleApi, target: str, status: int, code: int | None
) -> None:
    found = answer(api, target)
    assert found.status == status
    assert json.loads(found.body).get("status_code") == code


def test_answers_have_the_headers_of_a_cache(api: SampleApi) -> None:
    found = answer(api, "/movie/popular")
    assert found.headers["Cache-Control"].startswith("public, max-age=")
    assert found.headers["ETag"].startswith('W/"')
    assert found.headers["ETag"] != answer(api, "/movie/popular?page=2").headers["ETag"]
