"""An invented Trakt as rows of the raw tables: comments, titles and figures that change by day."""

import hashlib
import json
import random
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg2
from psycopg2 import sql

from tests.support.postgres import Database
from trakt_pipeline.config import (
    COMMENTS,
    MEASURES,
    RATINGS,
    SEASONS,
    STATS,
    TITLES,
    VERSIONS,
)
from warehouse.raw.api_batch import ApiDataset, ApiRun, api_batch

Body = dict[str, Any]
Row = dict[str, Any]

# A Sunday.
FIRST_DAY = date(2032, 5, 30)
USERS, COMMENTS_AT_FIRST = 40, 1200
MOVIES, SHOWS = range(1, 11), range(1, 6)
LONE_MOVIE, SILENT_MOVIE = 50, 40
_UPSERT = "insert into raw.{} ({}) values ({}) on conflict ({}) do update set {}"
_APPEND = "insert into raw.{} ({}) values ({})"


@dataclass
class TraktComment:
    """A comment: what is known of it, and its state without the user."""

    known: Row
    state: Body
    words: int

    @property
    def content_hash(self) -> str:
        """What names the state."""
        return hashlib.sha256(json.dumps(self.state, sort_keys=True).encode()).hexdigest()


@dataclass
class TraktWorld:
    """All of it, and what changed since it was landed last."""

    day: date = FIRST_DAY
    comments: dict[int, TraktComment] = field(default_factory=dict)
    answers: dict[tuple[str, tuple[Any, ...]], Any] = field(default_factory=dict)
    due: set[int] = field(default_factory=set)
    due_answers: set[tuple[str, tuple[Any, ...]]] = field(default_factory=set)
    dice: random.Random = field(default_factory=lambda: random.Random(7))

    def __post_init__(self) -> None:
        for number in MOVIES:
            # Two were released less than a year ago, one is to come, one has no date.
            days = {3: 360, 9: 200, 10: -20}.get(number, 330 + 90 * number)
            released = None if number == 4 else FIRST_DAY - timedelta(days)
            self.answer("titles", ("movie", number), movie(number, released))
        self.answer("titles", ("movie", SILENT_MOVIE), movie(SILENT_MOVIE, FIRST_DAY))
        for number in SHOWS:
            began = FIRST_DAY - timedelta(420 + 31 * number)
            self.answer("titles", ("show", number), show(number, began))
            self.answer("seasons", (number,), seasons(number, began))
        for kind, numbers in (("movie", MOVIES), ("show", SHOWS)):
            for number in numbers:
                if number != 5:
                    self.answer("ratings", (kind, number), ratings(kind, number))
                    self.answer("stats", (kind, number), {"watchers": 100 * (number - 3)})
        for _ in range(COMMENTS_AT_FIRST):
            self.write()

    @property
    def now(self) -> datetime:
        """When the day's answers come."""
        return datetime(self.day.year, self.day.month, self.day.day, 6, tzinfo=UTC)

    def answer(self, dataset: str, key: tuple[Any, ...], body: Any) -> None:
        """Let an answer be another from now on."""
        self.answers[(dataset, key)] = body
        self.due_answers.add((dataset, key))

    def write(self, **given: Any) -> int:
        """Somebody writes a comment, about anything unless it is given; return its number."""
        number = len(self.comments) + 1
        known = {**self._subject(), **{key: given[key] for key in given if key in _SUBJECT}}
        parents = [
            other
            for other, comment in self.comments.items()
            if all(comment.known[name] == known[name] for name in _SUBJECT)
        ]
        is_reply = bool(parents) and self.dice.random() < 0.3
        # A few write a lot.
        user = int(USERS * self.dice.random() ** 2)
        known |= {
            "comment_id": number,
            "parent_id": self.dice.choice(parents) if is_reply else None,
            "user_key": given.get("user_key", f"user {user}" if number % 50 else None),
            "is_private_user": user % 7 == 0,
            "is_deleted_user": user % 11 == 0,
            "gone_at": None,
            "hidden_at": None,
        }
        created = given.get("created_at") or self._moment(known)
        state = {
            "id": number,
            "created_at": f"{created:%Y-%m-%dT%H:%M:%S}.000Z",
            "updated_at": f"{created:%Y-%m-%dT%H:%M:%S}.000Z",
            "review": number % 9 == 0,
            "spoiler": number % 13 == 0 or None,
            "likes": self.dice.randrange(30),
            "replies": self.dice.randrange(4),
            "language": "en" if number % 5 else "",
            "user_rating": self.dice.randrange(1, 11) if number % 6 else None,
            "user_stats": {"play_count": number} if number % 4 else None,
        }
        self.comments[number] = TraktComment(known, state, 3 + number % 300)
        self.due.add(number)
        return number

    def change(self, number: int, words: int | None = None, **state: Any) -> None:
        """Let a comment have another state: an edit, likes, a rating."""
        comment = self.comments[number]
        comment.state |= state
        comment.words = words or comment.words
        self.due.add(number)

    def know(self, number: int, **known: Any) -> None:
        """Let something else be known of a comment: that it is gone, its author's key."""
        self.comments[number].known |= known
        self.due.add(number)

    def land(self, *databases: Database) -> None:
        """Write what changed into the raw tables, in batches that end."""
        for database in databases:
            self._land(database)
        self.due, self.due_answers = set(), set()

    def _land(self, database: Database) -> None:
        run = ApiRun("trakt_pipeline", str(self.day), "invented")
        with ExitStack() as stack:
            batches = {}
            for dataset in (COMMENTS, VERSIONS, MEASURES, TITLES, SEASONS, RATINGS, STATS):
                session = stack.enter_context(closing(psycopg2.connect(database.url)))
                batch = stack.enter_context(api_batch(session, dataset, run, patience=0))
                batches[dataset.name] = (session, dataset, batch.batch_id)
            for number in sorted(self.due):
                for name, row in self._rows(self.comments[number]).items():
                    put(*batches[name], row)
            for name, key in sorted(self.due_answers, key=str):
                session, dataset, batch_id = batches[name]
                row = dict(zip(dataset.key, key, strict=True)) | self._answer(name, key)
                put(session, dataset, batch_id, row)
            for session, _, _ in batches.values():
                session.commit()

    def _rows(self, comment: TraktComment) -> Mapping[str, Row]:
        number, digest = comment.known["comment_id"], comment.content_hash
        seen = {"first_seen_at": self.now, "last_seen_at": self.now}
        times = {"first_seen": self.now, "last_seen": self.now}
        numbers = {
            "likes": comment.state["likes"],
            "replies": comment.state["replies"],
            "user_rating": comment.state["user_rating"],
        }
        return {
            "comments": comment.known | seen | {"content_hash": digest},
            "comment_versions": {
                "comment_id": number,
                "content_hash": digest,
                "raw_data": json.dumps(comment.state),
                "words": comment.words,
                **times,
            },
            "comment_measures": {"comment_id": number, "observed_on": self.day, **numbers},
        }

    def _answer(self, name: str, key: tuple[Any, ...]) -> Row:
        body = json.dumps(self.answers[(name, key)])
        return {
            "raw_data": body,
            "body_sha256": "",
            "content_sha256": "",
            "http_status": 200,
            "source_url": "/",
            "language": "",
            "ingested_at": self.now,
        }

    def _subject(self) -> Row:
        draw = self.dice.random()
        if draw < 0.02:
            return subject("list", None)
        if draw < 0.5:
            numbers = [*MOVIES, LONE_MOVIE]
            return subject("movie", numbers[int(len(numbers) * self.dice.random() ** 1.3)])
        show_number = 1 + int(len(SHOWS) * self.dice.random() ** 1.5)
        if draw < 0.7:
            return subject("show", show_number)
        # Season 3 and episode 4 are in no answer.
        season = self.dice.randrange(1, 4)
        if draw < 0.75:
            return subject("season", show_number, season)
        return subject("episode", show_number, season, self.dice.randrange(1, 5))

    def _moment(self, known: Row) -> datetime:
        """Soon after something was released, rarely before or much later."""
        kind, name = ("movie", "released") if known["level"] == "movie" else ("show", "first_aired")
        body = self.answers.get(("titles", (kind, known["title_id"])), {})
        released = str(body.get(name))[:10]
        first = date.fromisoformat(released) if released != "None" else FIRST_DAY - timedelta(500)
        days = int(-20 + 500 * self.dice.random() ** 2)
        day = min(first + timedelta(days), self.day - timedelta(1))
        seconds = self.dice.randrange(86_400)
        return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=seconds)


