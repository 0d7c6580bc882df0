"""The history of ratings, played again from the files that the ledger names, without SQL."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from isal import igzip

# As the dbt variables have them.
MIN_VOTES, PER_LIST = 1000, 100

Ratings = Mapping[str, tuple[Decimal, int]]
Mover = tuple[str, str, int, str, Decimal, Decimal, int, int]


@dataclass(frozen=True)
class Version:
    """A rating of a title from one load (`since`) to another (`until`, None while it holds)."""

    tconst: str
    rating: Decimal
    votes: int
    since: int
    until: int | None = None
    is_removed: bool = False


@dataclass(frozen=True)
class RatingsLoad:
    """A load of title.ratings: its id and time in the ledger, and its file."""

    load_id: int
    loaded_at: datetime
    path: Path


def versions(loads: Sequence[RatingsLoad]) -> set[Version]:
    """Return every version of every rating that the loads, in order, make."""
    closed: set[Version] = set()
    held: dict[str, Version] = {}
    for load in loads:
        ratings = read_ratings(load.path)
        for tconst, was in list(held.items()):
            now = ratings.get(tconst)
            if now != (was.rating, was.votes):
                closed.add(replace(was, until=load.load_id, is_removed=now is None))
                del held[tconst]
        for tconst, (rating, votes) in ratings.items():
            if tconst not in held:
                held[tconst] = Version(tconst, rating, votes, load.load_id)
    return closed | set(held.values())


def movers(found: set[Version]) -> set[Mover]:
    """Return what moved with the newest load, as mart_rating_movers has its list `last load`."""
    newest = max((max(each.since, each.until or 0) for each in found), default=0)
    before = {each.tconst: each for each in found if each.until == newest and each.since < newest}
    now = {each.tconst: each for each in found if each.until is None}
    pairs = [(before[tconst], now[tconst]) for tconst in before.keys() & now.keys()]
    many = [pair for pair in pairs if min(pair[0].votes, pair[1].votes) >= MIN_VOTES]
    return {*_lists(many, "rating"), *_lists(pairs, "votes")}


def _lists(pairs: Sequence[tuple[Version, Version]], measure: str) -> Iterator[Mover]:
    def change(pair: tuple[Version, Version]) -> Any:
        return getattr(pair[1], measure) - getattr(pair[0], measure)

    for direction in ("rose", "fell"):
        moved = [
            pair for pair in pairs if change(pair) and (change(pair) > 0) == (direction == "rose")
        ]
        moved.sort(key=lambda pair: (-abs(change(pair)), -pair[1].votes, pair[1].tconst))
        for rank, (was, now) in enumerate(moved[:PER_LIST], 1):
            yield (
                measure,
                direction,
                rank,
                now.tconst,
                was.rating,
                now.rating,
                was.votes,
                now.votes,
            )


def read_ratings(path: Path) -> Ratings:
    """Return rating and votes by title."""
    with igzip.open(path, "rt", encoding="utf-8") as file:
        next(file)
        fields = [line.rstrip("\n").split("\t") for line in file]
    return {tconst: (Decimal(rating), int(votes)) for tconst, rating, votes in fields}
