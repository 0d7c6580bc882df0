"""A title, and the draws of its kind, year, genres and running time."""

from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from include.sample.languages import MARKETS, Market, local_title, market
from include.sample.randomness import Draw, Quantiles, Weighted
from include.sample.wording import title_text

THIS_YEAR = 2026  # of the newest titles, and of the time of the files
EPISODE_SHARE = 0.70
NULL = "\\N"


class SampleCredit(NamedTuple):
    """One row of title.principals without its title and place; fields as in the file."""

    nconst: str
    category: str
    job: str
    characters: str


class SampleAka(NamedTuple):
    """One row of title.akas without its title and place; fields as in the file."""

    title: str
    region: str
    language: str
    types: str
    attributes: str
    is_original: str


@dataclass(slots=True)
class SampleTitle:
    """A title with its credits and names. It changes from day to day."""

    tconst: str
    kind: str
    primary: str
    original: str | None
    home: Market
    adult: bool = False
    start: int | None = None
    end: int | None = None
    runtime: int | None = None
    genres: tuple[str, ...] = ()
    parent: str | None = None
    season: int | None = None
    episode: int | None = None
    rating: int = 0
    """In tenths; 0 if the title has none."""
    votes: int = 0
    credits: list[SampleCredit] = field(default_factory=list)
    directors: list[str] = field(default_factory=list)
    writers: list[str] = field(default_factory=list)
    akas: list[SampleAka] = field(default_factory=list)
    fame: float = 0.0
    quality: float = 0.0
    reserved: bool = False
    """Carries an oddity that must stay: the days leave it alone."""


OTHER_KINDS: dict[str, float] = {
    "short": 9.0,
    "movie": 6.2,
    "video": 2.6,
    "tvMovie": 1.25,
    "tvSpecial": 0.45,
    "videoGame": 0.38,
    "tvShort": 0.1,
    "tvPilot": 0.02,
}
other_kind = Weighted(OTHER_KINDS)

YEARS = Quantiles(
    (
        (0, 1890),
        (0.01, 1910),
        (0.03, 1925),
        (0.06, 1945),
        (0.1, 1960),
        (0.17, 1975),
        (0.25, 1988),
        (0.35, 1999),
        (0.495, 2009.5),
        (0.63, 2014.5),
        (0.785, 2019),
        (0.9, 2023),
        (0.983, 2026.9),
        (0.999, 2029),
        (1, 2033),
    )
)
_NO_YEAR_SHARE = 0.09


class Genre(NamedTuple):
    """The frequency and the popularity of a genre."""

    weight: float
    """Around the year 2000."""
    growth: float
    """Change of the weight in a decade, as a share of it."""
    liked: float
    """How much better it is rated, as a share of all ratings."""
    drift: float = 0
    """Change of `liked` in a decade."""


GENRES = {
    "Drama": Genre(22, 0.02, 0.03),
    "Comedy": Genre(17, -0.02, 0, -0.04),
    "Documentary": Genre(10, 0.12, 0.08, 0.06),
    "Romance": Genre(6, -0.2, 0),
    "Action": Genre(5, 0, -0.04),
    "Thriller": Genre(4, 0.25, -0.06, -0.06),
    "Horror": Genre(3.6, 0.3, -0.22, -0.07),
    "Crime": Genre(4, 0.05, 0.03, 0.04),
    "Family": Genre(3.8, -0.1, 0),
    "Animation": Genre(4.5, 0.05, 0.06, 0.06),
    "Adventure": Genre(3, 0, 0),
    "Music": Genre(4.5, -0.25, 0.08),
    "Fantasy": Genre(2, 0.15, 0),
    "Mystery": Genre(2.2, 0.3, 0, 0.05),
    "Sci-Fi": Genre(1.8, 0.2, -0.1),
    "Biography": Genre(1.6, 0.1, 0.1),
    "History": Genre(1.7, 0, 0.08),
    "Sport": Genre(1.9, -0.3, 0, 0.06),
    "War": Genre(0.8, -0.35, 0.04),
    "Western": Genre(0.6, -0.45, -0.05, -0.08),
    "Musical": Genre(0.8, -0.4, 0),
    "Film-Noir": Genre(0.4, -0.5, 0.02),
    "Adult": Genre(2.2, -0.3, -0.05),
    "News": Genre(1.2, -0.3, 0),
    "Talk-Show": Genre(2, -0.15, -0.03),
    "Reality-TV": Genre(2.2, 0.5, -0.12, -0.1),
    "Game-Show": Genre(1, 0.1, 0),
}
_GENRE_COUNT = Weighted({1: 46.0, 2: 26, 3: 24, 0: 4})

_RUNTIMES = {
    "movie": Quantiles(
        ((0, 45), (0.1, 62), (0.4, 85), (0.6, 93), (0.9, 125), (0.99, 180), (1, 300))
    ),
    "short": Quantiles(((0, 1), (0.2, 5), (0.5, 10), (0.8, 19), (1, 45))),
    "tvEpisode": Quantiles(((0, 2), (0.1, 11), (0.4, 26), (0.7, 44), (0.95, 62), (1, 240))),
}
_NO_RUNTIME = {"movie": 0.25, "short": 0.35, "tvEpisode": 0.6, "videoGame": 1.0}


@cache
def _genres_of(decade: int) -> Weighted[str]:
    return Weighted(
        {
            name: genre.weight * max(0.02, 1 + genre.growth * (decade - 200))
            for name, genre in GENRES.items()
            if name != "Film-Noir" or decade < 197
        }
    )


def genres_for(kind: str, year: int | None, draw: Draw) -> tuple[str, ...]:
    """Return none to three genres in alphabetical order; shorts are in the genre Short."""
    decade = min(max((year or 2010) // 10, 190), 202)
    wanted = _GENRE_COUNT(draw)
    found = {_genres_of(decade)(draw) for _ in range(wanted)}
    if kind in {"short", "tvShort"}:
        found = {"Short", *sorted(found)[:2]}
    return tuple(sorted(found))


def year_for(draw: Draw) -> int | None:
    """Return a first year, or None where none is known."""
    share = draw()
    return None if draw() < _NO_YEAR_SHARE else int(YEARS.at(share))


def runtime_for(kind: str, draw: Draw) -> int | None:
    """Return minutes, or None: few episodes have a running time."""
    share = draw()
    if draw() < _NO_RUNTIME.get(kind, 0.4):
        return None
    return int(_RUNTIMES.get(kind, _RUNTIMES["movie"]).at(share))


def new_title(tconst: str, kind: str, draw: Draw) -> SampleTitle:
    """Return a title with its texts, year, genres and running time, and nothing else yet."""
    home = market(draw) if draw() < 0.45 else MARKETS[0]
    primary = title_text(draw)
    original: str | None = primary
    if home.script != "latin" and draw() < 0.35:
        original = local_title(home.script, draw)
    elif draw() < 0.0005:
        original = None
    year = year_for(draw)
    genres = genres_for(kind, year, draw)
    return SampleTitle(
        tconst=tconst,
        kind=kind,
        primary=primary,
        original=original,
        home=home,
        adult="Adult" in genres,
        start=year,
        runtime=runtime_for(kind, draw),
        genres=genres,
        fame=draw(),
        quality=draw(),
    )
