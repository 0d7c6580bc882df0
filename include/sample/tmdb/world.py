"""The whole of TMDb on one day, made window by window when something in it is asked for."""

import threading
from collections import OrderedDict
from collections.abc import Iterator

from include.sample.days import advance
from include.sample.people import SamplePerson, new_person
from include.sample.randomness import Topic, stream
from include.sample.titles import SampleTitle
from include.sample.tmdb.differences import Changed, Differences
from include.sample.tmdb.edits import Edits
from include.sample.tmdb.movies import Movies
from include.sample.tmdb.numbers import TmdbNumbers
from include.sample.tmdb.people import People
from include.sample.tmdb.shows import Shows
from include.sample.tmdb.view import View
from include.sample.universe import Universe
from include.sample.window import Window

_KEPT = 24  # windows in memory, about 4 MB each
_STAR_REACH = 4  # windows that a star's filmography covers where not all are kept


class World:
    """Finds things by TMDb's number. All methods may be called from several threads."""

    def __init__(self, titles: int, day: int, seed: int) -> None:
        """Plan the world. Raises ValueError for a size or a day that cannot be made."""
        if day < 1:
            raise ValueError(f"day must be 1 or later, not {day}")
        self.seed = seed
        self.day = day
        self.universe = Universe(seed, titles)
        self.numbers = TmdbNumbers(self.universe, self._shift())
        self.edits = Edits(seed)
        self.movies = Movies(seed, self.numbers, self.edits)
        self.shows = Shows(seed, self.numbers, self.edits)
        self.people = People(seed, self.numbers, self.edits)
        self._differences = Differences(self.movies, self.shows, self.people)
        self._views: OrderedDict[int, View] = OrderedDict()
        self._changed: dict[int, list[Changed]] = {}
        self._lock = threading.RLock()
        self._stars = dict(self._make_stars())

    def view(self, window: int) -> View:
        """Return a window as of this day."""
        with self._lock:
            found = self._views.get(window)
            if found is None:
                found = self._views[window] = self._make(window)
                if len(self._views) > _KEPT:
                    self._views.popitem(last=False)
            self._views.move_to_end(window)
            return found

    def changed(self, window: int) -> list[Changed]:
        """Return what changed in the window on each day so far; one item per thing and day."""
        with self._lock:
            if window not in self._changed:
                self.view(window)
            return self._changed[window]

    def ids(self, kind: str) -> Iterator[int]:
        """Yield TMDb's number of everything of a kind that has details on this day."""
        for window in range(self.universe.windows):
            for sample_id in self.view(window).ids(kind):
                if self.is_listed(kind, sample_id):
                    yield self.numbers.of(kind, sample_id)

    def title(self, kind: str, sample_id: str) -> SampleTitle | None:
        """Return the movie or show, or None if it has no details on this day."""
        view = self.view(self.numbers.window_of(sample_id))
        found = (view.movies if kind == "movie" else view.shows).get(sample_id)
        return found if found and self.is_listed(kind, sample_id) else None

    def person(self, nconst: str) -> SamplePerson | None:
        """Return the person, or None if there are no details on this day."""
        found = self.view(self.numbers.window_of(nconst)).people.get(nconst)
        return found if found and self.is_listed("person", nconst) else None

    def is_listed(self, kind: str, sample_id: str) -> bool:
        """Whether TMDb has not deleted the entry."""
        return not self.edits.is_deleted(kind, self.numbers.of(kind, sample_id), self.day)

    def credited(self, view: View, nconst: str) -> SamplePerson | None:
        """Return a person in the credits of a title of the window; None for an unknown one."""
        return view.people.get(nconst) or self._stars.get(nconst)

    def views_with(self, nconst: str) -> Iterator[View]:
        """Yield the windows that may have works of the person: more than one for stars."""
        own, windows = self.numbers.window_of(nconst), self.universe.windows
        reach = 1
        if nconst in self._stars:
            reach = windows if windows <= _KEPT else _STAR_REACH
        for step in range(reach):
            yield self.view((own + step) % windows)

    def _make(self, number: int) -> View:
        window = Window(self.universe, number)
        changed: list[Changed] = []
        view = View.of(window)
        for day in range(2, self.day + 1):
            before = view.frozen()
            advance(window)
            view = View.of(window)
            changed.extend(self._differences.between(before, view, day))
        self._changed[number] = changed
        return view

    def _make_stars(self) -> Iterator[tuple[str, SamplePerson]]:
        for window in sorted(
            {
                self.numbers.window_of(star.nconst)
                for stars in self.universe.stars.values()
                for star in stars
            }
        ):
            for place, star in enumerate(self.universe.stars_in(window)):
                draw = stream(self.seed, window, Topic.PERSON, place)
                yield star.nconst, new_person(star.nconst, draw, star.role, star.decade)

    def _shift(self) -> int:
        """Return the distance between a show and a movie of one person: they get one number."""
        view = View.of(Window(self.universe, 0))
        for nconst in sorted(view.works):
            works = view.works[nconst]
            movies = [title.tconst for title in works if title.tconst in view.movies]
            shows = [title.tconst for title in works if title.tconst in view.shows]
            if movies and shows:
                return int(movies[0][2:]) - int(shows[0][2:])
        return 0
