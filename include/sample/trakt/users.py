"""Invented users: they turn private or public, get renamed, and some were deleted."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from include.sample.names import surname
from include.sample.randomness import mix, stream
from include.sample.trakt.traits import Trait, day_of_change

_NOT_WORD = re.compile(r"[^a-z0-9]+")
_FIRST_NUMBER = 1_000_000
_WITH_NUMBER = 70  # percent
_EARLY = {2: 2, 5: 3, 9: 4, 13: 3}
"""The days on which some who write much turn private or public, and the next ones are renamed."""


@dataclass(frozen=True)
class SampleUsers:
    """The users of one sample, counted from 0. The first ones write most."""

    seed: int
    count: int

    @classmethod
    def of(cls, seed: int, titles: int) -> "SampleUsers":
        """Return the users of a sample of this size."""
        return cls(seed, max(30, titles // 5))

    def writer(self, share: float) -> int:
        """Return who wrote a comment, drawn by a number in [0, 1)."""
        return int(share * share * self.count)

    def number(self, user: int) -> int | None:
        """Return Trakt's number of the user, which never changes; None for those without one."""
        drawn = mix(self.seed, Trait.USER, user)
        return _FIRST_NUMBER + user * 7 if drawn % 100 < _WITH_NUMBER else None

    def renamed_on(self, user: int) -> int | None:
        """Return the day on which the user gets another name and slug."""
        return _EARLY.get(user - 1) or day_of_change(30, 1, self.seed, Trait.NAME, user)

    def is_private(self, user: int, day: int) -> bool:
        """Whether the user is private on that day; some turn, one way or the other."""
        turned = day_of_change(15, 1, self.seed, Trait.PRIVACY, user)
        if user in _EARLY:
            turned = _EARLY[user]
        return (mix(self.seed, Trait.PRIVACY, user, 1) % 100 < 9) != (
            turned is not None and turned <= day
        )

    def is_deleted(self, user: int) -> bool:
        """Whether the user was deleted, while the comments stay."""
        return user % 41 == 7

    def username(self, user: int, day: int) -> str:
        """Return the name by which the user is known on that day."""
        renamed = self.renamed_on(user)
        times = int(renamed is not None and renamed <= day)
        return f"{surname(stream(self.seed, Trait.NAME, user, times))}{user}{'x' * times}"

    def slug(self, user: int, day: int) -> str:
        """Return the slug, which changes with the name."""
        name = unicodedata.normalize("NFKD", self.username(user, day))
        return _NOT_WORD.sub("-", name.encode("ascii", "ignore").decode().lower())

    def body(self, user: int, day: int) -> dict[str, Any]:
        """Return the user as comments have it on that day."""
        private, deleted = self.is_private(user, day), self.is_deleted(user)
        drawn = mix(self.seed, Trait.USER, user, 3)
        ids: dict[str, Any] = {"slug": self.slug(user, day)}
        number = self.number(user)
        if number is not None:
            ids["trakt"] = number
        body: dict[str, Any] = {
            "username": self.username(user, day), "private": private, "deleted": deleted,
        }  # fmt: skip
        if not private and not (deleted and drawn % 2):
            name = (None, "", *[f"{surname(stream(drawn))} {surname(stream(drawn, 1))}"] * 8)
            changes = mix(self.seed, user, day, Trait.USER) % 25 == 0
            body |= {
                "name": name[drawn // 8 % len(name)],
                "vip": (drawn // 128 % 4 == 0) != changes,
                "vip_ep": drawn // 512 % 40 == 0,
                "director": False,
            }
        return body | {"ids": ids}