_SUBJECT = ("level", "title_id", "season", "episode")


def subject(
    level: str, title_id: int | None, season: int | None = None, episode: int | None = None
) -> Row:
    """What a comment is about."""
    return dict(zip(_SUBJECT, (level, title_id, season, episode), strict=True))


def movie(number: int, released: date | None) -> Body:
    """The details of a movie; some have odd ids."""
    return {
        "title": f"Movie {number}" if number % 4 else "",
        "year": released and released.year,
        "ids": {"slug": f"movie-{number}", "imdb": f"tt000000{number}", "tmdb": str(number)},
        "released": released and str(released),
        "first_aired": "2001-01-01T00:00:00.000Z",
        "runtime": 90 * (number % 3),
        "genres": ["drama", "", 7, "war"] if number % 2 else None,
        "status": "released",
        "country": "us",
        "language": "",
    }


def show(number: int, began: date) -> Body:
    """The details of a show."""
    return {
        "title": f"Show {number}",
        "year": "2030" if number == 1 else began.year,
        "ids": {"slug": "", "imdb": None if number == 2 else f"tt100000{number}", "tmdb": None},
        "first_aired": f"{began}T23:30:00.000Z",
        "released": "2001-01-01",
        "network": "Odd",
        "genres": [],
    }


def seasons(number: int, began: date) -> list[Any]:
    """Two seasons of three episodes, a year apart; the last episode of a season has no date."""
    found: list[Any] = [{"number": None, "episodes": [{"number": 1}]}, 7]
    for season in (1, 2):
        first = began + timedelta(365 * (season - 1))
        aired = [f"{first + timedelta(7 * each)}T01:00:00.000Z" for each in (1, 2)]
        episodes: list[Any] = [
            {"number": each, "title": f"E{each}", "first_aired": at}
            for each, at in enumerate(aired, start=1)
        ]
        episodes += [{"number": 3, "title": "", "first_aired": None}]
        episodes += [{"number": 1, "title": "Again"}]
        found.append(
            {
                "number": season,
                "title": f"Season {season}",
                "episode_count": 3,
                "first_aired": None if number == 3 else f"{first}T01:00:00.000Z",
                "episodes": episodes,
            }
        )
    return found


def ratings(kind: str, number: int) -> Body:
    """Ratings, of shows beside those of others; one has no votes, one no whole distribution."""
    votes = 0 if (kind, number) == ("movie", 6) else 10 * number
    scores = range(1, 10 if (kind, number) == ("movie", 7) else 11)
    body = {
        "rating": 7.1234567 if votes else 0,
        "votes": votes,
        "distribution": {str(score): votes * score // 55 for score in scores},
    }
    return {"trakt": body, "imdb": {"rating": 1, "votes": 1}} if kind == "show" else body


def put(session: Any, dataset: ApiDataset, batch_id: int, row: Row) -> None:
    """Write a row; of a dataset that is not appended, over the one with its key.

    When something was first seen stays.
    """
    values = row | {"batch_id": batch_id}
    changed = [name for name in values if not name.startswith("first_seen")]
    statement = sql.SQL(_APPEND if dataset.appended else _UPSERT).format(
        sql.Identifier(dataset.table),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(map(sql.Placeholder, values)),
        sql.SQL(", ").join(map(sql.Identifier, dataset.key)),
        sql.SQL(", ").join(
            sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in changed
        ),
    )
    with session.cursor() as cursor:
        cursor.execute(statement, values)
