"""A comment and what happens to it from day to day; each is a pure function of its key."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from include.sample.randomness import mix
from include.sample.trakt.calendar import TraktCalendar
from include.sample.trakt.titles import SampleTraktTitle
from include.sample.trakt.traits import Trait, day_of_change

_DAY = 24 * 60  # minutes
_BLOCK = 16  # days in which the likes of a comment move at most once
_STEPS = (1, 1, 1, 2, 3, -1, -1, -2)
_GROWTH = 4  # days until a new comment has its first likes


@dataclass(slots=True, eq=False)
class SampleComment:
    """A comment or a reply as it was planned."""

    number: int
    key: int
    title: SampleTraktTitle | None
    """None for a comment on a list."""
    season: int | None
    episode: int | None
    parent: "SampleComment | None"
    user: int
    minute: int
    first_day: int
    """1 for all that was there before the first day."""
    replies: list["SampleComment"] = field(default_factory=list)

    @property
    def level(self) -> str:
        """Return what the comment is about."""
        if self.title is None:
            return "list"
        if self.season is None:
            return self.title.kind
        return "season" if self.episode is None else "episode"

    @property
    def deleted_on(self) -> int | None:
        """The day since which the comment answers 404; some replies go with their comment."""
        own = day_of_change(15, self.first_day, self.key, Trait.DELETION)
        if self.parent is None or self.key % 2:
            return own
        days = [day for day in (own, self.parent.deleted_on) if day is not None]
        return max(min(days), self.first_day) if days else None

    @property
    def hidden_on(self) -> int | None:
        """The day since which lists count the comment and do not have it."""
        if mix(self.key, Trait.HIDING) % 100 < 2:
            return self.first_day
        return day_of_change(8, self.first_day, self.key, Trait.HIDING, 1)

    @property
    def edited_on(self) -> int | None:
        """The day since which there is another text."""
        return day_of_change(25, self.first_day, self.key, Trait.EDIT)

    @property
    def rating_moved_on(self) -> int | None:
        """The day since which the author has another rating, or none."""
        return day_of_change(30, self.first_day, self.key, Trait.RATING)

    def exists(self, day: int) -> bool:
        """Whether there is a comment with this id on that day."""
        gone = self.deleted_on
        return self.first_day <= day and (gone is None or day < gone)

    def is_hidden(self, day: int) -> bool:
        """Whether lists do not have it, though they count it."""
        hidden = self.hidden_on
        return hidden is not None and hidden <= day

    def version(self, day: int) -> int:
        """Return 0 for the first text, 1 for the edited one."""
        edited = self.edited_on
        return int(edited is not None and edited <= day)

    def is_review(self, day: int) -> bool:
        """Whether the text has the words of a review; an edit may change that."""
        first = mix(self.key, Trait.TEXT) % 100 < 6
        flips = mix(self.key, Trait.TEXT, 1) % 8 == 0
        return first != (flips and self.version(day) == 1)

    def is_spoiler(self, day: int) -> bool:
        """Whether the author marked it; an edit may change that."""
        flips = mix(self.key, Trait.TEXT, 2) % 8 == 1
        return (self.key % 10 == 0) != (flips and self.version(day) == 1)

    def updated(self, day: int, calendar: TraktCalendar) -> int:
        """Return the minute of the newest edit, or of the writing."""
        edited = self.edited_on
        if edited is not None and edited <= day:
            return calendar.within(edited, mix(self.key, Trait.EDIT, 1))
        drawn = mix(self.key, Trait.EDIT, 2)
        later = 1 + drawn // 8 % 600 if drawn % 8 == 0 else 0
        last = calendar.history_end if self.first_day == 1 else self.minute + later
        return max(self.minute, min(self.minute + later, last))

    def likes(self, day: int) -> int:
        """Return the likes on that day: they rise and fall."""
        likes = self._first_likes()
        if self.first_day > 1:
            likes = likes * min(day - self.first_day + 1, _GROWTH) // _GROWTH
        for step, on in self._steps():
            if on <= day:
                likes = max(0, likes + step)
        return likes

    def rating(self, day: int) -> int | None:
        """Return the author's rating on that day; None for those who gave none."""
        first = self._first_rating()
        moved = self.rating_moved_on
        if moved is None or moved > day:
            return first
        drawn = mix(self.key, Trait.RATING, 1)
        if first is None:
            return 4 + drawn % 7
        if drawn % 3 == 0:
            return None
        return first - 1 if first > 1 and drawn % 2 else min(first + 1, 10)

    @property
    def plays(self) -> int:
        """How often the author watched it."""
        drawn = mix(self.key, Trait.PLAYS)
        return drawn % 4 if drawn % 16 else drawn // 16 % 26_000

    def reply_count(self, day: int) -> int:
        """Return the replies on that day."""
        return sum(reply.exists(day) for reply in self.replies)

    def touched(self, day: int, calendar: TraktCalendar) -> int:
        """Return the minute by which the feed of updates is sorted; no field shows it."""
        newest = self.updated(day, calendar)
        drawn = mix(self.key, Trait.TOUCH)
        if self.first_day == 1 and drawn % 2:
            newest = max(newest, newest + (drawn >> 8) % max(calendar.history_end - newest, 1))
        days = [on for on in self._days() if 2 <= on <= day]
        if days:
            latest = max(days)
            newest = max(newest, calendar.within(latest, mix(self.key, Trait.TOUCH, latest)))
        return newest

    def _first_likes(self) -> int:
        share = mix(self.key, Trait.LIKES) / (1 << 64)
        return int(150 * share**14)

    def _first_rating(self) -> int | None:
        drawn = mix(self.key, Trait.RATING, 2)
        if self.title is None or drawn % 100 < 23:
            return None
        wanted = (self.title.title.rating or 65) / 10 + 0.5
        noise = (drawn // 128 % 1024 + drawn // (1 << 20) % 1024) / 512 - 2  # -2 to 2
        return min(max(int(wanted + 1.6 * noise + self._change_with_age() + 0.5), 1), 10)

    def _change_with_age(self) -> float:
        """Return how much higher late comments rate: some titles are better remembered."""
        title = self.title
        if title is None or title.released is None:
            return 0.0
        age = self.minute - TraktCalendar.minute(title.released)
        trend = mix(title.number, Trait.RATING) % 5 - 2.5
        return trend * min(max(age / (200 * _DAY), 0), 1)

    def _steps(self) -> Iterator[tuple[int, int]]:
        for first in range(2, self.first_day + 8 * _BLOCK, _BLOCK):
            drawn = mix(self.key, Trait.LIKES, first)
            on = first + (drawn >> 40) % _BLOCK
            if drawn % 100 < 30 and on > self.first_day:
                yield _STEPS[(drawn >> 16) % len(_STEPS)], on

    def _days(self) -> Iterator[int]:
        """Yield the days on which something happened that brings it into the feed of updates."""
        yield self.first_day
        if self.first_day > 1 and self._first_likes():
            yield from range(self.first_day + 1, self.first_day + _GROWTH)
        for _, on in self._steps():
            yield on
        found = [self.edited_on, self.hidden_on]
        if self.key % 4 < 2:  # a new rating is seen there for half of them
            found.append(self.rating_moved_on)
        for reply in self.replies:
            found += [reply.first_day, reply.deleted_on]
        yield from (on for on in found if on is not None)
