"""The files of a folder, typed as docs/models.md says of staging."""

import gzip
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

Row = tuple[Any, ...]
Column = tuple[str, Callable[[str], Any]]

_INTEGER = re.compile(r"[0-9]+")
_RATING = re.compile(r"[0-9]+(\.[0-9])?")
_ARCHIVE = frozenset({"archive_footage", "archive_sound"})


@dataclass(frozen=True, slots=True)
class Rating:
    """A line of title.ratings, with what does not parse as None."""

    average: Decimal | None = None
    votes: int | None = None


UNRATED = Rating()


@dataclass(frozen=True, slots=True)
class Title:
    """A line of title.basics with its rating."""

    tconst: str
    title_type: str | None
    primary_title: str | None
    original_title: str | None
    start_year: int | None
    end_year: int | None
    runtime_minutes: int | None
    is_adult: bool | None
    genres: list[str] | None
    rating: Rating

    @property
    def primary_genre(self) -> str | None:
        """First genre of the list."""
        return self.genres[0] if self.genres else None


@dataclass(frozen=True, slots=True)
class Aka:
    """A name of a title somewhere."""

    ordering: int
    title: str | None
    region: str | None
    language: str | None


@dataclass(frozen=True, slots=True)
class Episode:
    """A line of title.episode."""

    tconst: str
    parent: str | None
    season: int | None
    number: int | None


@dataclass(frozen=True, slots=True)
class Person:
    """A line of name.basics."""

    name: str | None
    birth_year: int | None
    death_year: int | None


@dataclass(frozen=True, slots=True)
class Credit:
    """What a person did in a title; all lines of one category in one title are one credit."""

    nconst: str
    tconst: str
    category: str

    @property
    def is_archive(self) -> bool:
        """Whether it is footage or sound of the person, not work of theirs."""
        return self.category in _ARCHIVE


@dataclass(frozen=True, slots=True)
class Files:
    """What the marts are made from; dictionaries are by tconst or nconst."""

    titles: dict[str, Title]
    ratings: dict[str, Rating]
    akas: dict[str, list[Aka]]
    episodes: list[Episode]
    credits: set[Credit]
    people: dict[str, Person]

    def rating(self, tconst: str) -> Rating:
        """Return the title's rating, known to title.basics or not."""
        return self.ratings.get(tconst, UNRATED)


def read_files(folder: Path) -> Files:
    """Read the files of `folder` that marts are made from (title.crew is of no mart)."""
    ratings = read_ratings(folder)
    akas: dict[str, list[Aka]] = {}
    for tconst, *name in _rows(folder, "title.akas", AKAS, keys=2):
        akas.setdefault(tconst, []).append(Aka(*name[:4]))
    return Files(
        titles={
            row[0]: Title(*(*row, ratings.get(row[0], UNRATED)))
            for row in _rows(folder, "title.basics", BASICS)
        },
        ratings=ratings,
        akas=akas,
        episodes=[Episode(*row) for row in _rows(folder, "title.episode", EPISODES)],
        credits={
            Credit(nconst, tconst, category)
            for tconst, _, nconst, category in _rows(folder, "title.principals", CREDITS, keys=2)
            if nconst is not None and category is not None
        },
        people={
            nconst: Person(name, birth, death)
            for nconst, name, birth, death, *_ in _rows(folder, "name.basics", PEOPLE)
        },
    )


def read_ratings(folder: Path) -> dict[str, Rating]:
    """Read title.ratings of `folder`, by tconst."""
    return {
        tconst: Rating(average, votes)
        for tconst, average, votes in _rows(folder, "title.ratings", RATINGS)
    }


def _text(text: str) -> str:
    return text


def _integer(text: str) -> int | None:
    value = int(text) if _INTEGER.fullmatch(text) else None
    return None if value is None or value >= 2**31 else value


def _rating(text: str) -> Decimal | None:
    value = Decimal(text) if _RATING.fullmatch(text) else None
    return None if value is None or value >= 100 else value


def _flag(text: str) -> bool | None:
    return {"0": False, "1": True}.get(text)


def _list(separator: str) -> Callable[[str], list[str] | None]:
    return lambda text: [element for element in text.split(separator) if element] or None


# The columns of the tables, the key first, by their names in the files.
BASICS: tuple[Column, ...] = (
    ("tconst", _text),
    ("titleType", _text),
    ("primaryTitle", _text),
    ("originalTitle", _text),
    ("startYear", _integer),
    ("endYear", _integer),
    ("runtimeMinutes", _integer),
    ("isAdult", _flag),
    ("genres", _list(",")),
)
RATINGS: tuple[Column, ...] = (
    ("tconst", _text),
    ("averageRating", _rating),
    ("numVotes", _integer),
)
AKAS: tuple[Column, ...] = (
    ("titleId", _text),
    ("ordering", _integer),
    ("title", _text),
    ("region", _text),
    ("language", _text),
    ("types", _list("\x02")),
    ("attributes", _list("\x02")),
    ("isOriginalTitle", _flag),
)
EPISODES: tuple[Column, ...] = (
    ("tconst", _text),
    ("parentTconst", _text),
    ("seasonNumber", _integer),
    ("episodeNumber", _integer),
)
# No mart shows jobs or characters: of rows that differ only there it does not matter which stays.
CREDITS: tuple[Column, ...] = (
    ("tconst", _text),
    ("ordering", _integer),
    ("nconst", _text),
    ("category", _text),
)
PEOPLE: tuple[Column, ...] = (
    ("nconst", _text),
    ("primaryName", _text),
    ("birthYear", _integer),
    ("deathYear", _integer),
    ("primaryProfession", _list(",")),
    ("knownForTitles", _list(",")),
)


def _rows(folder: Path, dataset: str, columns: Sequence[Column], *, keys: int = 1) -> Iterable[Row]:
    """Typed rows, those without a key left out, of each key the one that sorts first."""
    kept: dict[Row, Row] = {}
    for row in _typed(folder / f"{dataset}.tsv.gz", columns):
        key = row[:keys]
        if None in key:
            continue
        if key not in kept or _order(row) < _order(kept[key]):
            kept[key] = row
    return kept.values()


def _order(row: Row) -> list[tuple[bool, Any]]:
    return [(value is None, 0 if value is None else value) for value in row]


def _typed(path: Path, columns: Sequence[Column]) -> Iterator[Row]:
    header, *lines = read_lines(path)
    places = [(header.index(name), parse) for name, parse in columns]
    for line in lines:
        assert len(line) == len(header), f"{path.name}: {line!r} has not {len(header)} columns"
        yield tuple(
            None if line[place] in {"", "\\N"} else parse(line[place]) for place, parse in places
        )


def read_lines(path: Path) -> Iterator[list[str]]:
    """Yield the lines of a packed file, split into fields, the header first."""
    with gzip.open(path, "rb") as file:
        lines = file.read().decode().split("\n")
    # A file may end without a newline, so only an empty last line is none.
    for line in lines[: -1 if lines[-1] == "" else None]:
        yield line.split("\t")
