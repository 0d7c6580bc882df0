"""The whole of Trakt on one day, made window by window when something in it is asked for."""

import threading
from dataclasses import dataclass, field
from datetime import date

from include.sample.tmdb.view import DayView
from include.sample.tmdb.world import SampleWorld
from include.sample.trakt.calendar import LANES, TraktCalendar, lane_of
from include.sample.trakt.comments import SampleComment
from include.sample.trakt.numbers import TraktNumbers
from include.sample.trakt.plan import CommentPlan
from include.sample.trakt.titles import SampleTraktTitle, titles_of
from include.sample.trakt.users import SampleUsers
from include.sample.window import Window

UnitKey = tuple[str, int | None, int | None]
"""The tconst of a movie or show with a season and an episode, None for what is above them."""


@dataclass
class Shelf:
    """The titles and comments of one window."""

    titles: dict[str, SampleTraktTitle]
    episodes: dict[str, tuple[SampleTraktTitle, int, int]]
    """By the tconst of the episode: the show, the season and the number."""
    comments: dict[int, SampleComment]
    units: dict[UnitKey, list[SampleComment]] = field(default_factory=dict)
    """Comments that are no replies, the oldest first."""

    def __post_init__(self) -> None:
        """Sort the comments into their units."""
        for comment in sorted(self.comments.values(), key=lambda each: each.minute):
            if comment.parent is None and comment.title:
                key = (comment.title.title.tconst, comment.season, comment.episode)
                self.units.setdefault(key, []).append(comment)


class SampleTraktWorld:
    """Finds things by Trakt's numbers. All methods may be called from several threads."""

    def __init__(self, titles: int, day: int, seed: int, today: date) -> None:
        """`today` is the date of `day`. Raises ValueError for a size or a day not possible.

        Trakt knows the titles of day 1. Beyond LANES windows titles have no comments.
        """
        if day < 1:
            raise ValueError(f"day must be 1 or later, not {day}")
        self.day = day
        self.seed = seed
        self.today = today
        self.calendar = TraktCalendar.of(day, today)
        self.users = SampleUsers.of(seed, titles)
        self._sample = SampleWorld(titles, 1, seed)
        self.windows = self._sample.universe.windows
        self._shelves: dict[int, Shelf] = {}
        self._lock = threading.RLock()
        first = self._view(0)
        self.numbers = TraktNumbers(_shift(first))

    def shelf(self, window: int) -> Shelf:
        """Return a window as it is until this day."""
        with self._lock:
            if window not in self._shelves:
                self._shelves[window] = self._make(window)
            return self._shelves[window]

    def shelves(self) -> list[Shelf]:
        """Return all windows that can have comments; about 0.1 s each the first time."""
        return [self.shelf(window) for window in range(min(self.windows, LANES))]

    def title(self, kind: str, name: str) -> SampleTraktTitle | None:
        """Return a movie or show by Trakt's number, slug, or IMDb's id."""
        if name.isascii() and name.isdigit() and len(name) < 12:
            tconst = self.numbers.back(kind, int(name))
            return self._of_tconst(kind, tconst) if tconst else None
        if name.startswith("tt") and name[2:].isascii() and name[2:].isdigit():
            found = self._of_tconst(kind, name)
            return found if found and found.imdb else None
        found = self._of_tconst(kind, "tt" + name.rpartition("-")[2])
        return found if found and found.slug == name else None

    def comment(self, number: int) -> SampleComment | None:
        """Return the comment if it is there on this day."""
        window = lane_of(number)
        if window >= self.windows:
            return None
        found = self.shelf(window).comments.get(number)
        return found if found and found.exists(self.day) else None

    def unit(
        self, title: SampleTraktTitle, season: int | None = None, episode: int | None = None
    ) -> list[SampleComment]:
        """Return what was written there and exists, the oldest first, without replies."""
        tconst = title.title.tconst
        shelf = self.shelf(self._sample.numbers.window_of(tconst))
        found = shelf.units.get((tconst, season, episode), [])
        return [comment for comment in found if comment.exists(self.day)]

    def written(
        self, title: SampleTraktTitle, season: int | None = None, episode: int | None = None
    ) -> int:
        """Return how many comments there are with replies; of a title, on all its episodes, too."""
        tconst = title.title.tconst
        shelf = self.shelf(self._sample.numbers.window_of(tconst))
        return sum(
            1 + comment.reply_count(self.day)
            for place, found in shelf.units.items()
            if place[0] == tconst and (season is None or place == (tconst, season, episode))
            for comment in found
            if comment.exists(self.day)
        )

    def _of_tconst(self, kind: str, tconst: str) -> SampleTraktTitle | None:
        if not 7 <= len(tconst) - 2 <= 8 or not tconst[2:].isdigit():
            return None
        window = self._sample.numbers.window_of(tconst)
        found = self.shelf(window).titles.get(tconst)
        return found if found and found.kind == kind else None

    def _view(self, window: int) -> DayView:
        return DayView.of(Window(self._sample.universe, window))

    def _make(self, window: int) -> Shelf:
        titles = list(titles_of(self._sample, self._view(window), self.numbers))
        comments: list[SampleComment] = []
        if window < LANES:
            plan = CommentPlan(self.seed, window, self.users, self.calendar)
            comments = plan.make(titles, self.day)
        for title in titles:
            _forget(title)
        return Shelf(
            {title.title.tconst: title for title in titles},
            {
                episode.title.tconst: (title, *place)
                for title in titles
                for place, episode in title.episodes.items()
            },
            {comment.number: comment for comment in comments},
        )


def _shift(view: DayView) -> int:
    """Return the distance by which the most voted show gets the number of the top movie."""
    movies, shows = (
        sorted(found.values(), key=lambda title: (-title.votes, title.tconst))
        for found in (view.movies, view.shows)
    )
    return int(movies[0].tconst[2:]) - int(shows[0].tconst[2:]) if movies and shows else 0


def _forget(title: SampleTraktTitle) -> None:
    """Let go of what only IMDb's files show: it is most of a title's memory."""
    for each in (title.title, *(episode.title for episode in title.episodes.values())):
        each.credits, each.akas, each.directors, each.writers = [], [], [], []
