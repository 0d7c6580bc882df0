"""Worlds of films from day to day: the seven files in memory, what changes in them, and what did.

A world begins as a sample and is then changed row by row. It writes its files as IMDb does, sorted
by their first column, and notes every change in words.
"""

import csv
import gzip
from pathlib import Path
from random import Random

from imdb_pipeline.config import DATASET_NAMES, dataset_named
from include.sample.maker import make_sample
from tests.support.snapshots import Row, written

Key = tuple[str, ...]
Record = dict[str, str]


class World:
    """The files of the newest day; `notes` say what changed, `gone` are rows that left."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = Random(seed)
        self.day = 1
        self.notes: list[str] = []
        self.gone: list[tuple[str, Record]] = []
        self.was: list[tuple[str, Key, str, str]] = []
        # Rows of a key that another row has, and files out of order: both for one day only.
        self.doubled: list[tuple[str, Record]] = []
        self.shuffled: set[str] = set()
        # Whether orderings are sorted as numbers; IMDb has changed that before.
        self.numeric: set[str] = set()
        self.files = {
            name: {self.key(name, row): row for row in records_of(folder / f"{name}.tsv.gz")}
            for name in DATASET_NAMES
        }
        # Most changes meet few titles and people, so that they meet each other.
        self.hot = set(self.random.sample(sorted(self.titles()), len(self.titles()) // 10))
        self.hot |= {row["parentTconst"] for row in self.rows("title.episode", *self.hot)}
        people = [row["nconst"] for row in self.rows("title.principals", *self.hot)]
        self.hot |= set(self.random.sample(people, len(people) // 5))

    @staticmethod
    def key(dataset: str, row: Record) -> Key:
        """The key of a row."""
        return tuple(row[column] for column in dataset_named(dataset).key)

    def titles(self, *types: str) -> list[str]:
        """The titles of these types (of none: all)."""
        rows = self.files["title.basics"].values()
        return [row["tconst"] for row in rows if not types or row["titleType"] in types]

    def rows(self, dataset: str, *ids: str, column: str | None = None) -> list[Record]:
        """The rows that begin with one of `ids`, or have it in `column`."""
        column = column or dataset_named(dataset).columns[0]
        return [row for row in self.files[dataset].values() if row[column] in ids]

    def some(self, dataset: str) -> Record | None:
        """A row of a file, half the time of what changes often; None of an empty file."""
        rows = list(self.files[dataset].values())
        if self.random.random() < 0.5:
            first, *_ = dataset_named(dataset).columns
            rows = [row for row in rows if row[first] in self.hot] or rows
        return self.random.choice(rows) if rows else None

    def set(self, dataset: str, row: Record, column: str, value: str) -> None:
        """Change a value; {} in it stands for the one before."""
        value = value.replace("{}", row[column])
        if value != row[column]:
            key = self.key(dataset, row)
            self.was.append((dataset, key, column, row[column]))
            self.note(dataset, key, f"{column} {row[column]!r} -> {value!r}")
            row[column] = value

    def put(self, dataset: str, row: Record) -> None:
        """Add a row, in the place of one with its key."""
        key = self.key(dataset, row)
        self.note(dataset, key, f"{'replaced' if key in self.files[dataset] else 'came'}: {row}")
        self.files[dataset][key] = dict(row)

    def remove(self, dataset: str, row: Record) -> None:
        """Take a row away."""
        key = self.key(dataset, row)
        if self.files[dataset].pop(key, None):
            self.gone.append((dataset, row))
            self.note(dataset, key, f"left: {row}")

    def move(self, dataset: str, row: Record, ordering: str) -> None:
        """Give a row another ordering."""
        self.remove(dataset, row)
        self.put(dataset, {**row, "ordering": ordering})

    def double(self, dataset: str, row: Record, **values: str) -> None:
        """Write a second row of a key, on this day only."""
        self.note(dataset, self.key(dataset, row), f"is there twice today: {values}")
        self.doubled.append((dataset, {**row, **values}))

    def note(self, dataset: str, key: Key, text: str) -> None:
        self.notes.append(f"day {self.day}: {dataset} {' '.join(key)}: {text}")

    def write(self, folder: Path) -> Path:
        """Write the files of this day into a folder of its own; the next day begins."""
        target = folder / f"day-{self.day}"
        target.mkdir(parents=True)
        for name, rows in self.files.items():
            twins = [row for dataset, row in self.doubled if dataset == name]
            written(target, dataset_named(name), self._lines(name, [*rows.values(), *twins]))
        self.doubled = []
        self.shuffled = set()
        self.day += 1
        return target

    def _lines(self, dataset: str, records: list[Record]) -> list[Row]:
        lines = [tuple(record.values()) for record in records]
        if dataset in self.shuffled:
            return self.random.sample(lines, len(lines))
        if dataset in self.numeric:
            return sorted(lines, key=lambda line: (line[0].encode(), len(line[1]), line[1]))
        return sorted(lines, key=lambda line: [field.encode() for field in line])


def small_world(folder: Path, titles: int, seed: int) -> World:
    """A world of a sample's first day; most of its titles are rated."""
    make_sample(folder, titles)
    world = World(folder, seed)
    for tconst in world.titles():
        if world.random.random() < 0.7:
            votes = int(world.random.paretovariate(0.5)) % 100_000 + 5
            rating = world.random.randint(10, 100)
            record = {
                "tconst": tconst,
                "averageRating": f"{rating // 10}.{rating % 10}",
                "numVotes": str(votes),
            }
            world.files["title.ratings"].setdefault((tconst,), record)
    return world


def records_of(path: Path) -> list[Record]:
    """Return the rows of a file, every value as it stands."""
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
