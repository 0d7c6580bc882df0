"""Invented movies, shows and people of TMDb, full of what real ones hardly have.

What is odd about a thing is in its own fields; all have ids that the sample does not have.
"""

from typing import Any

from tests.support.tmdb_answers import Body, RawAnswer

FIRST = 900_000_001
HUGE = 2**63 - 1
# What takes the place of a list, of an object or of a number.
NO_LISTS: tuple[Any, ...] = (None, {}, "none", 7, [])
NO_OBJECTS: tuple[Any, ...] = (None, [], "none", [{}], {})
NO_INTEGERS: tuple[Any, ...] = (
    "many",
    "5000.5",
    " 5000",
    "+5000",
    "5e3",
    "5_000",
    "0x1F",
    "5000.",
    ".0",
    "NaN",
    "Infinity",
    "٥",
    "",
    5000.5,
    5e30,
    HUGE + 1,
    True,
    [5000],
    None,
)
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


def movie(number: int, **fields: Any) -> RawAnswer:
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
    return RawAnswer((number,), body | fields)


def show(number: int, **fields: Any) -> RawAnswer:
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
    return RawAnswer((number,), body | fields)


def person(number: int, **fields: Any) -> RawAnswer:
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
    return RawAnswer((number,), body | fields)


def _companies_of_film(number: int) -> list[Body]:
    """Companies that have just enough films for their tier, or just one too few."""
    films = {920: 100, 921: 99, 922: 20, 923: 19, 924: 5, 925: 4}
    return [
        {"id": company, "name": f"Company {company}", "origin_country": "SE"}
        for company, count in films.items()
        if number < count
    ]


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
        *({"production_companies": _companies_of_film(number)} for number in range(100)),
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


def _known_for_of_people() -> list[dict[str, Any]]:
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
KNOWN_FOR = _known_for_of_people()
