"""What the invented Trakt knows of itself, for tests: comments, their versions, what went when.

truth = server.truth
assert truth.gone(day=3) == {number: day, ...}
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from include.sample.trakt.bodies import CommentBodies
from include.sample.trakt.calendar import lane_of
from include.sample.trakt.comments import SampleComment


@dataclass
class TitleTruth:
    """The figures of a movie or show, with all its seasons and episodes."""

    top_level: int = 0
    replies: int = 0
    likes: int = 0
    """Of comments that are no replies."""
    people: Counter[str] = field(default_factory=Counter)
    """Comments and replies of each author."""

    @property
    def comments(self) -> int:
        """Comments and replies."""
        return self.top_level + self.replies


@dataclass(frozen=True)
class TraktTruth:
    """Days are those of the sample, from 1 to the day of the server."""

    bodies: CommentBodies

    def comments(self, day: int | None = None) -> dict[int, SampleComment]:
        """Return what exists on the day by its id, the hidden comments, too."""
        day = self._day(day)
        return {each.number: each for each in self._all() if each.exists(day)}

    def seen(self, day: int | None = None, since: int = 1) -> dict[int, SampleComment]:
        """Return what exists and was in a list or feed on some day from `since` to `day`."""
        last = self._day(day)
        return {
            number: comment
            for number, comment in self.comments(last).items()
            if not comment.is_hidden(max(since, comment.first_day))
        }

    def gone(self, day: int | None = None, since: int = 1) -> dict[int, int]:
        """Return the day since which each id answers 404, of comments in lists on `since` or later.

        A comment that came and went between two days of a reader is not among them.
        """
        last = self._day(day)
        return {
            each.number: each.deleted_on
            for each in self._all()
            if each.deleted_on is not None
            and max(since, each.first_day) < each.deleted_on <= last
            and not each.is_hidden(max(since, each.first_day))
        }

    def hidden(self, day: int | None = None, since: int = 1) -> dict[int, int]:
        """Return the day since which each comment is in no list, of those that once were in one."""
        last = self._day(day)
        return {
            each.number: each.hidden_on
            for each in self._all()
            if each.hidden_on is not None
            and max(since, each.first_day) < each.hidden_on <= last
            and each.exists(last)
        }

    def content(self, number: int, day: int | None = None) -> dict[str, Any]:
        """Return the comment as it is on the day, without its user. Raises KeyError."""
        return self.bodies.content(self._comment(number), self._day(day))

    def versions(self, number: int) -> list[tuple[int, dict[str, Any]]]:
        """Return each content of a comment, without its user, with the day on which it began."""
        comment = self._comment(number)
        found: list[tuple[int, dict[str, Any]]] = []
        for day in range(comment.first_day, self.bodies.world.day + 1):
            if comment.exists(day):
                content = self.bodies.content(comment, day)
                if not found or found[-1][1] != content:
                    found.append((day, content))
        return found

    def author(self, comment: SampleComment, day: int | None = None) -> str:
        """Return `id:<number>` of the author or, where there is none, `slug:<slug>` on the day."""
        users = self.bodies.world.users
        number = users.number(comment.user)
        return (
            f"slug:{users.slug(comment.user, self._day(day))}" if number is None else f"id:{number}"
        )

    def titles(self, day: int | None = None, since: int = 1) -> dict[tuple[str, int], TitleTruth]:
        """Return the figures of what was seen, by `movie` or `show` and Trakt's number."""
        found: dict[tuple[str, int], TitleTruth] = {}
        last = self._day(day)
        for comment in self.seen(last, since).values():
            if comment.title is None:
                continue
            title = found.setdefault((comment.title.kind, comment.title.number), TitleTruth())
            title.people[self.author(comment, last)] += 1
            if comment.parent is None:
                title.top_level += 1
                title.likes += comment.likes(last)
            else:
                title.replies += 1
        return found

    def date(self, day: int | None = None) -> date:
        """Return the date of a day."""
        return self.bodies.world.calendar.first + timedelta(days=self._day(day) - 1)

    def _day(self, day: int | None) -> int:
        return self.bodies.world.day if day is None else day

    def _comment(self, number: int) -> SampleComment:
        return self.bodies.world.shelf(lane_of(number)).comments[number]

    def _all(self) -> Iterator[SampleComment]:
        for shelf in self.bodies.world.shelves():
            yield from shelf.comments.values()
