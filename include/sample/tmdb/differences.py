"""What changed in a window from one day to the next, for the changes feed.

An entry changed if its own content did: its details without popularity and votes, its external
ids, and who is credited with what. A new name of a person changes the person, not the titles that
show the name. An entry that is new, restored or deleted changed, too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from include.sample.titles import SampleTitle
from include.sample.tmdb.measures import without_measures
from include.sample.tmdb.movies import Movies
from include.sample.tmdb.people import People
from include.sample.tmdb.shows import Shows
from include.sample.tmdb.view import View


class Changed(NamedTuple):
    """An entry that changed on a day."""

    day: int
    kind: str
    number: int
    adult: bool
    gone: bool


@dataclass(frozen=True)
class Differences:
    """Compares two days."""

    movies: Movies
    shows: Shows
    people: People

    def between(self, before: View, after: View, day: int) -> Iterator[Changed]:
        """Yield what changed on `day`; `before` is the view of the day before."""
        for kind, old, new in (
            ("movie", before.movies, after.movies),
            ("tv", before.shows, after.shows),
        ):
            for tconst in old.keys() | new.keys():
                was = self._present(kind, old.get(tconst), tconst, day - 1)
                now = self._present(kind, new.get(tconst), tconst, day)
                if was and now:
                    changed = self._title_differs(before, after, kind, was, now, day)
                else:
                    changed = was is not now
                title = now or was
                if changed and title:
                    number = self.movies.numbers.of(kind, tconst)
                    yield Changed(day, kind, number, title.adult, now is None)
        yield from self._people_between(before, after, day)

    def _people_between(self, before: View, after: View, day: int) -> Iterator[Changed]:
        edits = self.people.edits
        for nconst in before.people.keys() | after.people.keys():
            number = self.people.numbers.of("person", nconst)
            was = before.people.get(nconst)
            now = after.people.get(nconst)
            if was and edits.is_deleted("person", number, day - 1):
                was = None
            if now and edits.is_deleted("person", number, day):
                now = None
            changed = was is not now
            if was and now and day in edits.of("person", number, day).values():
                changed = self.people.own(was, day - 1) != self.people.own(now, day)
            if changed:
                yield Changed(day, "person", number, number % 300 == 0, now is None)

    def _present(
        self, kind: str, title: SampleTitle | None, tconst: str, day: int
    ) -> SampleTitle | None:
        number = self.movies.numbers.of(kind, tconst)
        return None if title and self.movies.edits.is_deleted(kind, number, day) else title

    def _title_differs(
        self, before: View, after: View, kind: str, was: SampleTitle, now: SampleTitle, day: int
    ) -> bool:
        number = self.movies.numbers.of(kind, now.tconst)
        edited = day in self.movies.edits.of(kind, number, day).values()
        old = [was, *before.episodes.get(was.tconst, ())]
        new = [now, *after.episodes.get(now.tconst, ())]
        same = len(old) == len(new) and not any(map(_differ, old, new))
        if same and not edited:  # decided without the bodies, which take long to make
            return False
        if self._bodies(before, kind, was, day - 1) != self._bodies(after, kind, now, day):
            return True
        if [title.credits for title in old] == [title.credits for title in new]:
            return False
        return before.credits_of(was) != after.credits_of(now)

    def _bodies(self, view: View, kind: str, title: SampleTitle, day: int) -> Any:
        if kind == "movie":
            body = self.movies.details(title, day)
            ids = self.movies.external_ids(title, day)
        else:
            body = self.shows.details(title, view.episodes.get(title.tconst, ()), [], day)
            ids = self.shows.external_ids(title, day)
        return without_measures(body), ids


def _differ(was: SampleTitle, now: SampleTitle) -> bool:
    was.rating, was.votes, was.akas = now.rating, now.votes, now.akas
    return was != now
