"""Series: their number of episodes, numbering, people and ratings."""

from dataclasses import dataclass

from include.sample.credits import Troupe
from include.sample.ids import dangling_id
from include.sample.randomness import Draw, Quantiles, Weighted, pick, wobble
from include.sample.ratings import RATINGS, VOTES, set_rating, with_genres
from include.sample.titles import THIS_YEAR, SampleTitle, genres_for, new_title, runtime_for
from include.sample.wording import title_text

EPISODES = Quantiles(
    (
        (0, 0),
        (0.12, 0.9),
        (0.2, 3),
        (0.4, 7),
        (0.55, 12),
        (0.7, 22),
        (0.85, 48),
        (0.94, 110),
        (0.98, 300),
        (1, 700),
    )
)
_MINI_EPISODES = Quantiles(((0, 1), (0.3, 3), (0.7, 6), (1, 12)))
_MINI_SHARE = 0.18
_SCHEME = Weighted({"seasons": 78.0, "years": 3, "flat": 8, "none": 11})
_ONE_SEASON = {"flat", "none"}
_PER_SEASON = (6, 8, 8, 10, 10, 12, 13, 13, 20, 22, 24, 26)
_UNNUMBERED_SHARE = 0.055
_SPECIAL_SHARE = 0.01  # of episodes of a series with seasons: in season 0
_FAMOUS = 0.86
_LOST_SHARE = 0.0003  # of episodes: no title has the parent's id
_HIT_EVERY = 4  # in every fourth window the first series is a hit


@dataclass(slots=True)
class Series:
    """A series with its plan."""

    title: SampleTitle
    scheme: str
    """seasons, years (the season is a year), flat (one endless season) or none (no numbers)."""
    per_season: int
    planned: int
    """Episodes of day 1."""
    spread: float
    """How far its episodes' ratings lie apart, in tenths."""
    trend: float
    """Change of the ratings per season, in tenths."""
    rated_share: float
    unnamed: bool
    """Its episodes have no titles of their own."""
    troupe: Troupe
    made: int = 0


def plan_series(tconst: str, room: int, hit: bool, draw: Draw) -> Series:
    """Return a series without people and episodes; it plans for at most `room` episodes."""
    mini = draw() < _MINI_SHARE and not hit
    title = new_title(tconst, "tvMiniSeries" if mini else "tvSeries", draw)
    wanted = int((_MINI_EPISODES if mini else EPISODES).at(draw()))
    if hit:
        wanted = 40 + int(draw() * 60)
        title.fame, title.quality = 0.99 + draw() / 100, 0.93 + draw() * 0.05
    scheme = "seasons" if mini or hit else _SCHEME(draw)
    per_season = wanted if mini else pick(_PER_SEASON, draw)
    if scheme == "years":
        per_season = 20 + int(draw() * 40)
    series = Series(
        title=title,
        scheme=scheme,
        per_season=max(per_season, 1),
        planned=min(wanted, room),
        spread=1.2 if hit else 1 + draw() * draw() * 14,
        trend=0.0 if hit else wobble(draw) * 1.5,
        rated_share=0.72 if title.fame > _FAMOUS else 0.025,
        unnamed=draw() < 0.42,
        troupe=Troupe(),
    )
    _date(series, draw)
    if title.fame > _FAMOUS or (draw() < 0.45 and (title.start or 0) <= THIS_YEAR):
        # A series gets more votes than its episodes and a rating near theirs.
        votes = title.fame if title.fame > _FAMOUS else max(draw(), draw())
        set_rating(title, RATINGS.at(with_genres(title)), VOTES.at(votes))
    return series


def _date(series: Series, draw: Draw) -> None:
    title = series.title
    seasons = 1 if series.scheme in _ONE_SEASON else -(-series.planned // series.per_season)
    if title.start is None:
        return
    if title.start <= THIS_YEAR or seasons > 1 or title.fame > _FAMOUS:
        title.start = min(title.start, THIS_YEAR - max(seasons, 1) + 1)
    last = title.start + max(seasons - 1, 0)
    if title.kind == "tvMiniSeries" or last < THIS_YEAR - 2 or draw() < 0.3:
        title.end = last if draw() < 0.85 else None


def new_episode(series: Series, tconst: str, draw: Draw) -> SampleTitle:
    """Return the next episode, numbered and rated as its series is; without people."""
    place = series.made
    series.made += 1
    season, number = _numbers(series, place)
    show = series.title
    title = new_title(tconst, "tvEpisode", draw)
    title.home = show.home
    title.parent = show.tconst if draw() >= _LOST_SHARE else dangling_id("tt", draw)
    title.primary = title.original = _episode_title(series, season, number, draw)
    title.genres = show.genres if draw() < 0.9 else genres_for("tvEpisode", show.start, draw)
    title.adult = show.adult
    title.runtime = runtime_for("tvEpisode", draw)
    seasons_in = 0 if series.scheme in _ONE_SEASON else place // series.per_season
    title.start = show.start + seasons_in if show.start and draw() < 0.96 else None
    if series.scheme == "years" and show.start:
        season = show.start + seasons_in
    if series.scheme == "seasons" and draw() < _SPECIAL_SHARE:
        season, number = 0, place + 1
    if draw() >= _UNNUMBERED_SHARE:
        title.season, title.episode = season, number
    if draw() < series.rated_share and (title.start or 0) <= THIS_YEAR:
        base = (show.rating or RATINGS.at(with_genres(show))) + 1 + series.trend * seasons_in
        famous = (show.fame - _FAMOUS) / (1 - _FAMOUS) if show.fame > _FAMOUS else draw()
        set_rating(
            title, base + wobble(draw) * 2 * series.spread, VOTES.at(0.65 * famous + 0.3 * draw())
        )
    return title


def _numbers(series: Series, place: int) -> tuple[int | None, int | None]:
    if series.scheme == "none":
        return None, None
    if series.scheme == "flat":
        return 1, place + 1
    season, number = divmod(place, series.per_season)
    pilot = series.title.tconst.endswith("7")  # counts from 0
    return season + 1, number + (0 if pilot else 1)


def _episode_title(series: Series, season: int | None, number: int | None, draw: Draw) -> str:
    if series.unnamed and number is not None:
        return f"Episode #{season}.{number}"
    if series.unnamed and draw() < 0.5:
        return f"Episode dated {1 + int(draw() * 28)} May {series.title.start or 1999}"
    return title_text(draw)


def is_hit(window: int, place: int) -> bool:
    """Whether the series at this place of the window is planned as a success."""
    return place == 0 and window % _HIT_EVERY == 0
