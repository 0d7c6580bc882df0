"""The routes of Trakt's API: from a request to its answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from include.sample.api.answers import ApiRequest, SampleAnswer, empty, to_json
from include.sample.randomness import mix
from include.sample.titles import SampleTitle
from include.sample.trakt.bodies import CommentBodies, item_number, short
from include.sample.trakt.calendar import written
from include.sample.trakt.comments import SampleComment
from include.sample.trakt.feeds import FEEDS, KINDS, LEVELS, REPLIES, CommentFeeds, sorts
from include.sample.trakt.figures import TitleFigures
from include.sample.trakt.pages import FEED_AGE, LIST_AGE, TITLE_AGE, answer_of, page_of
from include.sample.trakt.titles import SampleTraktTitle
from include.sample.trakt.traits import Trait
from include.sample.trakt.world import SampleTraktWorld

_TITLES = {"movies": "movie", "shows": "show"}
_COMMENTS_LIMIT = 10
_TITLES_LIMIT = 100


@dataclass(frozen=True)
class _Part:
    """A movie, show, season or episode that a path names."""

    title: SampleTraktTitle
    found: SampleTitle
    number: int
    season: int | None = None
    episode: int | None = None


@dataclass(frozen=True)
class SampleTraktApi:
    """Answers requests from a world; an answer depends on the request alone."""

    world: SampleTraktWorld
    bodies: CommentBodies
    feeds: CommentFeeds
    figures: TitleFigures

    @classmethod
    def of(cls, world: SampleTraktWorld) -> "SampleTraktApi":
        """Return the API of a world."""
        return cls(world, CommentBodies(world), CommentFeeds(world), TitleFigures(world))

    def answer(self, request: ApiRequest) -> SampleAnswer:
        """Return the answer."""
        match request.path.strip("/").split("/"):
            case ["comments", feed, kind, level] if feed in FEEDS:
                return self._feed(request, feed, kind, level)
            case ["comments", number, *rest] if number.isdigit() and len(number) < 12:
                return self._comment(request, int(number), rest)
            case [kinds, "popular" | "trending" as name] if kinds in _TITLES:
                return self._list(request, _TITLES[kinds], name)
            case [kinds, "updates", since] if kinds in _TITLES:
                return self._updates(request, _TITLES[kinds], since)
            case [kinds, name, *rest] if kinds in _TITLES:
                return self._title(request, _TITLES[kinds], name, rest)
        return empty(404)

    def _feed(self, request: ApiRequest, feed: str, kind: str, level: str) -> SampleAnswer:
        replies = request.query.get("include_replies", "false").lower()
        if kind not in KINDS or level not in LEVELS or replies not in REPLIES:
            return empty(404)
        found = self.feeds.feed(feed, kind, level, replies)
        return page_of(request, found, self._wrapped, limit=_COMMENTS_LIMIT, age=FEED_AGE)

    def _wrapped(self, comment: SampleComment) -> str | None:
        return None if comment.is_hidden(self.world.day) else self.bodies.wrapped(comment)

    def _bare(self, comment: SampleComment) -> str | None:
        return None if comment.is_hidden(self.world.day) else self.bodies.text(comment)

    def _comments(self, request: ApiRequest, found: Sequence[SampleComment]) -> SampleAnswer:
        return page_of(request, found, self._bare, limit=_COMMENTS_LIMIT, age=LIST_AGE)

    def _comment(self, request: ApiRequest, number: int, rest: list[str]) -> SampleAnswer:
        comment = self.world.comment(number)
        if comment is None:
            return empty(404)
        match rest:
            case []:
                about = {"X-Item-Type": comment.level, "X-Item-ID": str(item_number(comment))}
                return answer_of(self.bodies.text(comment), FEED_AGE, about)
            case ["item"]:
                return answer_of(f"{{{self.bodies.item(comment)}}}", LIST_AGE)
            case ["replies"]:
                return self._replies(request, comment)
            case ["likes"]:
                return self._likes(request, comment)
        return empty(404)

    def _replies(self, request: ApiRequest, comment: SampleComment) -> SampleAnswer:
        replies = [reply for reply in comment.replies if reply.exists(self.world.day)]
        replies.sort(key=lambda reply: reply.minute)
        return page_of(request, replies, self._bare, limit=_COMMENTS_LIMIT, age=FEED_AGE)

    def _likes(self, request: ApiRequest, comment: SampleComment) -> SampleAnswer:
        def like(place: int) -> str | None:
            user = mix(comment.key, Trait.LIKES, place, 1) % self.world.users.count
            if self.world.users.is_private(user, self.world.day):
                return None
            at = written(comment.minute + 1 + place * 7)
            return to_json({"liked_at": at, "user": self.world.users.body(user, self.world.day)})

        likes = range(comment.likes(self.world.day))
        return page_of(request, likes, like, limit=_COMMENTS_LIMIT, age=0)

    def _list(self, request: ApiRequest, kind: str, name: str) -> SampleAnswer:
        full = request.query.get("extended") == "full"

        def item(title: SampleTraktTitle) -> str:
            body = self.figures.details(title) if full else short(title)
            if name == "trending":
                body = {"watchers": self.figures.watchers_now(title), kind: body}
            return to_json(body)

        found = self.figures.listed(kind)
        if name == "trending":
            found = sorted(found, key=lambda title: -self.figures.watchers_now(title))
            found = found[: len(found) // 2 + 1]
        return page_of(request, found, item, limit=_TITLES_LIMIT, age=FEED_AGE)

    def _updates(self, request: ApiRequest, kind: str, since: str) -> SampleAnswer:
        try:
            first = date.fromisoformat(since[:10])
        except ValueError:
            return empty(400)
        found = self.figures.updates(kind, first)
        return page_of(request, found, to_json, limit=_TITLES_LIMIT, age=FEED_AGE)

    def _title(self, request: ApiRequest, kind: str, name: str, rest: list[str]) -> SampleAnswer:
        title = self.world.title(kind, name)
        if title is None:
            listing = rest[:1] in (["comments"], ["seasons"]) and not name.isdigit()
            # Trakt has an empty list for some ids that do not exist.
            return self._comments(request, []) if listing else empty(404)
        match rest:
            case []:
                full = request.query.get("extended") == "full"
                return _json(self.figures.details(title) if full else short(title), TITLE_AGE)
            case ["seasons"] if kind == "show":
                extended = request.query.get("extended", "").split(",")
                full, episodes = "full" in extended, "episodes" in extended
                seasons = self.figures.seasons(title, full=full, episodes=episodes)
                return _json(seasons, TITLE_AGE)
            case ["seasons", season, *deeper] if kind == "show":
                return self._season(request, title, season, deeper)
        return self._part(request, _Part(title, title.title, title.number), rest)

    def _season(
        self, request: ApiRequest, title: SampleTraktTitle, season: str, rest: list[str]
    ) -> SampleAnswer:
        number = _small(season)
        if number not in title.season_numbers:
            return empty(404)
        if rest[:1] != ["episodes"]:
            part = _Part(title, title.title, title.season_numbers[number], number)
            return self._part(request, part, rest)
        episode = title.episodes.get((number, _small(rest[1]))) if len(rest) > 1 else None
        if episode is None:
            return empty(404)
        part = _Part(title, episode.title, episode.number, number, episode.episode)
        return self._part(request, part, rest[2:])

    def _part(self, request: ApiRequest, part: _Part, rest: list[str]) -> SampleAnswer:
        match rest:
            case ["comments", *named] if len(named) < 2:
                key = sorts(self.world.day).get(named[0] if named else "likes")
                if key is None:
                    return empty(404)
                found = sorted(self.world.unit(part.title, part.season, part.episode), key=key)
                return self._comments(request, found)
            case ["ratings"]:
                body: Any = self.figures.ratings(part.found, part.number)
                every = request.query.get("extended") == "all"
                if every:
                    imdb = {"rating": part.found.rating / 10, "votes": part.found.votes}
                    body = {"trakt": body, "imdb": imdb}
                elif part.season is not None:
                    body = {"trakt": body}
                return _json(body, TITLE_AGE)
            case ["stats"]:
                stats = self.figures.stats(part.title, part.found, part.season, part.episode)
                return _json(stats, TITLE_AGE)
        return empty(404)


def _small(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1


def _json(content: Any, age: int) -> SampleAnswer:
    return answer_of(to_json(content), age)
