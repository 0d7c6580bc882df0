"""The orders in which comments are listed: three feeds of all, and the sorts of one list."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from include.sample.trakt.comments import SampleComment
from include.sample.trakt.world import SampleTraktWorld

FEEDS = ("recent", "updates", "trending")
KINDS = ("all", "reviews", "shouts")
LEVELS = {
    "all": None,
    "movies": "movie",
    "shows": "show",
    "seasons": "season",
    "episodes": "episode",
    "lists": "list",
}
REPLIES = ("true", "false", "only")
_Key = Callable[[SampleComment], tuple[int, ...]]


@dataclass(frozen=True)
class CommentFeeds:
    """Sorts comments as of the world's day; an order is made once."""

    world: SampleTraktWorld
    _orders: dict[tuple[str, ...], list[SampleComment]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def feed(self, name: str, kind: str, level: str, replies: str) -> list[SampleComment]:
        """Return a feed with the hidden comments in it, which are counted and not sent."""
        key = (name, kind, level, replies)
        with self._lock:
            if key not in self._orders:
                self._orders[key] = self._select(self._order(name), kind, LEVELS[level], replies)
            return self._orders[key]

    def _order(self, name: str) -> list[SampleComment]:
        if (name,) not in self._orders:
            day, calendar = self.world.day, self.world.calendar
            keys: dict[str, _Key] = {
                "recent": lambda each: (each.minute, each.number),
                "updates": lambda each: (each.touched(day, calendar), each.number),
                "trending": lambda each: (each.likes(day), each.number),
            }
            found = [
                comment
                for shelf in self.world.shelves()
                for comment in shelf.comments.values()
                if comment.exists(day)
            ]
            self._orders[name,] = sorted(found, key=keys[name], reverse=True)
        return self._orders[name,]

    def _select(
        self, comments: list[SampleComment], kind: str, level: str | None, replies: str
    ) -> list[SampleComment]:
        day = self.world.day
        return [
            comment
            for comment in comments
            if (kind == "all" or comment.is_review(day) == (kind == "reviews"))
            and (level is None or comment.level == level)
            and (replies == "true" or (comment.parent is None) == (replies == "false"))
        ]


def sorts(day: int) -> dict[str, _Key]:
    """Return the sorts of the comments of one title by their names."""
    return {
        "newest": lambda each: (-each.minute,),
        "oldest": lambda each: (each.minute,),
        "likes": lambda each: (-each.likes(day), each.number),
        "replies": lambda each: (-each.reply_count(day), each.number),
        "highest": lambda each: (-(each.rating(day) or 0), each.number),
        "lowest": lambda each: (each.rating(day) or 11, each.number),
        "plays": lambda each: (-each.plays, each.number),
    }
