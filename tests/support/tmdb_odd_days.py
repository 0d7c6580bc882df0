"""Three days of odd answers of TMDb: things go and come back, genres and companies change."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.support.postgres import Database
from tests.support.tmdb_answers import Body, RawAnswer, RawMeasure, add_answers, add_measures
from tests.support.tmdb_oddities import FIRST, KNOWN_FOR, MOVIES, PEOPLE, SHOWS

MINUTE = timedelta(minutes=1)
_GONE_MOVIE, _MOVIE_BACK = MOVIES[-2], MOVIES[-1]
_LISTED_LATER = PEOPLE[-1]
OF_A_KILLED_BATCH = FIRST + 32
"""A movie that is gone, as an answer says whose batch ended late."""


def _page(people: list[RawAnswer]) -> Body:
    """A page of popular people; those are known for odd things, the first one twice."""
    results = [
        {"id": each.key[0], **KNOWN_FOR[at % len(KNOWN_FOR)]}
        for at, each in enumerate([*people, people[0]])
    ]
    return {"page": 90, "results": [*results, {"id": None}, "a text"]}


def _measures(at: datetime) -> Iterator[RawMeasure]:
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
            yield RawMeasure(kind, number, day, *shown)
        yield RawMeasure(kind, FIRST + 999, day, 1.5, 5.0, 60, 1)


def add_first_day(database: Database, at: datetime) -> None:
    """All odd things, measured, and the odd people listed."""
    add_answers(database, "movies", MOVIES, at)
    add_answers(database, "shows", SHOWS, at)
    add_answers(database, "people", PEOPLE, at)
    add_answers(database, "lists", [RawAnswer(("person", 90), _page(PEOPLE[:-1]))], at)
    add_measures(database, list(_measures(at)), at)


def add_second_day(database: Database, at: datetime) -> None:
    """Some are gone, one is back at once, and TMDb has other genres."""
    gone = [RawAnswer(each.key, None) for each in (_GONE_MOVIE, _MOVIE_BACK)]
    add_answers(database, "movies", [*gone, RawAnswer((FIRST + 500,), None)], at)
    add_answers(database, "movies", [_changed(each, "title") for each in MOVIES[:30]], at + MINUTE)
    # Gone and back between two builds: no build saw it.
    add_answers(database, "shows", [RawAnswer(SHOWS[0].key, None)], at)
    add_answers(database, "shows", [SHOWS[0]], at + MINUTE)
    add_answers(database, "shows", [RawAnswer(SHOWS[-1].key, None)], at + MINUTE)
    add_answers(database, "people", [RawAnswer(PEOPLE[-2].key, None)], at)
    # Two changes between two builds are one version.
    add_answers(database, "people", [_changed(each, "biography") for each in PEOPLE[:9]], at)
    add_answers(
        database, "people", [_changed(each, "homepage") for each in PEOPLE[:9]], at + MINUTE
    )
    # A page that came before the newest details, but whose batch ended later.
    earlier = at - timedelta(days=30)
    late = {"id": 1, "media_type": "movie", "title": "Late"}
    page = {"results": [{"id": _LISTED_LATER.key[0], "known_for": [late]}]}
    add_answers(database, "lists", [RawAnswer(("person", 91), page)], earlier)
    add_answers(database, "lists", [RawAnswer(("person", 90), _page(PEOPLE[3:20]))], at)
    genres = [{"id": 18, "name": "Theatre"}, {"id": 7700, "name": "New"}, {"id": 1, "name": ""}]
    add_answers(database, "genres", [RawAnswer(("movie",), {"genres": [*genres, "a text"]})], at)
    add_measures(database, list(_measures(at)), at)
    # A batch whose process was killed: the next sync ends it.
    killed = [_changed(MOVIES[31], "title"), RawAnswer((OF_A_KILLED_BATCH,), None)]
    _leave_open(database, add_answers(database, "movies", killed, at + MINUTE))


def add_last_day(database: Database, at: datetime) -> None:
    """One is back as it was, companies have other names, and one genre is renamed back."""
    add_answers(database, "movies", [_MOVIE_BACK], at)
    names = [{"id": 900, "name": "New Name", "origin_country": "JP"}, {"id": 904, "name": "Next"}]
    renamed = [
        {"production_companies": names},
        {"production_companies": [names[0] | {"name": "N"}]},
    ]
    both = [
        RawAnswer(each.key, {**(each.body or {}), **fields})
        for each, fields in zip(MOVIES[40:42], renamed, strict=True)
    ]
    add_answers(database, "movies", both, at)
    genres = [{"id": 18, "name": "Drama"}, {"id": 18, "name": "Twice"}]
    add_answers(database, "genres", [RawAnswer(("movie",), {"genres": genres})], at)
    add_answers(database, "genres", [RawAnswer(("tv",), {"genres": None})], at)
    add_measures(database, list(_measures(at))[::2], at)


def _leave_open(database: Database, load_id: int | None) -> None:
    database.execute(
        "update meta.api_batch_log set load_id = null, ended_at = null where load_id = %s", load_id
    )
    database.execute("delete from meta.load_log where load_id = %s", load_id)


def _changed(answer: RawAnswer, field: str) -> RawAnswer:
    return RawAnswer(answer.key, {**(answer.body or {}), field: f"Another {field}"})
