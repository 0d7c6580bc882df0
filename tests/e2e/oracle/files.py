"""The files of a folder, typed as docs/models.md says of staging."""

import gzip
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

Raw = tuple[str | None, ...]

_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
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
    is_adult: bool | None
    start_year: int | None
    end_year: int | None
    runtime_minutes: int | None
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
    ratings = {
        row[0]: Rating(_decimal(row[1]), _integer(row[2]))
        for row in _rows(folder, "title.ratings", _by_first)
        if row[0] is not None
    }
    akas: dict[str, list[Aka]] = {}
    for tconst, ordering, title, region, language, *_ in _rows(folder, "title.akas", _by_ordering):
        number = _integer(ordering)
        if tconst is not None and number is not None:
            akas.setdefault(tconst, []).append(Aka(number, title, region, language))
    return Files(
        titles=dict(_titles(folder, ratings)),
        ratings=ratings,
        akas=akas,
        episodes=[
            Episode(row[0], row[1], _integer(row[2]), _integer(row[3]))
            for row in _rows(folder, "title.episode", _by_first)
            if row[0] is not None
        ],
        credits={
            Credit(nconst, tconst, category)
            for tconst, _, nconst, category, *_ in _rows(folder, "title.principals", _by_ordering)
            if tconst is not None and nconst is not None and category is not None
        },
        people={
            row[0]: Person(row[1], _integer(row[2]), _integer(row[3]))
            for row in _rows(folder, "name.basics", _by_first)
            if row[0] is not None
        },
    )


def _titles(folder: Path, ratings: dict[str, Rating]) -> Iterator[tuple[str, Title]]:
    for row in _rows(folder, "title.basics", _by_first):
        tconst, title_type, primary, original, is_adult, start, end, runtime, genres = row
        if tconst is not None:
            yield (
                tconst,
                Title(
                    tconst,
                    title_type,
                    primary,
                    original,
                    {"0": False, "1": True}.get(is_adult or ""),
                    _integer(start),
                    _integer(end),
                    _integer(runtime),
                    genres.split(",") if genres is not None else None,
                    ratings.get(tconst, UNRATED),
                ),
            )


def _by_first(row: Raw) -> tuple[object, ...]:
    return (row[0],)


def _by_ordering(row: Raw) -> tuple[object, ...]:
    return (row[0], _integer(row[1]))


def _rows(folder: Path, dataset: str, key_of: Callable[[Raw], tuple[object, ...]]) -> Iterable[Raw]:
    """Rows with '' and \\N as None, those without a key left out, one row of each key."""
    kept: dict[tuple[object, ...], Raw] = {}
    for row in _lines(folder / f"{dataset}.tsv.gz"):
        key = key_of(row)
        if None in key:
            continue
        if key not in kept or _order(row) < _order(kept[key]):
            kept[key] = row
    return kept.values()


def _order(row: Raw) -> list[tuple[bool, str]]:
    return [(value is None, value or "") for value in row]


def _lines(path: Path) -> Iterator[Raw]:
    with gzip.open(path, "rb") as file:
        lines = file.read().decode().split("\n")
    width = lines[0].count("\t") + 1
    # A file may end without a newline, so only an empty last line is none.
    for line in lines[1 : -1 if lines[-1] == "" else None]:
        row = tuple(None if value in {"", "\\N"} else value for value in line.split("\t"))
        assert len(row) == width, f"{path.name}: {line!r} has not {width} columns"
        yield row


def _integer(text: str | None) -> int | None:
    if text is None or not _INTEGER.fullmatch(text):
        return None
    value = int(text)
    return value if -(2**31) <= value < 2**31 else None


def _decimal(text: str | None) -> Decimal | None:
    """Parse a value of numeric(3,1)."""
    if text is None or not _DECIMAL.fullmatch(text):
        return None
    value = Decimal(text).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return value if abs(value) < 100 else None
