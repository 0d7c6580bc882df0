"""The movies, shows, seasons and episodes of one window of the sample, as Trakt knows them."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from include.sample.randomness import mix
from include.sample.titles import SampleTitle
from include.sample.tmdb.draws import day_of, share
from include.sample.tmdb.view import DayView
from include.sample.tmdb.world import SampleWorld
from include.sample.trakt.numbers import TraktNumbers
from include.sample.trakt.traits import Trait

_OBSCURE = 100  # votes; titles with fewer may be unknown, or lack an id
_NOT_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(slots=True)
class SampleTraktEpisode:
    """An episode with its place in the show."""

    title: SampleTitle
    number: int
    tmdb: int
    season: int
    episode: int
    aired: date | None


@dataclass(slots=True)
class SampleTraktTitle:
    """A movie or a show."""

    kind: str
    title: SampleTitle
    number: int
    imdb: str | None
    tmdb: int | None
    slug: str
    released: date | None
    episodes: dict[tuple[int, int], SampleTraktEpisode] = field(default_factory=dict)
    season_numbers: dict[int, int] = field(default_factory=dict)

    @property
    def votes(self) -> int:
        """IMDb's votes on day 1, by which titles get their comments."""
        return self.title.votes

    def season_aired(self, season: int) -> date | None:
        """Return when the first episode of the season was shown."""
        dates = [each.aired for (found, _), each in self.episodes.items() if found == season]
        return min(filter(None, dates), default=None)


def titles_of(
    world: SampleWorld, view: DayView, numbers: TraktNumbers
) -> Iterator[SampleTraktTitle]:
    """Yield what Trakt knows of the window."""
    for kind, found in (("movie", view.movies), ("show", view.shows)):
        for title in found.values():
            drawn = mix(world.seed, Trait.TITLE, int(title.tconst[2:]))
            if title.votes < _OBSCURE and drawn % 25 == 0:
                continue
            yield _title(world, view, numbers, kind, title, drawn >> 8)


def _title(
    world: SampleWorld,
    view: DayView,
    numbers: TraktNumbers,
    kind: str,
    title: SampleTitle,
    drawn: int,
) -> SampleTraktTitle:
    obscure = title.votes < _OBSCURE
    tmdb_kind = "movie" if kind == "movie" else "tv"
    tmdb = world.numbers.of(tmdb_kind, title.tconst)
    found = SampleTraktTitle(
        kind=kind,
        title=title,
        number=numbers.of(kind, title.tconst),
        imdb=None if obscure and drawn % 30 == 0 else title.tconst,
        tmdb=None if obscure and drawn % 30 == 1 else tmdb,
        slug=slug_of(title),
        released=None,
    )
    if kind == "movie":
        released = world.movies.release_date(title, tmdb, {})
        found.released = date.fromisoformat(released) if released else None
        return found
    _add_episodes(found, view.episodes.get(title.tconst, ()), world, numbers)
    dates = [each.aired for each in found.episodes.values() if each.aired and each.season]
    if dates:
        found.released = min(dates)
    elif title.start:
        found.released = date.fromisoformat(day_of(title.start, world.seed, tmdb))
    return found


def slug_of(title: SampleTitle) -> str:
    """Return the slug; it ends with the digits of the tconst, so that no two are the same."""
    plain = unicodedata.normalize("NFKD", title.primary).encode("ascii", "ignore").decode()
    name = _NOT_WORD.sub("-", plain.lower()).strip("-")[:60] or "untitled"
    year = f"-{title.start}" if title.start else ""
    return f"{name}{year}-{title.tconst[2:]}"


def _add_episodes(
    show: SampleTraktTitle,
    episodes: Sequence[SampleTitle],
    world: SampleWorld,
    numbers: TraktNumbers,
) -> None:
    placed: dict[tuple[int, int], SampleTitle] = {}
    for episode in episodes:
        if episode.season is not None and episode.episode is not None:
            placed.setdefault((episode.season, episode.episode), episode)
    weeks: dict[int, int] = {}
    for (season, number), episode in sorted(placed.items()):
        place = weeks[season] = weeks.get(season, -1) + 1
        if place == 0:
            show.season_numbers[season] = numbers.of("season", episode.tconst)
        show.episodes[season, number] = SampleTraktEpisode(
            episode,
            numbers.of("episode", episode.tconst),
            world.numbers.of("movie", episode.tconst),
            season,
            number,
            _aired(episode, show.number, season, place),
        )


def _aired(episode: SampleTitle, show: int, season: int, place: int) -> date | None:
    if episode.start is None or share(Trait.TITLE, show, season, place) < 0.01:
        return None
    first = date.fromisoformat(day_of(episode.start, show, season))
    return first + timedelta(weeks=place % 26)
