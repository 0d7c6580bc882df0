"""Details, seasons, ratings and statistics of titles, and the lists of popular ones."""

import threading
from dataclasses import dataclass, field
from datetime import date, timedelta

from include.sample.randomness import mix
from include.sample.titles import SampleTitle
from include.sample.tmdb import catalog, texts
from include.sample.trakt.bodies import Body, episode_item, season_item, short
from include.sample.trakt.calendar import written
from include.sample.trakt.titles import SampleTraktEpisode, SampleTraktTitle
from include.sample.trakt.traits import Trait
from include.sample.trakt.world import SampleTraktWorld

MOST_LISTED = {"movie": 385, "show": 235}
_SHARES = (2, 1, 1, 2, 5, 12, 25, 28, 14, 10)
"""Of each rating from 1 to 10, before the title's own rating moves them."""


@dataclass(frozen=True)
class TitleFigures:
    """Makes the bodies about titles on the world's day."""

    world: SampleTraktWorld
    _listed: dict[str, list[SampleTraktTitle]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def details(self, title: SampleTraktTitle) -> Body:
        """Return the movie or show with extended=full."""
        number, found = title.number, title.title
        drawn = mix(Trait.FIGURES, number)
        language = catalog.language_of(found.home, number)
        body = short(title) | {
            "tagline": texts.tagline(self.world.seed, number),
            "overview": texts.overview(self.world.seed, number),
            **self._released(title),
            "runtime": found.runtime,
            "country": catalog.country_of(found.home).lower(),
            "status": self._status(title),
            "rating": self.ratings(found, number)["rating"],
            "votes": self._votes(found, drawn),
            "comment_count": len(self.world.unit(title)),
            "trailer": None,
            "homepage": f"https://example.org/{number}" if drawn % 3 == 0 else None,
            "updated_at": written(self.world.calendar.within(self.world.day, drawn)),
            "language": language,
            "languages": [language],
            "genres": [genre.lower() for genre in found.genres],
            "available_translations": ["de", "fr"][: drawn % 3],
            "certification": "PG-13" if drawn % 4 else None,
        }
        if title.kind == "show":
            body |= {
                "network": "Harbour TV" if drawn % 5 else None,
                "airs": {"day": "Sunday", "time": "21:00", "timezone": "America/New_York"},
                "aired_episodes": sum(map(self._is_aired, title.episodes.values())),
            }
        return body

    def seasons(self, show: SampleTraktTitle, *, full: bool, episodes: bool) -> list[Body]:
        """Return the seasons in order, the specials first."""
        found = []
        for season in sorted(show.season_numbers):
            members = [each for each in show.episodes.values() if each.season == season]
            body = season_item(show, season)
            if full:
                body |= self._season(show, season, members)
            if episodes:
                body["episodes"] = [self._episode(show, each, full=full) for each in members]
            found.append(body)
        return found

    def ratings(self, title: SampleTitle, number: int) -> Body:
        """Return rating, votes and distribution; the sum of the latter may differ from votes."""
        drawn = mix(Trait.FIGURES, number)
        votes = self._votes(title, drawn)
        rating = self._rating(title, drawn)
        shares = [
            share * (1 + max(0, 4 - abs(place + 1 - rating))) for place, share in enumerate(_SHARES)
        ]
        counts = [int(votes * share / sum(shares)) for share in shares]
        counts[max(int(rating) - 1, 0)] += votes - sum(counts) + (2 if drawn % 6 == 0 else 0)
        keys = [str(each) for each in range(1, 11)]
        pairs = dict(zip(keys, counts, strict=True))
        if drawn % 3 == 0:
            pairs = {key: pairs[key] for key in sorted(keys)}
        mean = sum(place * count for place, count in enumerate(counts, 1)) / max(sum(counts), 1)
        return {"rating": round(mean, 5), "votes": votes, "distribution": pairs}

    def stats(
        self,
        title: SampleTraktTitle,
        found: SampleTitle,
        season: int | None = None,
        episode: int | None = None,
    ) -> Body:
        """Return the figures of a movie, show, season or episode."""
        drawn = mix(Trait.FIGURES, title.number, season or 0, episode or 0)
        day = self.world.day
        watchers = found.votes // 5 + drawn % 40 + day * (1 + drawn // 64 % 9)
        # Who writes has watched, as a rule.
        watchers += 3 * self.world.written(title, season, episode)
        written_here = self.world.unit(title, season, episode)
        comments = sum(1 + each.reply_count(day) for each in written_here)
        body: Body = {"watchers": watchers, "plays": watchers * (1 + drawn % 5) + drawn % 7}
        body["collectors"] = watchers * 2 // 3
        if title.kind == "show" and episode is None:
            body["collected_episodes"] = watchers * 2
        votes = self._votes(found, mix(Trait.FIGURES, title.number))
        body |= {"comments": comments, "lists": watchers // 3, "votes": votes}
        if season is None:
            body |= {"favorited": watchers // 100, "recommended": watchers // 100}
        return body

    def listed(self, kind: str) -> list[SampleTraktTitle]:
        """Return the popular movies or shows, the most voted first."""
        with self._lock:
            if kind not in self._listed:
                found = [
                    title
                    for shelf in self.world.shelves()
                    for title in shelf.titles.values()
                    if title.kind == kind and title.votes
                ]
                found.sort(key=lambda title: (-title.votes, title.number))
                self._listed[kind] = found[: MOST_LISTED[kind]]
            return self._listed[kind]

    def updates(self, kind: str, since: date) -> list[Body]:
        """Return what changed since that date, the oldest change first."""
        found = []
        for title in self.listed(kind):
            drawn = mix(Trait.FIGURES, title.number, 1)
            ago = drawn % 30
            if self.world.today - timedelta(days=ago) >= since:
                at = self.world.calendar.within(self.world.day, drawn >> 8) - ago * 24 * 60
                found.append((at, {"updated_at": written(at), kind: short(title)}))
        return [body for _, body in sorted(found, key=lambda each: each[0])]

    def watchers_now(self, title: SampleTraktTitle) -> int:
        """Return how many watch it at this moment."""
        return 1 + title.votes // 1000 + mix(Trait.FIGURES, title.number, self.world.day) % 50

    def _released(self, title: SampleTraktTitle) -> Body:
        released = title.released
        if title.kind == "movie":
            return {"released": released.isoformat() if released else None}
        return {"first_aired": _moment(released)}

    def _status(self, title: SampleTraktTitle) -> str:
        if title.released is None or title.released > self.world.today:
            return "in production" if title.kind == "movie" else "planned"
        if title.kind == "movie":
            return "released"
        return "ended" if title.title.end else "returning series"

    def _season(
        self, show: SampleTraktTitle, season: int, members: list[SampleTraktEpisode]
    ) -> Body:
        drawn = mix(Trait.FIGURES, show.number, season)
        return {
            "rating": round(self._rating(show.title, drawn), 5),
            "votes": self._votes(show.title, drawn) // 20,
            "episode_count": len(members),
            "aired_episodes": sum(map(self._is_aired, members)),
            "title": f"Season {season}" if season else "Specials",
            "overview": None,
            "first_aired": _moment(show.season_aired(season)),
            "updated_at": written(self.world.calendar.within(self.world.day, drawn)),
            "network": None,
            "comment_count": len(self.world.unit(show, season)),
        }

    def _episode(self, show: SampleTraktTitle, episode: SampleTraktEpisode, *, full: bool) -> Body:
        body = episode_item(episode)
        if not full:
            return body
        drawn = mix(Trait.FIGURES, episode.number)
        return body | {
            "number_abs": None,
            "overview": None,
            "rating": round(self._rating(episode.title, drawn), 5),
            "votes": self._votes(episode.title, drawn),
            "comment_count": len(self.world.unit(show, episode.season, episode.episode)),
            "first_aired": _moment(episode.aired),
            "updated_at": written(self.world.calendar.within(self.world.day, drawn)),
            "available_translations": ["en"],
            "runtime": episode.title.runtime,
            "episode_type": "standard",
        }

    def _is_aired(self, episode: SampleTraktEpisode) -> bool:
        return episode.aired is not None and episode.aired <= self.world.today

    def _rating(self, title: SampleTitle, drawn: int) -> float:
        rating = (title.rating or 62) / 10 + drawn // 1024 % 1000 / 2500 - 0.2
        return min(max(rating, 1.0), 10.0)

    def _votes(self, title: SampleTitle, drawn: int) -> int:
        return title.votes // 8 + drawn // 32 % 12 + self.world.day * (drawn // 512 % 4)


def _moment(day: date | None) -> str | None:
    return None if day is None else f"{day.isoformat()}T01:00:00.000Z"
