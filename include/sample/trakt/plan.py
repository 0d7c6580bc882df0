"""Plans the comments of one window: who wrote what, about which title, when, and on which day.

The most voted titles have most comments. They come in a burst after the release, few before it,
and the rest over the years.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import isqrt

from include.sample.randomness import Draw, mix, pick, stream
from include.sample.trakt.calendar import TraktCalendar, comment_id
from include.sample.trakt.comments import SampleComment
from include.sample.trakt.titles import SampleTraktTitle
from include.sample.trakt.traits import Trait
from include.sample.trakt.users import SampleUsers

_DAY = 24 * 60  # minutes
_PER_VOTES = 0.34
"""Comments on a title, as a share of the square root of its votes in IMDb."""
_MOST = 420
_LEAST_ON_TOP = {"movie": 90, "show": 60}
"""Comments on the most voted of a window, of those that came out while Trakt was there."""
_ERA = (date(2012, 1, 1), date(2025, 6, 30))
_REPLY_SHARE = 0.25
_NEW_SHARE = 0.006  # of a window's comments, in a day
_LEAST_NEW = 3  # in a window with comments, in a day
_BURST = 14  # days after a release in which a title has comments each day


@dataclass(slots=True)
class _Item:
    """What can be commented on."""

    title: SampleTraktTitle | None
    season: int | None = None
    episode: int | None = None
    released: date | None = None


@dataclass
class CommentPlan:
    """The comments of a window until a day."""

    seed: int
    window: int
    users: SampleUsers
    calendar: TraktCalendar
    comments: list[SampleComment] = field(default_factory=list)
    _top: list[SampleComment] = field(default_factory=list)
    _minutes: set[int] = field(default_factory=set)
    _titles: list[tuple[SampleTraktTitle, int]] = field(default_factory=list)

    def make(self, titles: list[SampleTraktTitle], day: int) -> list[SampleComment]:
        """Return all comments that were ever there until that day."""
        self._titles = list(_counts(titles))
        for title, count in self._titles:
            self._write_history(title, count)
        draw = self._stream(0)
        for _ in range(1 + len(self.comments) // 100):
            self._add(_Item(None), None, self._minute(None, draw), 1, draw)
        for number in range(2, day + 1):
            self._write_day(number)
        return self.comments

    def _stream(self, *parts: int) -> Draw:
        return stream(self.seed, Trait.PLAN, self.window, *parts)

    def _write_history(self, title: SampleTraktTitle, count: int) -> None:
        draw = self._stream(1, title.number)
        top: list[SampleComment] = []
        for _ in range(count):
            if top and draw() < _REPLY_SHARE:
                parent = top[int(draw() * draw() * len(top))]
                self._reply(parent, 1, draw)
                continue
            item = _item(title, draw)
            top.append(self._add(item, None, self._minute(item.released, draw), 1, draw))

    def _write_day(self, day: int) -> None:
        if not self._titles:
            return
        draw = self._stream(2, day)
        before = len(self.comments)
        for _ in range(max(_LEAST_NEW, int(before * _NEW_SHARE + draw()))):
            parent = pick(self._top, draw)
            if draw() < _REPLY_SHARE + 0.1 and parent.exists(day):
                self._reply(parent, day, draw)
            elif parent.title:
                self._add(_item(parent.title, draw), None, self._on_day(day, draw), day, draw)
        for title, count in self._titles:
            for item in _fresh(title, self.calendar.first + timedelta(days=day - 1)):
                for _ in range(int(count * 0.05 * draw() + 0.5)):
                    self._add(item, None, self._on_day(day, draw), day, draw)

    def _on_day(self, day: int, draw: Draw) -> int:
        return self.calendar.within(day, int(draw() * _DAY))

    def _reply(self, parent: SampleComment, day: int, draw: Draw) -> None:
        if day > 1:
            minute = max(self._on_day(day, draw), parent.minute + 1)
        else:
            minute = parent.minute + 1 + int(draw() * draw() * draw() * 60 * _DAY)
            minute = max(min(minute, self.calendar.history_end - 1), parent.minute + 1)
        item = _Item(parent.title, parent.season, parent.episode)
        parent.replies.append(self._add(item, parent, minute, day, draw))

    def _add(
        self, item: _Item, parent: SampleComment | None, minute: int, day: int, draw: Draw
    ) -> SampleComment:
        while minute in self._minutes:
            minute += 1
        self._minutes.add(minute)
        number = comment_id(minute, self.window)
        found = SampleComment(
            number=number,
            key=mix(self.seed, Trait.PLAN, number),
            title=item.title,
            season=item.season,
            episode=item.episode,
            parent=parent,
            user=self.users.writer(draw()),
            minute=minute,
            first_day=day,
        )
        self.comments.append(found)
        if parent is None and item.title is not None:
            self._top.append(found)
        return found

    def _minute(self, released: date | None, draw: Draw) -> int:
        """Return when a comment on what was released then was written, before day 1."""
        end = self.calendar.history_end
        at = 0 if released is None else TraktCalendar.minute(released)
        if at <= 0:
            return int(end * max(draw(), draw()))
        if at >= end:
            return max(end - 1 - int(draw() * draw() * 60 * _DAY), 0)
        chance, spread = draw(), draw() * draw()
        if chance < 0.07:
            return max(at - 1 - int(spread * 60 * _DAY), 0)
        if chance < 0.45:
            return min(at + int(spread * 30 * _DAY), end - 1)
        if chance < 0.8:
            return min(at + 30 * _DAY + int(draw() * 335 * _DAY), end - 1)
        return min(at + 30 * _DAY + int(spread * max(end - at - 30 * _DAY, 0)), end - 1)


def _counts(titles: list[SampleTraktTitle]) -> Iterator[tuple[SampleTraktTitle, int]]:
    """Yield each title that has comments, with their number on day 1."""
    top = {kind: _top(titles, kind) for kind in _LEAST_ON_TOP}
    for title in titles:
        count = min(int(isqrt(title.votes) * _PER_VOTES), _MOST)
        if top[title.kind] is title:
            count = max(count, _LEAST_ON_TOP[title.kind])
        if count:
            yield title, count


def _top(titles: list[SampleTraktTitle], kind: str) -> SampleTraktTitle | None:
    voted = [title for title in titles if title.kind == kind and title.votes]
    first, last = _ERA
    recent = [title for title in voted if title.released and first <= title.released <= last]
    return max(recent or voted, key=lambda title: title.votes, default=None)


def _item(title: SampleTraktTitle, draw: Draw) -> _Item:
    """Return the title or, for a show, more often one of its seasons or episodes."""
    chance = draw()
    if title.kind == "movie" or not title.episodes or chance < 0.35:
        return _Item(title, released=title.released)
    episode = list(title.episodes.values())[int(draw() * draw() * len(title.episodes))]
    if chance < 0.5:
        return _Item(title, episode.season, None, title.season_aired(episode.season))
    return _Item(title, episode.season, episode.episode, episode.aired)


def _fresh(title: SampleTraktTitle, today: date) -> Iterator[_Item]:
    """Yield what of the title came out in the last days."""
    since = today - timedelta(days=_BURST)
    if title.kind == "movie" and title.released and since < title.released < today:
        yield _Item(title)
    for episode in title.episodes.values():
        if episode.aired and since < episode.aired < today:
            yield _Item(title, episode.season, episode.episode)
