"""Damage to the files of a sample: values that the real files hardly have or never had."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

from imdb_pipeline.config import dataset_named
from include.sample.rows import DATASETS
from tests.support.days import Record, records_of
from tests.support.snapshots import written


class Spoiler:
    """The files of a sample in memory, and the same damage to them every time."""

    def __init__(self, folder: Path) -> None:
        self.random = Random(11)
        self.files = {name: records_of(folder / f"{name}.tsv.gz") for name in DATASETS}
        self.spoilt: set[int] = set()

    def put(
        self,
        dataset: str,
        column: str,
        values: Sequence[str],
        among: Sequence[Record] | None = None,
    ) -> None:
        """Write each value over a column of some row (`among` these); {} is what was there."""
        rows = self._rows(among or self.files[dataset], len(values))
        for row, value in zip(rows, values, strict=True):
            row[column] = value.replace("{}", row[column])

    def repeat(self, dataset: str, column: str, values: Sequence[str]) -> None:
        """Add a second row of the same key for each value, before or behind the first."""
        rows = self.files[dataset]
        for row, value in zip(self._rows(rows, len(values)), values, strict=True):
            rows.insert(self.random.randrange(len(rows)), {**row, column: value})

    def _rows(self, among: Sequence[Record], count: int) -> list[Record]:
        """Rows that are as they were, so that no damage hides another."""
        rows = self.random.sample([row for row in among if id(row) not in self.spoilt], count)
        self.spoilt.update(map(id, rows))
        return rows

    def write(self, folder: Path) -> None:
        """Write the seven files."""
        for name, rows in self.files.items():
            written(folder, dataset_named(name), [tuple(row.values()) for row in rows])
