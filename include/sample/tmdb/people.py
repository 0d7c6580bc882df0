"""A person as TMDb shows it: details, the part that credits embed, external ids."""

from dataclasses import dataclass

from include.sample.names import person_name
from include.sample.people import SamplePerson
from include.sample.randomness import mix, stream
from include.sample.tmdb import measures, texts
from include.sample.tmdb.catalog import Body
from include.sample.tmdb.draws import Purpose, choose, day_of, picture_or_none, share
from include.sample.tmdb.edits import Edits
from include.sample.tmdb.numbers import TmdbNumbers

DEPARTMENTS = {
    "actor": "Acting",
    "actress": "Acting",
    "self": "Acting",
    "director": "Directing",
    "writer": "Writing",
    "producer": "Production",
    "cinematographer": "Camera",
    "composer": "Sound",
    "editor": "Editing",
    "production_designer": "Art",
    "casting_director": "Production",
    "crew": "Crew",
}
_NEWEST = 202  # the decade of the newest people


@dataclass(frozen=True)
class People:
    """Makes the bodies of people."""

    seed: int
    numbers: TmdbNumbers
    edits: Edits

    def details(self, person: SamplePerson, day: int) -> Body:
        """Return the body of /person/{id}."""
        number = self.numbers.of("person", person.nconst)
        edits = self.edits.of("person", number, day)
        body = self.summary(person, day)
        del body["original_name"]
        return body | {
            "also_known_as": texts.other_names(self.seed, number),
            "biography": texts.biography(
                body["name"], self.seed, number, edits.get("biography", 0)
            ),
            "birthday": _date(person.birth, number, 1),
            "deathday": _date(person.death, number, 2),
            "homepage": f"https://example.org/{number}" if number % 9 == 0 else None,
            "imdb_id": self._imdb_id(person, number, edits),
            "place_of_birth": texts.birthplace(self.seed, number),
        }

    def summary(self, person: SamplePerson, day: int) -> Body:
        """Return the person as lists and credits show it."""
        number = self.numbers.of("person", person.nconst)
        edits = self.edits.of("person", number, day)
        department = DEPARTMENTS[person.role]
        if "known_for_department" in edits:
            others = tuple(sorted({*DEPARTMENTS.values()} - {department}))
            department = choose(others, number, edits["known_for_department"])
        name = person.name
        if "name" in edits:
            draw = stream(Purpose.PERSON, self.seed, number, edits["name"])
            name = person_name(draw, woman=person.role == "actress")
        return {
            "adult": number % 300 == 0,
            "gender": _gender(person.role, number),
            "id": number,
            "known_for_department": department,
            "name": name,
            "original_name": person.name,
            "popularity": self.popularity(person.nconst, number, day),
            "profile_path": picture_or_none(0.5, number, 5),
        }

    def own(self, person: SamplePerson, day: int) -> tuple[Body, Body]:
        """Return details and external ids without popularity: what makes a change."""
        body = self.details(person, day)
        del body["popularity"]
        return body, self.external_ids(person, day)

    def stranger(self, nconst: str, day: int) -> Body:
        """Return the summary of a person who is in credits but has no details: 404."""
        number = self.numbers.of("person", nconst)
        woman = number % 2 == 0
        name = person_name(stream(Purpose.STRANGER, self.seed, number), woman)
        role = "actress" if woman else "actor"
        return self.summary(SamplePerson(nconst, name, role, 200), day)

    def popularity(self, nconst: str, number: int, day: int) -> float:
        """Return the popularity on that day."""
        place = self.numbers.window_of(nconst)
        return measures.popularity(self.seed, "person", number, day, place)

    def external_ids(self, person: SamplePerson, day: int) -> Body:
        """Return what /person/{id}/external_ids has, without the id; '' and null in one body."""
        number = self.numbers.of("person", person.nconst)
        imdb_id = self._imdb_id(person, number, self.edits.of("person", number, day))
        return {
            "freebase_mid": f"/m/0{number:x}" if number % 4 == 0 else None,
            "freebase_id": None,
            "imdb_id": imdb_id or ("" if number % 3 == 0 else None),
            "tvrage_id": number % 90_000 if number % 5 == 0 else None,
            "wikidata_id": f"Q{number}" if number % 2 else "",
            "facebook_id": "",
            "instagram_id": None,
            "tiktok_id": None,
            "twitter_id": "" if number % 2 else None,
            "youtube_id": None,
        }

    def _imdb_id(self, person: SamplePerson, number: int, edits: dict[str, int]) -> str | None:
        missing = person.decade >= _NEWEST and share(self.seed, number, 31) < 0.4
        return None if missing and "imdb_id" not in edits else person.nconst


def _date(year: int | None, number: int, which: int) -> str | None:
    return None if year is None else day_of(year, number, which)


def _gender(role: str, number: int) -> int:
    """Return 0 unknown, 1 female, 2 male, 3 non-binary."""
    drawn = mix(Purpose.PERSON, number, 32) % 100
    if drawn < 8:
        return 3 if drawn == 0 else 0
    if role in {"actress", "actor"}:
        return 1 if role == "actress" else 2
    return 1 if drawn < 40 else 2
