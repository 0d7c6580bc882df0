"""Invented answers of TMDb full of what real ones hardly have, on three days.

What is odd about a thing is in its own fields; all things have ids that the sample does not have.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.support.postgres import Database
from tests.support.tmdb_answers import Answer, Body, Measure, add_answers, add_measures

FIRST = 900_000_001
HUGE = 2**63 - 1
MINUTE = timedelta(minutes=1)
# What takes the place of a list, of an object or of a number.
NO_LISTS: tuple[Any, ...] = (None, {}, "none", 7, [])
NO_OBJECTS: tuple[Any, ...] = (None, [], "none", [{}], {})
NO_INTEGERS: tuple[Any, ...] = ("many", "5000.5", 5000.5, HUGE + 1, True, [5000], None)
NO_AMOUNTS: tuple[Any, ...] = (*NO_INTEGERS, 0, -5000)
AMOUNTS: tuple[Any, ...] = (
    5000.0,
    "5000",
    "5000.00",
    999,
    1000,
    999_999,
    1_000_000,
    9_999_999,
    10_000_000,
    HUGE,
)
NO_DATES: tuple[Any, ...] = (
    *("", "2020-02-30", "2021-02-29", "20200101", "2020-1-1", "2020-01-01T00:00:00", " 2020-01-01"),
    *("1869-12-31", "2101-01-01", "0000-01-01", "unknown", 2020, None, "٢٠٢٠-٠١-٠١"),
)
DATES = ("1870-01-01", "2100-12-31", "2020-02-29", "2019-12-31", "2020-03-01")
NO_TCONSTS: tuple[Any, ...] = (
    "",
    "tt123456",
    f"tt{10**20}",
    "nm1234567",
    "TT1234567",
    "tt12345678x",
    7,
    None,
)
COMPANIES: tuple[Any, ...] = (
    {"id": 900, "name": "Old Name", "origin_country": "US"},
    {"id": 900, "name": "Same Id Later", "origin_country": "FR"},
    {"id": 901, "name": "Old Name", "origin_country": ""},
    {"id": 902, "name": "", "origin_country": "DE"},
    {"id": None, "name": "No Id"},
    {"id": "903", "name": "Text for an Id"},
    {"id": 904.0, "name": "Née à Ōsaka ", "origin_country": "XX"},
    {"id": 905},
    "a text",
    {"name": "No Id at All"},
    {"id": 906, "name": "No Country"},
)
CREDITS: tuple[Any, ...] = (
    {"id": 700, "name": "Ada Quill", "credit_id": "shared", "character": "Ferry", "order": 0},
    {"id": 700, "name": "Ada Quill", "credit_id": "twice", "character": "", "order": None},
    {"id": 701, "name": "", "credit_id": "no name", "character": "Clock / Self", "order": 2},
    {"id": 702, "name": "No Credit Id", "character": "Nobody"},
    {"id": 702, "name": "Empty Credit Id", "credit_id": ""},
    {"id": None, "name": "No Person", "credit_id": "no person"},
    {"name": "No Person at All", "credit_id": "no person at all"},
    {"id": 706, "name": "Longest Id", "credit_id": "é" * 100},
    {"id": 706, "name": "Id Too Long", "credit_id": "é" * 100 + "x"},
    "a text",
)


def movie(number: int, **fields: Any) -> Answer:
    """A movie with these fields and otherwise nothing odd."""
    body: Body = {
        "id": number,
        "title": f"Film {number}",
        "original_title": f"Film {number}",
        "status": "Released",
        "release_date": "2020-06-01",
        "budget": 2_000_000,
        "revenue": 5_000_000,
        "runtime": 90,
        "adult": False,
        "video": False,
        "genres": [{"id": 18, "name": "Drama"}],
        "production_companies": [{"id": 900, "name": "Old Name", "origin_country": "US"}],
        "credits": {"cast": [], "crew": []},
        "external_ids": {},
    }
    return Answer((number,), body | fields)


def show(number: int, **fields: Any) -> Answer:
    """A show with these fields and otherwise nothing odd."""
    body: Body = {
        "id": number,
        "name": f"Show {number}",
        "first_air_date": "2001-01-31",
        "last_air_date": None,
        "number_of_seasons": 1,
        "number_of_episodes": 8,
        "genres": [{"id": 18, "name": "Drama"}],
        "origin_country": ["US"],
        "networks": [{"id": 1, "name": "One"}],
        "aggregate_credits": {"cast": [], "crew": []},
        "external_ids": {"imdb_id": f"tt{number}"},
    }
    return Answer((number,), body | fields)


def person(number: int, **fields: Any) -> Answer:
    """A person with these fields and otherwise nothing odd."""
    body: Body = {
        "id": number,
        "name": f"Person {number}",
        "gender": 1,
        "known_for_department": "Acting",
        "imdb_id": f"nm{number}",
        "combined_credits": {"cast": [], "crew": []},
        "external_ids": {},
    }
    return Answer((number,), body | fields)


def _movies() -> list[dict[str, Any]]:
    """The odd fields of each movie."""
    genres = [{"id": number, "name": f"Genre {number}"} for number in range(7700, 7707)]
    crew = [each | {"department": "Art", "job": ""} for each in CREDITS if isinstance(each, dict)]
    return [
        *({"genres": each, "production_companies": each} for each in NO_LISTS),
        *({"credits": each, "external_ids": each} for each in NO_OBJECTS),
        *({"runtime": each} for each in (2**31 - 1, 2**31, "90", "90.0", "90.5")),
        *({"imdb_id": each} for each in (f"tt{10**19}", "tt0000001")),
        *({"belongs_to_collection": each} for each in (*NO_OBJECTS, {"name": ""}, {"name": "C"})),
        *({"credits": {"cast": each, "crew": each}} for each in NO_LISTS),
        *({"budget": each, "runtime": each} for each in NO_AMOUNTS),
        *({"budget": each, "revenue": 7_000} for each in AMOUNTS),
        *({"revenue": each} for each in (*NO_AMOUNTS, *AMOUNTS)),
        # Exactly half a cent, above and below nothing.
        *({"budget": 20_000, "revenue": each} for each in (19_999, 20_000, 20_001)),
        *({"release_date": each} for each in (*NO_DATES, *DATES)),
        *({"imdb_id": each, "external_ids": {"imdb_id": "tt7654321"}} for each in NO_TCONSTS),
        *({"imdb_id": "tt1234567", "external_ids": {"imdb_id": each}} for each in NO_TCONSTS),
        *({"status": each} for each in ("released", "Released ", "", None, "Planned")),
        *({"adult": each} for each in (True, None)),
        {"genres": genres, "adult": True},
        *({"genres": genres[:count]} for count in range(1, 8)),
        {"genres": [*genres[:2], genres[0], {"id": 7700, "name": "Again"}]},
        {"genres": [{"id": 7710, "name": ""}, {"id": 7711}, {"name": "X"}, genres[3], "a text"]},
        {"production_companies": list(COMPANIES)},
        {"production_companies": list(COMPANIES[::-1])},
        {"title": "", "original_title": " spaced  ", "tagline": "", "homepage": "\n", "status": ""},
        {"title": "Ünïcode «映画» 🎬", "release_date": "2098-12-01"},
        {
            "production_countries": [{"iso_3166_1": "US", "name": ""}, {"iso_3166_1": ""}, {}] * 2,
            "spoken_languages": [{"iso_639_1": "xx", "name": ""}, {"iso_639_1": "en"}] * 2,
        },
        {"credits": {"cast": list(CREDITS), "crew": crew[1:]}},
        {"credits": {"cast": [CREDITS[0] | {"id": 705, "character": "Of the later movie"}]}},
        {"title": "Gone later", "production_companies": [{"id": 907, "name": "Of a Gone Film"}]},
        {"title": "Gone and back", "credits": {"cast": [CREDITS[0] | {"credit_id": "passed on"}]}},
    ]


def _shows() -> list[dict[str, Any]]:
    roles = [
        {"credit_id": "shared", "character": "Of the show", "episode_count": 3},
        {"credit_id": "role", "character": "", "episode_count": 0},
        {"credit_id": "passed on", "character": "To the show", "episode_count": 1},
        {"credit_id": "", "character": "No Id"},
        {"credit_id": "no count", "episode_count": "3"},
    ]
    cast = [{"id": 700, "name": "Ada Quill", "order": 4, "roles": roles}]
    cast += [{"id": 703, "name": "No Roles", "roles": each} for each in NO_LISTS]
    jobs = [{"credit_id": "job", "job": "Idea", "episode_count": 2}, {"credit_id": "no job"}]
    crew = [{"id": 704, "department": "Writing", "jobs": jobs, "order": 9}, {"jobs": jobs}]
    return [
        *({"genres": each, "networks": each, "origin_country": each} for each in NO_LISTS),
        *({"aggregate_credits": each, "external_ids": each} for each in NO_OBJECTS),
        *({"number_of_seasons": each, "number_of_episodes": each} for each in (*NO_AMOUNTS, 3.0)),
        *({"first_air_date": each, "last_air_date": each} for each in (*NO_DATES, *DATES)),
        *({"external_ids": {"imdb_id": each}, "imdb_id": "tt1111111"} for each in NO_TCONSTS),
        {"origin_country": ["US", "", "GB", "US", None]},
        {"networks": [{"id": 2, "name": "B"}, {"id": 1, "name": "B"}, {"id": 2, "name": "C"}]},
        {"genres": [{"id": 7720, "name": "Of the Show"}, {"id": 18, "name": "Drama of a Show"}]},
        {"genres": [{"id": 7720, "name": "Of a Later Show"}]},
        {"aggregate_credits": {"cast": cast, "crew": crew}},
        {"name": "", "in_production": None, "adult": True, "type": "", "status": ""},
        {"name": "Gone later"},
    ]


def _people() -> list[dict[str, Any]]:
    of_movie = {"id": 5, "media_type": "movie", "title": "T", "name": "N", "episode_count": 4}
    works = [
        of_movie | {"credit_id": "shared", "character": "Of the person", "order": 1},
        of_movie | {"credit_id": "passed on", "character": "To the person", "order": 1},
        of_movie | {"credit_id": "of a person", "character": "C", "order": 2.0},
        of_movie | {"credit_id": "of a show", "media_type": "tv", "character": None},
        of_movie | {"credit_id": "of an episode", "media_type": "tv_episode"},
        of_movie | {"credit_id": "of nothing", "media_type": None},
        of_movie | {"credit_id": "no title", "id": None},
        of_movie | {"credit_id": "no name of it", "title": ""},
    ]
    jobs = [each | {"credit_id": f"job {each['credit_id']}", "job": "J"} for each in works]
    return [
        *({"gender": each} for each in (0, 1, 2, 3, 4, "1", 2.0, None)),
        *({"also_known_as": each} for each in NO_LISTS),
        {"also_known_as": ["z", "é", "Z", "a", "", "é", "映", "🎬", "a "]},
        *({"birthday": each, "deathday": each} for each in (*NO_DATES, *DATES, "0001-01-01")),
        *({"imdb_id": each, "external_ids": {"imdb_id": "nm7654321"}} for each in NO_TCONSTS),
        *({"combined_credits": each, "external_ids": each} for each in NO_OBJECTS),
        *({"combined_credits": {"cast": each, "crew": each}} for each in NO_LISTS),
        {"combined_credits": {"cast": works, "crew": jobs}},
        {"name": "", "known_for_department": "", "homepage": "", "adult": None},
        {"name": "Gone later", "combined_credits": {"crew": [jobs[1] | {"credit_id": "lost"}]}},
        {"name": "Listed later"},
    ]


def _known_for() -> list[dict[str, Any]]:
    film, series = {"id": 2, "media_type": "movie"}, {"id": 1, "media_type": "tv"}
    return [
        *({"known_for": each} for each in NO_LISTS),
        {
            "known_for": [
                series | {"name": "Z"},
                film | {"title": "B"},
                film | {"id": 1, "title": "C"},
            ]
        },
        {"known_for": [film | {"title": "Same"}, series | {"name": "Same"}, series | {"name": ""}]},
        {"known_for": [film | {"title": ""}, film | {"title": "Kept"}, film | {"title": "Late"}]},
        {"known_for": [{"id": 1, "title": "X"}, film | {"id": None, "title": "X"}, "a text"]},
        {
            "known_for": [
                film | {"title": "", "name": "Name of a film"},
                series | {"title": "Title"},
            ]
        },
    ]


MOVIES = [movie(FIRST + at, **fields) for at, fields in enumerate(_movies())]
SHOWS = [show(FIRST + at, **fields) for at, fields in enumerate(_shows())]
PEOPLE = [person(FIRST + at, **fields) for at, fields in enumerate(_people())]
_GONE_MOVIE, _MOVIE_BACK = MOVIES[-2], MOVIES[-1]
_LISTED_LATER = PEOPLE[-1]


def _page(people: list[Answer]) -> Body:
    """A page of popular people; those are known for odd things, the first one twice."""
    odd = _known_for()
    results = [
        {"id": each.key[0], **odd[at % len(odd)]} for at, each in enumerate([*people, people[0]])
    ]
    return {"page": 90, "results": [*results, {"id": None}, "a text"]}


def _measures(at: datetime) -> Iterator[Measure]:
    day = at.date()
    numbers: list[tuple[Any, ...]] = [
        (1.00005, 7.0005, 50, 1),
        (0.00005, 6.9994, 49, None),
        (1_000_000_000.0, 10.5, 500, 3),
        (-1.0, -0.1, 500, 4),
        (None, 8.0, None, 5),
        (12.5, 8.0, 0, 6),
        (12.5, None, 500, None),
        (0.0, 0.0, 50, 8),
        (999_999_999.0, 10.0, 2**40, 9),
        (3.25, 7.125, 500, None),
        (3.25, 7.125, 500, 9),
    ]
    for answers, kind in ((MOVIES, "movie"), (SHOWS, "tv"), (PEOPLE, "person")):
        for place, answer in enumerate(answers):
            shown = numbers[(place + day.toordinal()) % len(numbers)]
            (number,) = answer.key
            assert isinstance(number, int)
            yield Measure(kind, number, day, *shown)
        yield Measure(kind, FIRST + 999, day, 1.5, 5.0, 60, 1)


def add_first_day(database: Database, at: datetime) -> None:
    """All odd things, measured, and the odd people listed."""
    add_answers(database, "movies", MOVIES, at)
    add_answers(database, "shows", SHOWS, at)
    add_answers(database, "people", PEOPLE, at)
    add_answers(database, "lists", [Answer(("person", 90), _page(PEOPLE[:-1]))], at)
    add_measures(database, list(_measures(at)), at)


def add_second_day(database: Database, at: datetime) -> None:
    """Some are gone, one is back at once, and TMDb has other genres."""
    gone = [Answer(each.key, None) for each in (_GONE_MOVIE, _MOVIE_BACK)]
    add_answers(database, "movies", [*gone, Answer((FIRST + 500,), None)], at)
    add_answers(database, "movies", [_changed(each, "title") for each in MOVIES[:30]], at + MINUTE)
    # Gone and back between two builds: nobody saw it.
    add_answers(database, "shows", [Answer(SHOWS[0].key, None)], at)
    add_answers(database, "shows", [SHOWS[0]], at + MINUTE)
    add_answers(database, "shows", [Answer(SHOWS[-1].key, None)], at + MINUTE)
    add_answers(database, "people", [Answer(PEOPLE[-2].key, None)], at)
    # Two changes between two builds are one version.
    add_answers(database, "people", [_changed(each, "biography") for each in PEOPLE[:9]], at)
    add_answers(
        database, "people", [_changed(each, "homepage") for each in PEOPLE[:9]], at + MINUTE
    )
    # A page that came before the newest details, but whose batch ended later.
    earlier = at - timedelta(days=30)
    late = {"id": 1, "media_type": "movie", "title": "Late"}
    page = {"results": [{"id": _LISTED_LATER.key[0], "known_for": [late]}]}
    add_answers(database, "lists", [Answer(("person", 91), page)], earlier)
    add_answers(database, "lists", [Answer(("person", 90), _page(PEOPLE[3:20]))], at)
    genres = [{"id": 18, "name": "Theatre"}, {"id": 7700, "name": "New"}, {"id": 1, "name": ""}]
    add_answers(database, "genres", [Answer(("movie",), {"genres": [*genres, "a text"]})], at)
    add_measures(database, list(_measures(at)), at)


def add_last_day(database: Database, at: datetime) -> None:
    """One is back as it was, companies have other names, and one genre is renamed back."""
    add_answers(database, "movies", [_MOVIE_BACK], at)
    names = [{"id": 900, "name": "New Name", "origin_country": "JP"}, {"id": 904, "name": "Next"}]
    renamed = [
        {"production_companies": names},
        {"production_companies": [names[0] | {"name": "N"}]},
    ]
    both = [
        Answer(each.key, {**(each.body or {}), **fields})
        for each, fields in zip(MOVIES[40:42], renamed, strict=True)
    ]
    add_answers(database, "movies", both, at)
    genres = [{"id": 18, "name": "Drama"}, {"id": 18, "name": "Twice"}]
    add_answers(database, "genres", [Answer(("movie",), {"genres": genres})], at)
    add_answers(database, "genres", [Answer(("tv",), {"genres": None})], at)
    add_measures(database, list(_measures(at))[::2], at)


def _changed(answer: Answer, field: str) -> Answer:
    return Answer(answer.key, {**(answer.body or {}), field: f"Another {field}"})
