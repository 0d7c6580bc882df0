"""A movie as TMDb shows it: details, list item, external ids."""

from dataclasses import dataclass

from include.sample.names import surname
from include.sample.randomness import mix, stream
from include.sample.titles import THIS_YEAR, SampleTitle
from include.sample.tmdb import catalog, measures, texts
from include.sample.tmdb.catalog import Body
from include.sample.tmdb.draws import (
    Purpose,
    choose,
    day_of,
    picture,
    picture_or_none,
    share,
)
from include.sample.tmdb.edits import Edits
from include.sample.tmdb.numbers import TmdbNumbers

MOVIE_KINDS = frozenset({"movie", "tvMovie", "short", "video"})
_STATUSES = ("Planned", "In Production", "Post Production", "Rumored", "Canceled", "Released")
_BUDGETS = (40_000, 350_000, 2_000_000, 9_000_000, 30_000_000, 95_000_000, 240_000_000)
_MISTAKES = (1, 5, 12, 100)
"""Amounts typed in millions instead of dollars."""


@dataclass(frozen=True)
class Movies:
    """Makes the bodies of movies; those of a title on a day are always the same."""

    seed: int
    numbers: TmdbNumbers
    edits: Edits

    def details(self, title: SampleTitle, day: int) -> Body:
        """Return the body of /movie/{id}."""
        number = self.numbers.of("movie", title.tconst)
        edits = self.edits.of("movie", number, day)
        country = catalog.country_of(title.home)
        language = catalog.language_of(title.home, number)
        item = self.item(title, day)
        genre_ids = item.pop("genre_ids")
        budget, revenue = self._money(number, edits)
        codes = [country] if share(Purpose.MOVIE, number, 20) < 0.9 else []
        runtime = (title.runtime or 0) + edits.get("runtime", 0)
        return item | {
            "belongs_to_collection": self._collection(number),
            "budget": budget,
            "genres": catalog.genres(genre_ids, "movie"),
            "homepage": f"https://example.org/{number}" if number % 5 == 0 else "",
            "imdb_id": self.imdb_id(title, number, edits),
            "origin_country": codes,
            "production_companies": catalog.companies(self.seed, number),
            "production_countries": [
                {"iso_3166_1": code, "name": catalog.COUNTRIES[code]} for code in codes
            ],
            "revenue": revenue,
            "runtime": runtime,
            "spoken_languages": [catalog.spoken(language)],
            "status": self._status(title, number, edits),
            "tagline": texts.tagline(self.seed, number, edits.get("tagline", 0)),
        }

    def item(self, title: SampleTitle, day: int) -> Body:
        """Return the movie as lists and filmographies show it."""
        number = self.numbers.of("movie", title.tconst)
        edits = self.edits.of("movie", number, day)
        retitled = edits.get("title")
        name = texts.new_title(self.seed, number, retitled) if retitled else title.primary
        images = edits.get("images", 0)
        body: Body = {
            "adult": title.adult,
            "backdrop_path": picture_or_none(0.8, number, 1),
            "genre_ids": self._genre_ids(title, number, edits),
            "id": number,
            "original_language": catalog.language_of(title.home, number),
            "original_title": title.original or title.primary,
            "overview": texts.overview(self.seed, number),
            "popularity": self.popularity(title, number, day),
            "poster_path": picture(number, images) if images else picture_or_none(0.9, number, 2),
            "release_date": self.release_date(title, number, edits),
            "title": name,
            "video": title.kind == "video",
            **measures.votes(self.seed, number, title, day),
        }
        if number % 3:
            body["softcore"] = None if number % 31 == 0 else False
        return body

    def popularity(self, title: SampleTitle, number: int, day: int) -> float:
        """Return the popularity on that day."""
        place = self.numbers.window_of(title.tconst)
        return measures.popularity(self.seed, "movie", number, day, place)

    def external_ids(self, title: SampleTitle, day: int) -> Body:
        """Return what /movie/{id}/external_ids has, without the id."""
        number = self.numbers.of("movie", title.tconst)
        imdb_id = self.imdb_id(title, number, self.edits.of("movie", number, day))
        unknown = "" if number % 4 == 0 else None
        return {
            "imdb_id": imdb_id or unknown,
            "wikidata_id": f"Q{number}" if number % 2 else None,
            "facebook_id": "",
            "instagram_id": None,
            "twitter_id": f"film{number}" if number % 7 == 0 else unknown,
        }

    def imdb_id(self, title: SampleTitle, number: int, edits: dict[str, int]) -> str | None:
        """Return the tconst; half of the newest titles have none until an editor adds it."""
        missing = (title.start or 0) >= THIS_YEAR and share(self.seed, number, 21) < 0.5
        return None if missing and "imdb_id" not in edits else title.tconst

    def release_date(self, title: SampleTitle, number: int, edits: dict[str, int]) -> str:
        """Return YYYY-MM-DD, or '' if it is unknown, also for some that are released."""
        if title.start is None or share(self.seed, number, 22) < 0.008:
            return ""
        return day_of(title.start, self.seed, number, edits.get("release_date", 0))

    def _genre_ids(self, title: SampleTitle, number: int, edits: dict[str, int]) -> list[int]:
        found = catalog.genre_ids(title, "movie", number)
        if "genres" in edits:
            found.append(choose(tuple(catalog.MOVIE_GENRES), number, edits["genres"]))
            found = list(dict.fromkeys(found))[-3:]
        return found

    def _money(self, number: int, edits: dict[str, int]) -> tuple[int, int]:
        drawn = mix(self.seed, Purpose.MOVIE, number, 23)
        base = _BUDGETS[drawn % len(_BUDGETS)]
        amount = base + drawn // 16 % base // 1000 * 1000
        budget = amount if drawn // 64 % 100 < 21 else 0
        likely = 55 if budget else 7
        earned = drawn // 8192 % 100 < likely
        revenue = int(amount * (0.05 + 6 * share(self.seed, number, 24))) if earned else 0
        if earned and drawn % 41 == 0:
            revenue = 2_147_483_648 + drawn % 800_000_000
        if budget and drawn % 29 == 0:
            budget = _MISTAKES[drawn // 29 % len(_MISTAKES)]
        if "budget" in edits:
            budget = amount + edits["budget"] * 10_000
        if "revenue" in edits:
            revenue = (revenue or amount) + edits["revenue"] * 1_234_567
        return budget, revenue

    def _status(self, title: SampleTitle, number: int, edits: dict[str, int]) -> str:
        drawn = mix(self.seed, Purpose.MOVIE, number, 25)
        if "status" in edits:
            return choose(_STATUSES, number, edits["status"])
        if (title.start or 0) > THIS_YEAR:
            return _STATUSES[drawn % 5]
        if title.start == THIS_YEAR and drawn % 3 == 0:
            return _STATUSES[drawn // 3 % 3]
        return "Canceled" if drawn % 200 == 0 else "Released"

    def _collection(self, number: int) -> Body | None:
        drawn = mix(self.seed, Purpose.MOVIE, number, 26)
        if drawn % 16:
            return None
        collection = drawn // 16 % 90
        return {
            "id": 2000 + collection,
            "name": f"{surname(stream(Purpose.MOVIE, self.seed, collection))} Collection",
            "poster_path": picture_or_none(0.8, collection, 3),
            "backdrop_path": picture_or_none(0.6, collection, 4),
        }
