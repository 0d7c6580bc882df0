"""A show as TMDb shows it: details with seasons, list item, external ids."""

from collections.abc import Sequence
from dataclasses import dataclass

from include.sample.randomness import mix
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

SHOW_KINDS = frozenset({"tvSeries", "tvMiniSeries"})
_STATUSES = ("Returning Series", "Ended", "Canceled", "In Production", "Planned", "Pilot")


@dataclass(frozen=True)
class Shows:
    """Makes the bodies of shows from the series and their episodes."""

    seed: int
    numbers: TmdbNumbers
    edits: Edits

    def details(
        self, show: SampleTitle, episodes: Sequence[SampleTitle], creators: list[Body], day: int
    ) -> Body:
        """Return the body of /tv/{id}; there is no imdb_id in it."""
        number = self.numbers.of("tv", show.tconst)
        edits = self.edits.of("tv", number, day)
        item = self.item(show, day)
        genre_ids = item.pop("genre_ids")
        country = catalog.country_of(show.home)
        language = item["original_language"]
        seasons = self._seasons(show, episodes, number, edits)
        last = max(episodes, key=_place, default=None)
        status = self._status(show, number, edits)
        coming = status == "Returning Series" and number % 3 == 0 and last is not None
        return item | {
            "created_by": creators,
            "episode_run_time": [],
            "genres": catalog.genres(genre_ids, "tv"),
            "homepage": f"https://example.org/tv/{number}" if number % 4 == 0 else "",
            "in_production": status in {"Returning Series", "In Production"},
            "languages": [language],
            "last_air_date": self._air_date(last) if last else None,
            "last_episode_to_air": self.episode(last, number, day) if last else None,
            "next_episode_to_air": self._next(last, number) if coming and last else None,
            "networks": catalog.networks(self.seed, number, country),
            "number_of_episodes": sum(
                season["episode_count"] for season in seasons if season["season_number"]
            ),
            "number_of_seasons": sum(1 for season in seasons if season["season_number"]),
            "production_companies": catalog.companies(self.seed, number),
            "production_countries": [{"iso_3166_1": country, "name": catalog.COUNTRIES[country]}],
            "seasons": seasons,
            "spoken_languages": [catalog.spoken(language)],
            "status": status,
            "tagline": texts.tagline(self.seed, number, edits.get("tagline", 0)),
            "type": "Miniseries" if show.kind == "tvMiniSeries" else "Scripted",
        }

    def item(self, show: SampleTitle, day: int) -> Body:
        """Return the show as lists and filmographies show it."""
        number = self.numbers.of("tv", show.tconst)
        images = self.edits.of("tv", number, day).get("images", 0)
        body: Body = {
            "adult": show.adult,
            "backdrop_path": picture_or_none(0.8, number, 11),
            "first_air_date": day_of(show.start, self.seed, number) if show.start else "",
            "genre_ids": catalog.genre_ids(show, "tv", number),
            "id": number,
            "name": show.primary,
            "origin_country": [catalog.country_of(show.home)],
            "original_language": catalog.language_of(show.home, number),
            "original_name": show.original or show.primary,
            "overview": texts.overview(self.seed, number, 1),
            "popularity": self.popularity(show, number, day),
            "poster_path": picture(number, images) if images else picture_or_none(0.9, number, 12),
            **measures.votes(self.seed, number, show, day),
        }
        if number % 3:
            body["softcore"] = False
        return body

    def popularity(self, show: SampleTitle, number: int, day: int) -> float:
        """Return the popularity on that day."""
        place = self.numbers.window_of(show.tconst)
        return measures.popularity(self.seed, "tv", number, day, place)

    def external_ids(self, show: SampleTitle, day: int) -> Body:
        """Return what /tv/{id}/external_ids has, without the id."""
        number = self.numbers.of("tv", show.tconst)
        missing = (show.start or THIS_YEAR) >= THIS_YEAR - 1 and share(self.seed, number, 41) < 0.5
        if missing and "imdb_id" not in self.edits.of("tv", number, day):
            imdb_id: str | None = "" if number % 2 else None
        else:
            imdb_id = show.tconst
        return {
            "imdb_id": imdb_id,
            "freebase_mid": None,
            "freebase_id": "" if number % 3 == 0 else None,
            "tvdb_id": number % 400_000 if number % 5 else None,
            "tvrage_id": None,
            "wikidata_id": f"Q{number}" if number % 2 else None,
            "facebook_id": "",
            "instagram_id": None,
            "twitter_id": "",
        }

    def episode(self, episode: SampleTitle, show_number: int, day: int) -> Body:
        """Return an episode as details and /find show it."""
        number = self.numbers.of("movie", episode.tconst)
        return {
            "id": number,
            "name": episode.primary,
            "overview": texts.overview(self.seed, number, 2),
            "air_date": self._air_date(episode),
            "episode_number": episode.episode or 0,
            "episode_type": "standard",
            "production_code": "",
            "runtime": episode.runtime,
            "season_number": _place(episode)[0],
            "show_id": show_number,
            "still_path": picture_or_none(0.7, number, 13),
            **measures.votes(self.seed, number, episode, day),
        }

    def _next(self, last: SampleTitle, show_number: int) -> Body:
        season, number = _place(last)
        return {
            "id": show_number * 7,
            "name": f"Episode {number + 1}",
            "overview": "",
            "vote_average": 0.0,
            "vote_count": 0,
            "air_date": day_of(THIS_YEAR + 1, show_number),
            "episode_number": number + 1,
            "episode_type": "standard",
            "production_code": "",
            "runtime": None,
            "season_number": season,
            "show_id": show_number,
            "still_path": None,
        }

    def _seasons(
        self,
        show: SampleTitle,
        episodes: Sequence[SampleTitle],
        number: int,
        edits: dict[str, int],
    ) -> list[Body]:
        counts: dict[int, list[SampleTitle]] = {}
        for episode in episodes:
            counts.setdefault(_place(episode)[0], []).append(episode)
        if "seasons" in edits:  # announced, without episodes
            counts.setdefault(max(counts, default=0) + 1, [])
        return [
            {
                "air_date": min(filter(None, map(self._air_date, members)), default=None),
                "episode_count": len(members),
                "id": mix(Purpose.TV, number, season) % 10_000_000,
                "name": f"Season {season}" if season else "Specials",
                "overview": texts.overview(self.seed, number, season) if season < 3 else "",
                "poster_path": picture_or_none(0.6, number, season, 14),
                "season_number": season,
                "vote_average": round(10 * share(number, season, show.votes), 1),
            }
            for season, members in sorted(counts.items())
        ]

    def _air_date(self, episode: SampleTitle) -> str | None:
        if episode.start is None:
            return None
        return day_of(episode.start, self.seed, int(episode.tconst[2:]))

    def _status(self, show: SampleTitle, number: int, edits: dict[str, int]) -> str:
        if "status" in edits:
            return choose(_STATUSES, number, edits["status"])
        if (show.start or 0) > THIS_YEAR:
            return "Planned" if number % 2 else "In Production"
        if show.end is None and show.kind == "tvSeries":
            return "Returning Series"
        return "Canceled" if number % 7 == 0 else "Ended"


def _place(episode: SampleTitle) -> tuple[int, int]:
    season = 1 if episode.season is None else episode.season
    return season, episode.episode or 0
