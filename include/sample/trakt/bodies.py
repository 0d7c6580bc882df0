"""The bodies of comments, of what they are about, and of the figures of titles."""

from dataclasses import dataclass, field
from typing import Any

from include.sample.api.answers import to_json
from include.sample.randomness import mix
from include.sample.trakt.calendar import written
from include.sample.trakt.comments import SampleComment
from include.sample.trakt.texts import comment_text
from include.sample.trakt.titles import SampleTraktEpisode, SampleTraktTitle
from include.sample.trakt.traits import Trait
from include.sample.trakt.world import SampleTraktWorld

Body = dict[str, Any]
_OTHER_LANGUAGES = ("it", "de", "fr", "es", None)


@dataclass(frozen=True)
class CommentBodies:
    """Makes the bodies of comments on the world's day, each once."""

    world: SampleTraktWorld
    _texts: dict[int, str] = field(default_factory=dict)
    _users: dict[int, str] = field(default_factory=dict)
    _items: dict[tuple[int, int | None, int | None], str] = field(default_factory=dict)

    def text(self, comment: SampleComment) -> str:
        """Return the comment as JSON. U+0000 and lone surrogates are in it as escapes."""
        found = self._texts.get(comment.number)
        if found is None:
            found = to_json(self.content(comment, self.world.day))
            found = f'{found[:-1]},"user":{self._user(comment.user)}}}'
            self._texts[comment.number] = found
        return found

    def _user(self, user: int) -> str:
        if user not in self._users:
            self._users[user] = to_json(self.world.users.body(user, self.world.day))
        return self._users[user]

    def content(self, comment: SampleComment, day: int) -> Body:
        """Return the comment on a day, without its user."""
        rating = comment.rating(day)
        body = {
            "id": comment.number,
            "comment": comment_text(comment.is_review(day), comment.key, comment.version(day)),
            "spoiler": comment.is_spoiler(day),
            "review": comment.is_review(day),
            "parent_id": comment.parent.number if comment.parent else 0,
            "created_at": written(comment.minute, comment.key),
            "updated_at": written(comment.updated(day, self.world.calendar), comment.key),
            "replies": comment.reply_count(day),
            "likes": comment.likes(day),
            "user_rating": rating,
        }
        language = mix(comment.key, Trait.LANGUAGE)
        if language % 200:
            other = _OTHER_LANGUAGES[language // 256 % len(_OTHER_LANGUAGES)]
            body["language"] = other if language % 40 == 1 else "en"
        stats = {
            "rating": rating,
            "play_count": comment.plays,
            "completed_count": min(comment.plays, 99),
        }
        return body | {"user_stats": stats}

    def item(self, comment: SampleComment) -> str:
        """Return the type and what the comment is about as the inner part of a JSON object."""
        title = comment.title
        if title is None:
            return to_json(list_item(comment))[1:-1]
        key = (title.number * 2 + (title.kind == "movie"), comment.season, comment.episode)
        found = self._items.get(key)
        if found is None:
            found = self._items[key] = to_json(self._item(comment, title))[1:-1]
        return found

    def wrapped(self, comment: SampleComment) -> str:
        """Return the comment as feeds have it."""
        return f'{{{self.item(comment)},"comment":{self.text(comment)}}}'

    def _item(self, comment: SampleComment, title: SampleTraktTitle) -> Body:
        if comment.season is None:
            return {"type": title.kind, title.kind: short(title)}
        if comment.episode is None:
            return {
                "type": "season",
                "season": season_item(title, comment.season),
                "show": short(title),
            }
        episode = title.episodes[comment.season, comment.episode]
        return {"type": "episode", "episode": episode_item(episode), "show": short(title)}


def item_number(comment: SampleComment) -> int:
    """Return Trakt's number of what the comment is about, as the header X-Item-ID has it."""
    title = comment.title
    if title is None:
        return _list_number(comment)
    if comment.season is None:
        return title.number
    if comment.episode is None:
        return title.season_numbers[comment.season]
    return title.episodes[comment.season, comment.episode].number


def list_item(comment: SampleComment) -> Body:
    """Return a list of a user, on which the comment is."""
    number = _list_number(comment)
    found = {
        "name": f"Boats {number}",
        "description": "All with boats in them",
        "privacy": "public",
        "share_link": f"https://example.org/lists/{number}",
        "display_numbers": False,
        "allow_comments": True,
        "updated_at": written(comment.minute),
        "item_count": number % 50,
        "comment_count": 1,
        "likes": number % 7,
        "ids": {"trakt": number, "slug": f"boats-{number}"},
    }
    return {"type": "list", "list": found}


def _list_number(comment: SampleComment) -> int:
    return 1 + mix(comment.key, Trait.LIST) % 30_000


def short(title: SampleTraktTitle) -> Body:
    """Return a movie or show as feeds show it."""
    ids: Body = {"trakt": title.number, "slug": title.slug}
    if title.kind == "show":
        ids["tvdb"] = title.number % 400_000 if title.number % 5 else None
    ids |= {"imdb": title.imdb, "tmdb": title.tmdb}
    if title.kind == "show":
        ids["tvrage"] = None
    return {"title": title.title.primary, "year": title.title.start, "ids": ids}


def season_item(show: SampleTraktTitle, season: int) -> Body:
    """Return a season as feeds show it."""
    number = show.season_numbers[season]
    ids = {"trakt": number, "tvdb": number % 900_000, "tmdb": number % 1_000_003, "tvrage": None}
    return {"number": season, "ids": ids}


def episode_item(episode: SampleTraktEpisode) -> Body:
    """Return an episode as feeds show it."""
    return {
        "season": episode.season,
        "number": episode.episode,
        "title": episode.title.primary,
        "ids": {
            "trakt": episode.number,
            "tvdb": None if episode.number % 9 == 0 else episode.number % 9_000_000,
            "imdb": episode.title.tconst if episode.number % 7 else None,
            "tmdb": episode.tmdb,
            "tvrage": None,
        },
    }
