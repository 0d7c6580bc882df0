"""mart_load_quality, from the file of every load."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.e2e.oracle.exact import mean, median, ratio, rounded
from tests.e2e.oracle.files import read_lines

Row = dict[str, Any]

LOADS, LEAST_LOADS, TOLERANCE, SMALL_TABLES = 30, 7, 5, 3
LEAST_ROWS, LEAST_MEAN, LEAST_NULL_SHARE = Decimal("0.02"), Decimal("0.01"), Decimal("0.01")
_PLACES = 6
_PRECISE = Context(prec=60)
_NUMBERS = {
    "title.basics": ("isAdult", "startYear", "endYear", "runtimeMinutes"),
    "title.episode": ("seasonNumber", "episodeNumber"),
    "title.ratings": ("averageRating", "numVotes"),
    "name.basics": ("birthYear", "deathYear"),
}
_KEYS = {"tconst", "titleId", "ordering"}
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure, and of how many rows or numbers it tells; of the row count None."""

    value: Decimal | None
    items: int | None = None


Figures = Mapping[tuple[str, str], Figure]


@dataclass(frozen=True, slots=True)
class QualityLoad:
    """A load as the ledger has it, and the figures of its file."""

    load_id: int
    dataset: str
    url: str
    loaded_at: datetime
    figures: Figures
    origin: str = ""

    @property
    def source(self) -> str:
        """Host and path, without the port."""
        split = urlsplit(self.url)
        return f"{split.hostname or ''}{split.path}"


def figures_of(folder: Path, dataset: str) -> Figures:
    """Return the figures of the file of `dataset` in `folder`, by measure and column."""
    header, *lines = read_lines(folder / f"{dataset}.tsv.gz")
    return figures(dataset, header, lines)


def figures(dataset: str, header: Sequence[str], lines: Sequence[Sequence[str]]) -> Figures:
    """Return the figures of a file's lines."""
    rows = len(lines)
    found = {("rows", "*"): Figure(Decimal(rows))}
    for place, column in enumerate(header):
        if column in _KEYS or (dataset, column) == ("name.basics", "nconst"):
            continue
        name = re.sub("([A-Z])", lambda capital: f"_{capital[0].lower()}", column)
        values = [line[place] for line in lines if line[place] not in {"", r"\N"}]
        if column in _NUMBERS.get(dataset, ()):
            values = [value for value in values if _NUMBER.fullmatch(value)]
            found["mean", name] = Figure(mean(map(Decimal, values), _PLACES), len(values))
        found["null_share", name] = Figure(ratio(rows - len(values), rows, _PLACES), rows)
    return found


def load_quality(loads: Sequence[QualityLoad]) -> list[Row]:
    """Return one row per load, measure and column; `loads` are all loads, in order."""
    newest = {load.dataset: load.load_id for load in loads}
    rows: list[Row] = []
    history: dict[str, list[QualityLoad]] = {}
    for load in loads:
        alike = history.setdefault(load.dataset, [])
        if alike and alike[-1].origin != load.origin:
            alike.clear()
        for (measure, column), figure in load.figures.items():
            before = [other.figures[measure, column].value for other in alike][-LOADS:]
            known = [value for value in before if value is not None]
            rows.append(
                {
                    "load_id": load.load_id,
                    "measure": measure,
                    "column_name": column,
                    "dataset": load.dataset,
                    "source": load.source,
                    "loaded_at": load.loaded_at,
                    "value": figure.value,
                    "is_newest": newest[load.dataset] == load.load_id,
                    **_judged(measure, figure, known),
                }
            )
        alike.append(load)
    return rows


def _judged(measure: str, figure: Figure, before: Sequence[Decimal]) -> Row:
    middle = median(before, _PLACES)
    row: Row = {
        "loads_before": len(before), "median": middle, "deviation": None, "lower_bound": None,
        "upper_bound": None, "is_judged": figure.value is not None and len(before) >= LEAST_LOADS,
        "is_outside": False,
    }  # fmt: skip
    if middle is None:
        return row
    row["deviation"] = deviation = median((abs(value - middle) for value in before), _PLACES)
    assert deviation is not None
    size = middle if figure.items is None else Decimal(figure.items)
    tolerance = TOLERANCE * Decimal("1.4826") * deviation
    if size:
        chance = rounded(Fraction(SMALL_TABLES / size.sqrt(_PRECISE)), _PLACES)
        least = {
            "rows": (LEAST_ROWS + chance) * middle,
            "null_share": LEAST_NULL_SHARE + chance,
            "mean": (LEAST_MEAN + chance) * abs(middle),
        }
        tolerance = max(tolerance, least[measure])
    lower = middle - tolerance if measure == "mean" else max(middle - tolerance, Decimal(0))
    row["lower_bound"] = rounded(Fraction(lower), _PLACES)
    row["upper_bound"] = rounded(Fraction(middle + tolerance), _PLACES)
    if row["is_judged"]:
        row["is_outside"] = not row["lower_bound"] <= figure.value <= row["upper_bound"]
    return row
