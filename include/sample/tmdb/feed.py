"""The changes feed: the ids edited in a range of days, 100 a page.

It has what the real feed has: null ids, `adult` null, ids that are in no list, ids that
answer 404. It knows nothing of votes and popularity.
"""

import threading
from dataclasses import dataclass, field
from datetime import date

from include.sample.ids import dangling_id
from include.sample.randomness import mix, shuffle, stream
from include.sample.tmdb.catalog import Body
from include.sample.tmdb.differences import Changed
from include.sample.tmdb.draws import Purpose, text_number
from include.sample.tmdb.world import World

PAGE = 100
LONGEST = 14  # days in a range
_LISTED_IF_DELETED = 2  # one of so many; the real feed promises none
_STRANGE = 25  # one item of so many has no details
_NULL = 90  # one item of so many has no id


@dataclass(frozen=True)
class Feed:
    """Makes the pages of the feed; `today` is the date of the world's day."""

    world: World
    today: date
    _items: dict[tuple[str, int, int], list[Body]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def page(self, kind: str, start: date, end: date, page: int) -> Body:
        """Return a page of what was edited from `start` to `end`, both included."""
        first, last = self._day_of(start), min(self._day_of(end), self.world.day)
        with self._lock:
            if (kind, first, last) not in self._items:
                self._items[kind, first, last] = self._make(kind, first, last)
            items = self._items[kind, first, last]
        return {
            "page": page,
            "results": items[(page - 1) * PAGE : page * PAGE],
            "total_pages": max(1, -(-len(items) // PAGE)),
            "total_results": len(items),
        }

    def _day_of(self, when: date) -> int:
        return self.world.day - (self.today - when).days

    def _make(self, kind: str, first: int, last: int) -> list[Body]:
        if last < max(first, 2) or first > self.world.day:
            return []
        found: dict[int, Changed] = {}
        for window in range(self.world.universe.windows):
            for each in self.world.changed(window):
                if each.kind == kind and first <= each.day <= last and _is_listed(each):
                    found[each.number] = each
        items = [_item(each) for _, each in sorted(found.items())]
        draw = stream(self.world.seed, Purpose.FEED, text_number(kind), first, last)
        for _ in range(1 + len(items) // _STRANGE):
            unknown = dangling_id("nm" if kind == "person" else "tt", draw)
            number = self.world.numbers.of(kind, unknown)
            items.append({"id": number, "adult": None, "softcore": False})
        items.extend(
            {"id": None, "adult": None, "softcore": False} for _ in range(1 + len(items) // _NULL)
        )
        shuffle(items, draw)
        return items


def _is_listed(changed: Changed) -> bool:
    return not changed.gone or changed.number % _LISTED_IF_DELETED == 0


def _item(changed: Changed) -> Body:
    adult = None if mix(Purpose.FEED, changed.number) % 40 == 0 else changed.adult
    return {"id": changed.number, "adult": adult, "softcore": None if adult is None else False}
