"""The popular lists: pages of 20, in blocks of one window each, so that a page needs one window.

They have what real lists have: an id on two pages (so that another is missed), short pages,
totals that differ between pages, entries that come and leave from day to day. After the last
window the pages are empty, though the totals promise far more.
"""

import threading
from dataclasses import dataclass, field

from include.sample.randomness import mix
from include.sample.tmdb.catalog import Body
from include.sample.tmdb.draws import Purpose
from include.sample.tmdb.measures import popularity
from include.sample.tmdb.view import View
from include.sample.tmdb.world import World

LAST_PAGE = 500
PAGE = 20
_PAGES_OF_WINDOW = {"movie": 8, "tv": 1, "person": 20}
_PROMISED = {"movie": 57_004, "tv": 11_127, "person": 236_045}
_KNOWN_FOR = 3


@dataclass(frozen=True)
class Lists:
    """Makes the pages of the popular lists."""

    world: World
    _blocks: dict[tuple[str, int], list[str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def page(self, kind: str, page: int) -> Body:
        """Return page `page` (1 to LAST_PAGE) of the list of the kind."""
        ids = self.ids(kind, page)
        promised = _PROMISED[kind] - mix(Purpose.LIST, self.world.day, page) % 5
        return {
            "page": page,
            "results": [self._item(kind, sample_id) for sample_id in ids],
            "total_pages": promised,
            "total_results": promised * PAGE - page % 7,
        }

    def ids(self, kind: str, page: int) -> list[str]:
        """Return the tconst or nconst of each entry on the page."""
        size = _PAGES_OF_WINDOW[kind]
        window, place = divmod(page - 1, size)
        if window >= self.world.universe.windows:
            return []
        block = self._block(kind, window)
        found = block[place * PAGE : (place + 1) * PAGE]
        drawn = mix(self.world.seed, Purpose.LIST, self.world.day, page, size) % 12
        if drawn == 0 and place and found:
            found = [block[place * PAGE - 1], *found[1:]]  # again, in place of another
        elif drawn == 1:
            found = found[:-2]
        return found

    def _block(self, kind: str, window: int) -> list[str]:
        key = (kind, window)
        with self._lock:
            if key not in self._blocks:
                self._blocks[key] = self._ranked(kind, self.world.view(window))
            return self._blocks[key]

    def _ranked(self, kind: str, view: View) -> list[str]:
        world = self.world
        ranked = []
        for sample_id in view.ids(kind):
            number = world.numbers.of(kind, sample_id)
            if not world.edits.is_deleted(kind, number, world.day):
                height = popularity(world.seed, kind, number, world.day, view.number)
                ranked.append((-height, sample_id))
        ranked.sort()
        return [sample_id for _, sample_id in ranked[: _PAGES_OF_WINDOW[kind] * PAGE]]

    def _item(self, kind: str, sample_id: str) -> Body:
        world = self.world
        view = world.view(world.numbers.window_of(sample_id))
        if kind == "movie":
            return world.movies.item(view.movies[sample_id], world.day)
        if kind == "tv":
            return world.shows.item(view.shows[sample_id], world.day)
        return self.person_item(view, sample_id)

    def person_item(self, view: View, nconst: str) -> Body:
        """Return a person with up to three works with the most votes."""
        world = self.world
        titles = [
            title
            for title in view.works.get(nconst, ())
            if world.is_listed("movie" if title.tconst in view.movies else "tv", title.tconst)
        ]
        titles.sort(key=lambda title: (-title.votes, title.tconst))
        known_for = [
            world.movies.item(title, world.day) | {"media_type": "movie"}
            if title.tconst in view.movies
            else world.shows.item(title, world.day) | {"media_type": "tv"}
            for title in titles[:_KNOWN_FOR]
        ]
        return world.people.summary(view.people[nconst], world.day) | {"known_for": known_for}
