"""Which titles to begin with, and what Trakt says of a title: details, seasons, ratings, stats."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg2.extensions import cursor as Cursor

from trakt_pipeline.client import Level
from trakt_pipeline.config import LANGUAGE, contract
from trakt_pipeline.content import data_sha256, storable
from trakt_pipeline.figures import TraktFigures
from trakt_pipeline.scan import Unit
from trakt_pipeline.subjects import Subject
from warehouse.http.api_client import ApiAnswer
from warehouse.raw.answer_table import append_answer, last_content
from warehouse.raw.api_batch import ApiBatch, keep_open
from warehouse.raw.item_checks import ItemChecks
from warehouse.raw.quarantine import QuarantinedItem, quarantine

# What IMDb calls what Trakt has as a movie or a show; episodes and games are neither.
_MOVIES = ("movie", "tvMovie", "tvSpecial", "video", "short", "tvShort")
_SHOWS = ("tvSeries", "tvMiniSeries")
# What moves in the answers about a title without another version of it; ratings and stats have it.
_MOVING = frozenset({"rating", "votes", "comment_count", "updated_at", "images", "colors"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """A title of IMDb to ask Trakt for."""

    imdb_id: str
    level: Level
    votes: int


def most_voted(cursor: Cursor, most: int) -> list[Wanted] | None:
    """Return the most voted titles of IMDb's published marts that were not asked for.

    None where the warehouse has no such marts, or they are empty.
    """
    cursor.execute("select to_regclass('marts.mart_top_titles') is not null")
    if cursor.fetchone() != (True,):
        return None
    cursor.execute(
        """
        select title.tconst, title.title_type = any(%(shows)s), title.num_votes
        from marts.mart_top_titles as title
        where
            title.title_type = any(%(types)s)
            and not title.is_adult
            and title.tconst ~ '^tt[0-9]{7,}$'
            and not exists (
                select from raw.trakt_titles_asked as asked where asked.imdb_id = title.tconst
            )
        order by title.num_votes desc, title.tconst
        limit %(most)s
        """,
        {"shows": list(_SHOWS), "types": [*_MOVIES, *_SHOWS], "most": most},
    )
    found = [
        Wanted(imdb_id, "show" if is_show else "movie", votes or 0)
        for imdb_id, is_show, votes in cursor.fetchall()
    ]
    if not found:
        cursor.execute("select exists (select from marts.mart_top_titles)")
        if cursor.fetchone() != (True,):
            return None
    return found


def asked(cursor: Cursor, wanted: Wanted, answer: ApiAnswer, title_id: int | None) -> None:
    """Note that a title was asked for; `title_id` is None where Trakt has none."""
    cursor.execute(
        "insert into raw.trakt_titles_asked (imdb_id, level, title_id, votes, asked_at) "
        "values (%s, %s, %s, %s, %s) on conflict do nothing",
        (wanted.imdb_id, wanted.level, title_id, wanted.votes, answer.answered_at),
    )


def was_looked_up(cursor: Cursor, level: str, title_id: int) -> bool:
    """Say whether the title's details came when it was looked up by its id of IMDb."""
    cursor.execute(
        "select exists (select from raw.trakt_titles_asked where level = %s and title_id = %s)",
        (level, title_id),
    )
    return cursor.fetchone() == (True,)


@dataclass(frozen=True, slots=True)
class TitleBatches:
    """The open batches of what Trakt says of titles."""

    titles: ApiBatch
    seasons: ApiBatch
    ratings: ApiBatch
    stats: ApiBatch


