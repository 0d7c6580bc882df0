"""The files of a folder, typed as docs/models.md says of staging."""

import gzip
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.e2e.oracle import values

Row = tuple[Any, ...]
Column = tuple[str, Callable[[str], Any]]


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
    def adult(self) -> bool:
        """Whether it is an adult title; a flag that did not parse says no."""
        return self.is_adult is True

    @property
    def distinct_genres(self) -> list[str]:
        """Its genres, one that it repeats once."""
        return list(dict.fromkeys(self.genres or ()))


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
class CreditLine:
    """A line of title.principals that names a person and a category."""

    tconst: str
    ordering: int
    nconst: str
    category: str
    characters: list[str] | None


@dataclass(frozen=True, slots=True)
class Files:
    """What the marts are made from; dictionaries are by tconst or nconst."""

    titles: dict[str, Title]
    ratings: dict[str, Rating]
    akas: dict[str, list[Aka]]
    episodes: list[Episode]
    lines: list[CreditLine]
    people: dict[str, Person]

    def rating(self, tconst: str) -> Rating:
        """Return the title's rating, known to title.basics or not."""
        return self.ratings.get(tconst, UNRATED)


def read_files(folder: Path) -> Files:
    """Read the files of `folder` that marts are made from; no mart reads title.crew."""
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
        lines=[
            CreditLine(tconst, ordering, nconst, category, characters)
            for tconst, ordering, nconst, category, _, characters in _rows(
                folder, "title.principals", PRINCIPALS, keys=2
            )
            if nconst is not None and category is not None
        ],
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


# The columns of the tables, the key first, by their names in the files.
BASICS: tuple[Column, ...] = (
    ("tconst", values.code),
    ("titleType", values.code),
    ("primaryTitle", values.text),
    ("originalTitle", values.text),
    ("startYear", values.integer),
    ("endYear", values.integer),
    ("runtimeMinutes", values.integer),
    ("isAdult", values.flag),
    ("genres", values.codes(",")),
)
RATINGS: tuple[Column, ...] = (
    ("tconst", values.code),
    ("averageRating", values.rating),
    ("numVotes", values.integer),
)
AKAS: tuple[Column, ...] = (
    ("titleId", values.code),
    ("ordering", values.ordering),
    ("title", values.text),
    ("region", values.code),
    ("language", values.code),
    ("types", values.codes("\x02")),
    ("attributes", values.codes("\x02")),
    ("isOriginalTitle", values.flag),
)
EPISODES: tuple[Column, ...] = (
    ("tconst", values.code),
    ("parentTconst", values.code),
    ("seasonNumber", values.integer),
    ("episodeNumber", values.integer),
)
PRINCIPALS: tuple[Column, ...] = (
    ("tconst", values.code),
    ("ordering", values.ordering),
    ("nconst", values.code),
    ("category", values.code),
    ("job", values.text),
    ("characters", values.characters),
)
PEOPLE: tuple[Column, ...] = (
    ("nconst", values.code),
    ("primaryName", values.text),
    ("birthYear", values.integer),
    ("deathYear", values.integer),
    ("primaryProfession", values.codes(",")),
    ("knownForTitles", values.codes(",")),
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
