"""An invented TMDb that changes from day to day, for models: bodies, lists, measures."""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from tests.support.postgres import Database
from tests.support.tmdb_answers import Body, RawAnswer, RawMeasure, add_answers, add_measures

FIRST_DAY = date(2031, 6, 2)
GENRES = {28: "Action", 18: "Drama", 35: "Comedy", 878: "Science Fiction", 10752: "War"}
TV_GENRES = {18: "Drama", 35: "Comedy", 10765: "Sci-Fi & Fantasy"}
COMPANIES = {number: f"Studio {number}" for number in range(1, 9)}
_NAME = {"movie": "title", "tv": "name"}
DATASETS = {"movie": "movies", "tv": "shows", "person": "people"}
Key = tuple[str, int]


class TmdbWorld:
    """Things with their bodies; what changes is answered on the same day."""

    def __init__(self, movies: int, shows: int, people: int, seed: int = 7) -> None:
        self.random = Random(seed)
        self.day = 0
        self.genres = {"movie": dict(GENRES), "tv": dict(TV_GENRES)}
        self.bodies: dict[Key, Body | None] = {}
        self.due: set[Key] = set()
        self.due_genres = {"movie", "tv"}
        self._credits = 0
        people_ids = range(1, people + 1)
        self.people = {number: f"Person {number}" for number in people_ids}
        for number in range(1, movies + 1):
            self.put(("movie", number), self._movie(number))
        for number in range(1, shows + 1):
            self.put(("tv", number), self._show(number))
        for number in people_ids:
            # Some people have credits and no details.
            if number % 4:
                self.put(("person", number), self._person(number))

    @property
    def now(self) -> datetime:
        """When the answers of the day come."""
        morning = datetime.combine(FIRST_DAY, datetime.min.time(), UTC) + timedelta(hours=6)
        return morning + timedelta(days=self.day)

    def put(self, key: Key, body: Body | None) -> None:
        """Let the thing have another body, or be gone."""
        self.bodies[key] = body
        self.due.add(key)

    def edit(self, key: Key, **values: Any) -> None:
        """Change some fields of a body."""
        body = self.bodies[key]
        assert body is not None
        self.put(key, {**deepcopy(body), **values})

    def known(self, media_type: str) -> list[int]:
        """The ids of the things that are not gone."""
        return [each for (kind, each), body in self.bodies.items() if kind == media_type and body]

    def land(
        self,
        *databases: Database,
        listed: Iterable[str] = tuple(DATASETS),
        origin: str = "sample",
    ) -> None:
        """Write what the day brings into the raw tables; then it is the next day."""
        measures, lists = self._measures(), self._lists(listed)
        for database in databases:
            for kind in sorted(self.due_genres):
                items = [{"id": number, "name": name} for number, name in self.genres[kind].items()]
                answer = RawAnswer((kind,), {"genres": items})
                add_answers(database, "genres", [answer], self.now, origin=origin)
            add_answers(database, "lists", lists, self.now, origin=origin)
            for kind, dataset in DATASETS.items():
                # Later than the lists, as in a run.
                at = self.now + timedelta(minutes=5)
                keys = sorted(key for key in self.due if key[0] == kind)
                answers = [RawAnswer((key[1],), self.bodies[key]) for key in keys]
                add_answers(database, dataset, answers, at, origin=origin)
            add_measures(database, measures, self.now, origin=origin)
        self.due, self.due_genres = set(), set()
        self.day += 1

    def _lists(self, kinds: Iterable[str]) -> list[RawAnswer]:
        pages = []
        for kind in kinds:
            known = self.known(kind)
            self.random.shuffle(known)
            results = [self._list_item(kind, number) for number in known[: 2 * len(known) // 3]]
            for page in range(2):
                body = {"page": page + 1, "results": results[page::2]}
                pages.append(RawAnswer((kind, page + 1), body))
        return pages

    def _list_item(self, kind: str, number: int) -> Body:
        item: Body = {"id": number}
        if kind == "person":
            titles = [("movie", 1), ("tv", 1), ("movie", 2)]
            if number % 5 == self.day % 5:
                titles = [("movie", 3)]
            # In another order every day, which means nothing.
            self.random.shuffle(titles)
            item["known_for"] = [
                {"media_type": kind, "id": title, _NAME[kind]: f"T{title}"}
                for kind, title in titles
            ]
        return item

    def _measures(self) -> list[RawMeasure]:
        # Numbers of an earlier day come late for some.
        late = FIRST_DAY + timedelta(days=self.day - 2)
        found = [
            RawMeasure("movie", number, late, 7.5, 5.0, 70 + self.day)
            for number in (range(5, 9) if self.day >= 2 else ())
        ]
        for (kind, number), body in self.bodies.items():
            if body is None or self.random.random() < 0.1:
                continue
            votes = self.random.choice([0, 3, 40, 60, 800, 20000]) + self.day
            found.append(
                RawMeasure(
                    kind, number, FIRST_DAY + timedelta(days=self.day),
                    round(self.random.random() * 900, 5),
                    None if kind == "person" else self.random.randrange(11000) / 1000,
                    None if kind == "person" else votes,
                    self.random.choice([None, None, self.random.randint(1, 400)]),
                )
            )  # fmt: skip
        return found

    def _movie(self, number: int) -> Body:
        draw = self.random
        genres = [{"id": each, "name": GENRES[each]} for each in draw.sample(list(GENRES), 3)]
        return {
            "id": number,
            "adult": number % 17 == 0,
            "title": f'The "Tide" of {number}\\',
            "original_title": f"Die Flut {number}",
            "original_language": draw.choice(["en", "de", "cn"]),
            "overview": "",
            "tagline": "Back\nagain",
            "homepage": "",
            "status": draw.choice(["Released"] * 5 + ["Planned"]),
            "release_date": draw.choice(
                ["", "0001-01-01", "2031-02-30", *[f"20{draw.randint(10, 39)}-02-15"] * 9]
            ),
            "runtime": draw.choice([0, 90, 120]),
            "budget": draw.choice([0, 9, 15_000, 3_000_000, 40_000_000, 210_000_000]),
            "revenue": draw.choice([0, 5, 900, 2_000_000, 80_000_000, 2_923_706_026]),
            "imdb_id": draw.choice([None, "", f"tt{number:07}", "tt12"]),
            "genres": [*genres, genres[0]] if number % 5 == 0 else genres[: draw.randint(0, 3)],
            "production_companies": [
                {"id": each, "name": COMPANIES[each], "origin_country": draw.choice(["US", ""])}
                for each in draw.sample(list(COMPANIES), draw.randint(0, 3))
            ],
            "production_countries": [{"iso_3166_1": "US", "name": "United States"}],
            "spoken_languages": [{"iso_639_1": "en", "name": ""}],
            "belongs_to_collection": draw.choice([None, {"id": 1, "name": "Tides"}]),
            "video": False,
            "credits": {"cast": self._cast(2), "crew": self._crew(2)},
            "external_ids": {"imdb_id": f"tt{number:07}", "wikidata_id": "", "facebook_id": None},
            "keywords": {"keywords": [{"id": 5, "name": "sea"}, {"id": 6, "name": "storm"}]},
        }  # fmt: skip

    def _show(self, number: int) -> Body:
        draw = self.random
        return {
            "id": number,
            "name": f"Keepers {number}",
            "original_name": f"Keepers {number}",
            "original_language": "en",
            "status": draw.choice(["Ended", "Returning Series"]),
            "type": "Scripted",
            "first_air_date": draw.choice(["", "2019-05-06"]),
            "last_air_date": draw.choice([None, "2022-05-06"]),
            "in_production": number % 2 == 0,
            "number_of_seasons": 2,
            "number_of_episodes": 20,
            "origin_country": ["GB"],
            "genres": [{"id": 18, "name": "Drama"}],
            "networks": [{"id": 1, "name": "Channel"}],
            "external_ids": {"imdb_id": f"tt9{number:06}", "tvdb_id": 5},
            "keywords": {"results": [{"id": 5, "name": "sea"}]},
            "aggregate_credits": {
                "cast": [
                    {**member, "roles": [self._part(character="Keeper"), self._part(character="")]}
                    for member in self._cast(2)
                ],
                "crew": [
                    {**member, "jobs": [self._part(job="Writer")]} for member in self._crew(1)
                ],
            },
        }

    def _person(self, number: int) -> Body:
        shared = [
            {"media_type": "movie", "id": movie, "title": body["title"], **member}
            for (kind, movie), body in self.bodies.items()
            if kind == "movie" and body
            for member in body["credits"]["cast"]
            if member["id"] == number
        ]
        elsewhere = {"media_type": "tv", "id": 900 + number, "name": "Elsewhere"}
        return {
            "id": number,
            "name": self.people[number],
            "gender": number % 4,
            "known_for_department": "Acting",
            "also_known_as": ["Zed", "Ann", ""],
            "birthday": self.random.choice([None, "", "1564-04-23", "1990-01-01"]),
            "imdb_id": f"nm{number:07}",
            "combined_credits": {
                "cast": [*shared, {**elsewhere, **self._part(character="Self")}],
                "crew": [{**elsewhere, **self._part(job="Director"), "department": "Directing"}],
            },
        }

    def _part(self, **values: str) -> Body:
        self._credits += 1
        return {"credit_id": f"c{self._credits:06}", "episode_count": self._credits % 9, **values}

    def _members(self, count: int) -> Sequence[int]:
        return self.random.sample(list(self.people), count)

    def _cast(self, count: int) -> list[Body]:
        return [
            {"id": each, "name": self.people[each], "order": order, **self._part(character="Ann")}
            for order, each in enumerate(self._members(count))
        ]

    def _crew(self, count: int) -> list[Body]:
        return [
            {"id": each, "name": "", "department": "Sound", **self._part(job="Mixer")}
            for each in self._members(count)
        ]
