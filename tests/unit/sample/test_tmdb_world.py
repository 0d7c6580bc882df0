"""The invented TMDb: the same titles and people as the sample, repeatable, with an exact feed."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from include.sample.api.answers import ApiRequest
from include.sample.maker import make_window
from include.sample.tmdb.api import SampleApi
from include.sample.tmdb.measures import without_measures
from include.sample.tmdb.numbers import KINDS
from include.sample.tmdb.world import SampleWorld
from include.sample.universe import Universe

TODAY = date(2026, 3, 10)
SEED = 7
APPENDED = {
    "movie": "credits,external_ids,keywords",
    "tv": "aggregate_credits,credits,external_ids,keywords",
    "person": "combined_credits,external_ids",
}
# Of a person in the credits of a title, what belongs to the title.
_OF_CREDITS = {"id", "credit_id", "character", "order", "cast_id", "department", "job", "roles",
               "jobs", "total_episode_count"}  # fmt: skip


@cache
def api(day: int, titles: int = 1000) -> SampleApi:
    return SampleApi.of(SampleWorld(titles, day, SEED), TODAY)


def ask(of: SampleApi, target: str) -> Any:
    answer = of.answer(ApiRequest.parse(target))
    assert answer.status == 200, target
    return json.loads(answer.body)


def details(of: SampleApi, kind: str, number: int) -> Any:
    return ask(of, f"/{kind}/{number}?append_to_response={APPENDED[kind]}")


def own(body: Any) -> Any:
    """The content that an editor of this entry can change."""
    found = without_measures({k: v for k, v in body.items() if k != "combined_credits"})
    for name in ("credits", "aggregate_credits"):
        for people in found.get(name, {}).values():
            people[:] = [{k: v for k, v in each.items() if k in _OF_CREDITS} for each in people]
    for creator in found.get("created_by", ()):
        for name in ("name", "original_name", "gender"):
            creator.pop(name)
    return found


def feed(of: SampleApi, kind: str, start: date = TODAY, end: date = TODAY) -> list[Any]:
    target = f"/{kind}/changes?start_date={start}&end_date={end}"
    pages = ask(of, target)["total_pages"]
    return [
        item for page in range(1, pages + 1) for item in ask(of, f"{target}&page={page}")["results"]
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_the_feed_names_exactly_what_changed(kind: str) -> None:
    before, after = api(4), api(5)
    old = {number: own(details(before, kind, number)) for number in before.world.ids(kind)}
    new = {number: own(details(after, kind, number)) for number in after.world.ids(kind)}
    listed_ids = {item["id"] for item in feed(after, kind)}
    changed = {number for number, body in new.items() if old.get(number) != body}
    assert changed
    assert listed_ids & new.keys() == changed
    strange = listed_ids - new.keys() - old.keys() - {None}
    assert strange, "ids that have no details"


def test_a_range_of_days_has_the_ids_of_each_day() -> None:
    later = api(5)
    days = [date(2026, 3, 8), date(2026, 3, 9), TODAY]
    known = set(later.world.ids("movie"))
    single = {item["id"] for day in days for item in feed(later, "movie", day, day)}
    whole = {item["id"] for item in feed(later, "movie", days[0], TODAY)}
    assert whole & known == single & known
    assert len(whole) > len({item["id"] for item in feed(later, "movie")})


def test_votes_and_popularity_move_every_day_and_the_feed_does_not_list_them() -> None:
    before, after = api(4), api(5)
    listed_ids = {item["id"] for item in feed(after, "movie")}
    quiet = set(before.world.ids("movie")) & set(after.world.ids("movie")) - listed_ids
    moved = [(details(before, "movie", n), details(after, "movie", n)) for n in quiet]
    assert all(old["popularity"] != new["popularity"] for old, new in moved)
    assert all(old["vote_count"] < new["vote_count"] for old, new in moved if old["vote_count"])


def test_titles_and_people_are_those_of_the_imdb_sample() -> None:
    lines, _ = make_window(Universe(SEED, 1000), 5, 0)
    basics = {line.split("\t")[0]: line.split("\t") for line in lines["title.basics"]}
    names = {line.split("\t")[0] for line in lines["name.basics"]}
    movies = [details(api(5), "movie", number) for number in api(5).world.ids("movie")]
    known = [body for body in movies if body["imdb_id"]]
    assert {basics[body["imdb_id"]][1] for body in known} == {"movie", "tvMovie", "short", "video"}
    same = sum(basics[body["imdb_id"]][2] == body["title"] for body in known)
    assert same >= len(known) - 10, "TMDb's editors change few titles"
    assert known != movies, "the newest have no IMDb id"
    people = [details(api(5), "person", number) for number in api(5).world.ids("person")]
    assert {body["imdb_id"] for body in people} - {None} <= names
    assert any(body["imdb_id"] is None for body in people)


@pytest.mark.parametrize("kind", KINDS)
def test_a_number_leads_back_to_its_id(kind: str) -> None:
    numbers = api(1).world.numbers
    prefix = "nm" if kind == "person" else "tt"
    digits = (*range(1, 500), 9_999_999, *range(10_000_000, 10_000_500), 99_999_999)
    ids = [f"{prefix}{each:07d}" for each in digits]
    found = [numbers.of(kind, sample_id) for sample_id in ids]
    assert len(set(found)) == len(ids)
    assert [numbers.back(kind, number) for number in found] == ids
    assert numbers.back(kind, 0) is None


def test_one_number_is_a_movie_and_a_show_in_one_filmography() -> None:
    world = api(1).world
    both = set(world.ids("movie")) & set(world.ids("tv"))
    assert both
    filmographies = [
        details(api(1), "person", number)["combined_credits"] for number in world.ids("person")
    ]
    kinds = [
        {part["media_type"] for part in parts["cast"] + parts["crew"] if part["id"] in both}
        for parts in filmographies
    ]
    assert {"movie", "tv"} in kinds


def _targets(of: SampleApi) -> Iterator[str]:
    for kind in KINDS:
        numbers = list(of.world.ids(kind))[::40]
        yield from (f"/{kind}/{n}?append_to_response={APPENDED[kind]}" for n in numbers)
        yield from (f"/{kind}/popular?page={page}" for page in (1, 2, 9, 30))
        yield f"/{kind}/changes"


def test_the_same_arguments_give_the_same_answers_in_any_order_and_in_parallel() -> None:
    first, second = (SampleApi.of(SampleWorld(2000, 3, SEED), TODAY) for _ in range(2))
    targets = list(_targets(first))
    expected = {target: first.answer(ApiRequest.parse(target)) for target in targets}
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda target: second.answer(ApiRequest.parse(target)), targets[::-1])
    assert dict(zip(targets[::-1], found, strict=True)) == expected
    other = SampleApi.of(SampleWorld(2000, 3, SEED + 1), TODAY)
    assert other.answer(ApiRequest.parse("/movie/popular")) != expected["/movie/popular?page=1"]


def test_editors_change_every_field_in_time() -> None:
    expected = {
        "movie": {"budget", "genres", "imdb_id", "poster_path", "release_date", "revenue",
                  "runtime", "status", "tagline", "title"},
        "tv": {"external_ids", "poster_path", "seasons", "status", "tagline"},
        "person": {"biography", "imdb_id", "known_for_department", "name"},
    }  # fmt: skip
    first, later = api(1, 2000), api(20, 2000)
    for kind, fields in expected.items():
        both = set(first.world.ids(kind)) & set(later.world.ids(kind))
        target = f"/{kind}/{{}}?append_to_response=external_ids"
        changed = set()
        for number in both:
            old, new = ask(first, target.format(number)), ask(later, target.format(number))
            changed |= {name for name in old if old[name] != new[name]}
        assert fields <= changed, kind


def test_an_id_disappears_and_another_comes_back() -> None:
    listed = [set(api(day).world.ids("movie")) for day in (1, 2, 3, 4, 5)]
    assert any(before - after for before, after in pairwise(listed))
    assert any((a - b) & c for a, b, c in zip(listed, listed[1:], listed[2:], strict=False))


def test_entries_come_to_the_popular_list_and_leave_it() -> None:
    def listed(day: int) -> set[int]:
        pages = [ask(api(day), f"/movie/popular?page={page}")["results"] for page in range(1, 10)]
        assert pages[-1] == []
        return {item["id"] for page in pages for item in page}

    first, later = listed(1), listed(5)
    assert first <= set(api(1).world.ids("movie"))
    assert later <= set(api(5).world.ids("movie"))
    assert first - later
    assert later - first
    assert first & later
    gone = (first - later) & set(api(5).world.ids("movie"))
    assert gone, "an entry that left the list still has details"


def test_a_large_world_needs_one_window_for_a_page() -> None:
    large = SampleApi.of(SampleWorld(2_000_000, 1, SEED), TODAY)
    assert len(ask(large, "/movie/popular?page=500")["results"]) >= 18
    number = ask(large, "/person/popular?page=2")["results"][0]["id"]
    assert details(large, "person", number)["id"] == number


@pytest.mark.parametrize(("titles", "day"), [(0, 1), (1000, 0)])
def test_a_world_that_cannot_be_made_is_refused(titles: int, day: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        SampleWorld(titles, day, SEED)
