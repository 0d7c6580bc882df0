"""Movies, shows and people by their newest details: what staging has of each."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.e2e.oracle_tmdb.answers import Answers, OracleAnswer, newest, newest_bodies
from tests.e2e.oracle_tmdb.seeds import TmdbSeeds
from tests.e2e.oracle_tmdb.values import (
    INT4,
    Body,
    array,
    day,
    elements,
    flag,
    imdb_id,
    integer,
    known,
    objects,
    part,
    text,
)

Row = dict[str, Any]

_GENDERS = {1: "Female", 2: "Male", 3: "Non-binary"}


@dataclass(frozen=True, slots=True)
class Named:
    """An element of a list that has an id and a name."""

    id: int
    name: str
    body: Body


@dataclass(frozen=True, slots=True)
class Thing:
    """A movie, a show or a person; `columns` are those of its staging model, but for its key."""

    media_type: str
    id: int
    columns: Row
    answered_at: datetime
    gone_at: datetime | None
    body: Body
    linked_by: str | None
    genres: Sequence[Named] = field(default=())
    companies: Sequence[Named] = field(default=())

    @property
    def is_now(self) -> bool:
        """Whether its newest answer is no 404."""
        return self.gone_at is None

    @property
    def name(self) -> str | None:
        """Return its title or name."""
        found: str | None = self.columns["title" if self.media_type == "movie" else "name"]
        return found

    @property
    def order(self) -> tuple[datetime, int]:
        """Return what orders things by how new their details are."""
        return self.answered_at, self.id


@dataclass(frozen=True, slots=True)
class Things:
    """All things with details, by id, those that are gone, too."""

    movies: Mapping[int, Thing]
    shows: Mapping[int, Thing]
    people: Mapping[int, Thing]

    def of(self, media_type: str) -> Mapping[int, Thing]:
        """Return the things of a media_type."""
        return {"movie": self.movies, "tv": self.shows, "person": self.people}[media_type]

    def now(self, media_type: str, number: int) -> Thing | None:
        """Return a thing of now, else None."""
        found = self.of(media_type).get(number)
        return found if found and found.is_now else None

    def all_now(self, *media_types: str) -> Iterator[Thing]:
        """Yield the things of now."""
        for media_type in media_types:
            yield from (each for each in self.of(media_type).values() if each.is_now)


def things_of(answers: Answers, seeds: TmdbSeeds) -> Things:
    """Return all things as the answers have them."""
    return Things(
        _things(answers.movies, lambda answer, gone_at: _movie(answer, gone_at, seeds)),
        _things(answers.shows, lambda answer, gone_at: _show(answer, gone_at, seeds)),
        _things(answers.people, _person),
    )


def _things(
    answers: Sequence[OracleAnswer], thing: Callable[[OracleAnswer, datetime | None], Thing]
) -> dict[int, Thing]:
    last = newest(answers)
    return {
        key[0]: thing(answer, None if last[key].status == 200 else last[key].ingested_at)
        for key, answer in newest_bodies(answers).items()
    }


def _movie(answer: OracleAnswer, gone_at: datetime | None, seeds: TmdbSeeds) -> Thing:
    body = answer.body
    tconst, linked_by = _linked(body, "tt")
    genres, companies = named(body, "genres"), named(body, "production_companies")
    columns = {
        "imdb_id": tconst,
        **_texts(body, "title original_title original_language overview tagline status homepage"),
        "collection_name": text(part(body, "belongs_to_collection").get("name")),
        "budget_usd": known(body.get("budget")),
        "revenue_usd": known(body.get("revenue")),
        "runtime_minutes": known(body.get("runtime"), INT4),
        "genres": _names(genres),
        "companies": _names(companies),
        "countries": _codes(objects(body, "production_countries"), "iso_3166_1"),
        "spoken_languages": _codes(objects(body, "spoken_languages"), "iso_639_1"),
        "is_adult": flag(body.get("adult")),
        "is_video": flag(body.get("video")),
        "release_date": day(body.get("release_date"), seeds.years),
    }
    at = answer.ingested_at
    return Thing("movie", answer.key[0], columns, at, gone_at, body, linked_by, genres, companies)


def _show(answer: OracleAnswer, gone_at: datetime | None, seeds: TmdbSeeds) -> Thing:
    body = answer.body
    tconst = imdb_id(part(body, "external_ids").get("imdb_id"), "tt")
    genres = named(body, "genres")
    columns = {
        "imdb_id": tconst,
        **_texts(body, "name original_name original_language overview tagline status homepage"),
        "show_type": text(body.get("type")),
        "genres": _names(genres),
        "networks": _names(named(body, "networks")),
        "countries": array(
            list(dict.fromkeys(each for each in elements(body, "origin_country") if text(each)))
        ),
        "seasons": integer(body.get("number_of_seasons")),
        "episodes": integer(body.get("number_of_episodes")),
        "is_in_production": flag(body.get("in_production")),
        "is_adult": flag(body.get("adult")),
        "first_air_date": day(body.get("first_air_date"), seeds.years),
        "last_air_date": day(body.get("last_air_date"), seeds.years),
    }
    linked_by = "external_ids" if tconst else None
    return Thing("tv", answer.key[0], columns, answer.ingested_at, gone_at, body, linked_by, genres)


def _person(answer: OracleAnswer, gone_at: datetime | None) -> Thing:
    body = answer.body
    nconst, linked_by = _linked(body, "nm")
    gender = integer(body.get("gender"))
    columns = {
        "imdb_id": nconst,
        **_texts(body, "name known_for_department place_of_birth biography homepage"),
        "gender": None if gender is None else _GENDERS.get(gender),
        "also_known_as": array(
            sorted({each for each in elements(body, "also_known_as") if text(each)})
        ),
        "is_adult": flag(body.get("adult")),
        "birthday": day(body.get("birthday")),
        "deathday": day(body.get("deathday")),
    }
    return Thing("person", answer.key[0], columns, answer.ingested_at, gone_at, body, linked_by)


def named(body: Body, name: str) -> list[Named]:
    """Return the elements of a list with an id and a name, of each id the first one."""
    found: dict[int, Named] = {}
    for each in objects(body, name):
        number, called = integer(each.get("id")), text(each.get("name"))
        if number is not None and called is not None:
            found.setdefault(number, Named(number, called, each))
    return list(found.values())


def _linked(body: Body, prefix: str) -> tuple[str | None, str | None]:
    """Return the id of IMDb and where it is from."""
    for where, place in (("details", body), ("external_ids", part(body, "external_ids"))):
        found = imdb_id(place.get("imdb_id"), prefix)
        if found:
            return found, where
    return None, None


def _texts(body: Body, names: str) -> Row:
    return {name: text(body.get(name)) for name in names.split()}


def _names(found: Sequence[Named]) -> list[str] | None:
    return array([each.name for each in found])


def _codes(found: Iterable[Body], key: str) -> list[str] | None:
    """Return the codes, each once; a language may have no name in itself."""
    return array(list(dict.fromkeys(code for each in found if (code := text(each.get(key))))))
