"""What TMDb's editors do from day to day: fields changed, entries deleted, entries restored.

These come on top of the sample's own days. Each is a pure function of the seed, the entry and
the day. The days are taken in blocks: an entry has at most one edit and one deletion in a block,
so that a late day costs little more than an early one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from include.sample.randomness import mix
from include.sample.tmdb.draws import Purpose

FIELDS = {
    "movie": (
        "revenue",
        "budget",
        "tagline",
        "genres",
        "runtime",
        "status",
        "title",
        "release_date",
        "images",
    ),
    "tv": ("seasons", "status", "tagline", "images"),
    "person": ("known_for_department", "biography", "name"),
}
_PURPOSES = {"movie": 1, "tv": 2, "person": 3}
_BLOCK = 16  # days
_EDITED = 24  # of a hundred entries, in a block
_DELETED = 32  # of a thousand entries, in a block
_FOR_EVER = 4
_LINKED = 40  # days until every entry that had no IMDb id has one
_FIRST_DAY = 2  # on day 1 everything is as it was made


@dataclass(frozen=True)
class Edits:
    """The edits of one universe."""

    seed: int

    def of(self, kind: str, number: int, day: int) -> dict[str, int]:
        """Return each field edited up to `day`, with the day of its newest edit.

        Each entry has a day on which it gets its IMDb id, if it had none.
        """
        found: dict[str, int] = {}
        linked = _FIRST_DAY + mix(self.seed, Purpose.EDIT, _PURPOSES[kind], number) % _LINKED
        if linked <= day:
            found["imdb_id"] = linked
        fields = FIELDS[kind]
        for drawn, edited in self._blocks(Purpose.EDIT, kind, number, day):
            if drawn % 100 < _EDITED:
                found[fields[drawn // 100 % len(fields)]] = edited
        return found

    def is_deleted(self, kind: str, number: int, day: int) -> bool:
        """Whether the id answers 404 on that day; most deleted ids come back after some days."""
        for drawn, deleted in self._blocks(Purpose.ABSENCE, kind, number, day):
            if drawn % 1000 < _DELETED:
                days = 1 + drawn // 1000 % _FOR_EVER
                if days == _FOR_EVER or day < deleted + days:
                    return True
        return False

    def _blocks(
        self, purpose: Purpose, kind: str, number: int, day: int
    ) -> Iterator[tuple[int, int]]:
        """Yield a draw for each block begun by `day` and the day in it that was drawn."""
        for first in range(_FIRST_DAY, day + 1, _BLOCK):
            drawn = mix(self.seed, purpose, _PURPOSES[kind], number, first)
            chosen = first + (drawn >> 40) % _BLOCK
            if chosen <= day:
                yield drawn, chosen
