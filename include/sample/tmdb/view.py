"""A window of the sample as TMDb needs it: its movies, shows, people, and what changed each day."""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from include.sample.people import SamplePerson
from include.sample.titles import SampleTitle
from include.sample.tmdb.credits import Credit, movie_credits, show_credits
from include.sample.tmdb.movies import MOVIE_KINDS
from include.sample.tmdb.shows import SHOW_KINDS
from include.sample.window import Window


@dataclass
class View:
    """One window on one day; never changed after it was made."""

    number: int
    movies: dict[str, SampleTitle]
    shows: dict[str, SampleTitle]
    episodes: dict[str, list[SampleTitle]]
    """By the tconst of their show."""
    people: dict[str, SamplePerson]
    summaries: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What credits show of a person, by nconst, for those asked for so far."""
    _show_credits: dict[str, list[Credit]] = field(default_factory=dict)

    @classmethod
    def of(cls, window: Window) -> "View":
        """Return the window as it is now; it shares the titles with the window."""
        movies, shows = {}, {}
        episodes: dict[str, list[SampleTitle]] = {}
        for tconst, title in window.titles.items():
            if title.kind in MOVIE_KINDS:
                movies[tconst] = title
            elif title.kind in SHOW_KINDS:
                shows[tconst] = title
            elif title.parent:
                episodes.setdefault(title.parent, []).append(title)
        return cls(window.number, movies, shows, episodes, dict(window.company.by_id))

    def frozen(self) -> "View":
        """Return a copy that later days of the window do not reach."""
        return View(
            self.number,
            {tconst: _copy(title) for tconst, title in self.movies.items()},
            {tconst: _copy(title) for tconst, title in self.shows.items()},
            {tconst: [_copy(each) for each in found] for tconst, found in self.episodes.items()},
            self.people,
        )

    def ids(self, kind: str) -> list[str]:
        """Return the sample's ids of all movies, shows or people."""
        if kind == "person":
            return list(self.people)
        return list(self.movies if kind == "movie" else self.shows)

    def credits_of(self, title: SampleTitle) -> list[Credit]:
        """Return the credits of a movie or show of this window."""
        if title.kind in MOVIE_KINDS:
            return movie_credits(title)
        found = self._show_credits.get(title.tconst)
        if found is None:
            found = show_credits(title, self.episodes.get(title.tconst, ()))
            self._show_credits[title.tconst] = found
        return found

    @cached_property
    def works(self) -> dict[str, list[SampleTitle]]:
        """The movies and shows of each person, in the order of their tconst."""
        found: dict[str, dict[str, SampleTitle]] = {}
        for title, part in self._parts():
            for credit in part.credits:
                found.setdefault(credit.nconst, {})[title.tconst] = title
        return {
            nconst: [titles[tconst] for tconst in sorted(titles)]
            for nconst, titles in found.items()
        }

    def _parts(self) -> Iterator[tuple[SampleTitle, SampleTitle]]:
        for title in (*self.movies.values(), *self.shows.values()):
            yield title, title
        for tconst, members in self.episodes.items():
            show = self.shows.get(tconst)
            if show:
                for episode in members:
                    yield show, episode


def _copy(title: SampleTitle) -> SampleTitle:
    found = copy(title)
    found.credits = list(title.credits)
    return found