class TitlesLanding:
    """Writes answers about titles into open batches, in the caller's transaction. For one thread.

    An answer with the content of the one before has no row.
    """

    def __init__(self, batches: TitleBatches, figures: TraktFigures) -> None:
        self._batches, self._figures = batches, figures
        self._checks = {
            name: ItemChecks(contract(name)) for name in ("title", "seasons", "ratings", "stats")
        }

    @property
    def drift(self) -> tuple[tuple[ApiBatch, ItemChecks], ...]:
        """The checks whose drift is to be recorded when the work ends, with their batch."""
        of = self._batches
        batches = (of.titles, of.seasons, of.ratings, of.stats)
        return tuple(zip(batches, self._checks.values(), strict=True))

    def title(self, cursor: Cursor, level: Level, answer: ApiAnswer, name: str | int) -> int | None:
        """Write the details of a title; return its number at Trakt.

        None where there is none, or the answer breaks its contract. `name` is what was asked for.
        """
        number = name if isinstance(name, int) else None
        if answer.status == 404 and number is None:
            return None
        if answer.status == 404 or not self._breaks(
            "title", self._batches.titles, cursor, answer, name
        ):
            found = int(answer.data["ids"]["trakt"]) if answer.status == 200 else number
            self._write(cursor, self._batches.titles, (level, found), answer)
            return found if answer.status == 200 else None
        return None

    def seasons(self, cursor: Cursor, title_id: int, answer: ApiAnswer) -> list[Unit]:
        """Write the seasons of a show; return the units of those parts that may have comments.

        An episode has some where its count says so. Where the answer has no count (as of seasons),
        the part may have some.
        """
        batch = self._batches.seasons
        if answer.status == 200 and self._breaks("seasons", batch, cursor, answer, title_id):
            return []
        self._write(cursor, batch, (title_id,), answer)
        return parts(title_id, answer.data) if answer.status == 200 else []

    def ratings(self, cursor: Cursor, level: Level, title_id: int, answer: ApiAnswer) -> None:
        """Write the rating of a title."""
        self._numbers("ratings", self._batches.ratings, cursor, (level, title_id), answer)

    def stats(self, cursor: Cursor, level: Level, title_id: int, answer: ApiAnswer) -> None:
        """Write the stats of a title."""
        self._numbers("stats", self._batches.stats, cursor, (level, title_id), answer)

    def _numbers(
        self,
        name: str,
        batch: ApiBatch,
        cursor: Cursor,
        key: tuple[str, int],
        answer: ApiAnswer,
    ) -> None:
        if answer.status == 404 or not self._breaks(
            name, batch, cursor, answer, f"{key[0]} {key[1]}"
        ):
            self._write(cursor, batch, key, answer, moving=frozenset())

    def _breaks(
        self, name: str, batch: ApiBatch, cursor: Cursor, answer: ApiAnswer, key: str | int
    ) -> bool:
        """Put the answer into quarantine where it breaks its contract; say whether it does."""
        keep_open(cursor, batch)
        batch.checked += 1
        self._figures.items += 1
        breach = self._checks[name].breach(answer.data, answer.body)
        if breach is None:
            return False
        quarantine(
            cursor,
            batch,
            QuarantinedItem(str(key), breach, storable(answer.data), answer.answered_at),
        )
        batch.quarantined += 1
        self._figures.quarantined += 1
        return True

    def _write(
        self,
        cursor: Cursor,
        batch: ApiBatch,
        key: tuple[object, ...],
        answer: ApiAnswer,
        moving: frozenset[str] = _MOVING,
    ) -> None:
        last = last_content(cursor, batch, key)
        is_there = answer.status == 200
        content = data_sha256(without(answer.data, moving)) if is_there else ""
        # That something is gone is worth a row where it was there.
        if content == last or not (is_there or last):
            self._figures.unchanged += 1
            return
        body = storable(answer.data) if is_there else None
        append_answer(cursor, batch, key, answer, content, body, language=LANGUAGE)
        self._figures.written += 1


def parts(title_id: int, seasons: Any) -> list[Unit]:
    """Return the units of seasons and episodes that may have comments."""
    found = []
    for season in seasons:
        number = season["number"]
        if _may_have_comments(season, "season"):
            found.append(Unit.of(Subject("season", title_id, number)))
        found += [
            Unit.of(Subject("episode", title_id, episode["season"], episode["number"]))
            for episode in season.get("episodes") or ()
            if _may_have_comments(episode, "episode")
        ]
    return found


def without(data: Any, keys: frozenset[str]) -> Any:
    """Return `data` without those keys, at any depth."""
    if isinstance(data, dict):
        return {key: without(value, keys) for key, value in data.items() if key not in keys}
    if isinstance(data, list):
        return [without(value, keys) for value in data]
    return data


def _may_have_comments(part: Mapping[str, Any], level: str) -> bool:
    count = part.get("comment_count")
    return level == "season" if count is None else count > 0
