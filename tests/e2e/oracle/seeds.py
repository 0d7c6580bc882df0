"""The seeds: groups of title types, thresholds of labels."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Kind:
    """What the warehouse knows about a title type."""

    group: str
    prior_votes: int
    platform: str | None
    is_series: bool


@dataclass(frozen=True, slots=True)
class Label:
    """A label and what earns it: each measure at least its bound. No bounds: for all the rest."""

    name: str
    bounds: tuple[tuple[str, Decimal], ...]

    def fits(self, row: Mapping[str, Any]) -> bool:
        """Whether all measures of `row` reach their bounds; None reaches nothing."""
        return all(row[name] is not None and row[name] >= bound for name, bound in self.bounds)


@dataclass(frozen=True, slots=True)
class Seeds:
    """`labels` is by mart and label column, in the order in which the labels are tried."""

    kinds: dict[str, Kind]
    labels: dict[str, dict[str, list[Label]]]

    def kind(self, title_type: str | None) -> Kind:
        """Return what is known about a type; unknown ones are of group Other."""
        known = self.kinds.get(title_type or "")
        if known:
            return known
        others = [kind.prior_votes for kind in self.kinds.values() if kind.group == "Other"]
        return Kind("Other", max(others), None, False)

    def label(self, mart: str, row: dict[str, Any]) -> None:
        """Fill in the label columns of a row of `mart` whose measures are there."""
        for column, labels in self.labels[mart].items():
            row[column] = next((label.name for label in labels if label.fits(row)), None)


def read_seeds(folder: Path) -> Seeds:
    """Read title_types.csv and label_thresholds.csv."""
    kinds = {
        row["title_type"]: Kind(
            row["type_group"],
            int(row["prior_votes"]),
            row["platform"] or None,
            {"true": True, "false": False}[row["is_series"]],
        )
        for row in _csv(folder / "title_types.csv")
    }
    columns: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in _csv(folder / "label_thresholds.csv"):
        columns.setdefault((row["model"], row["label_column"]), []).append(row)
    labels: dict[str, dict[str, list[Label]]] = {}
    for (model, column), rows in columns.items():
        labels.setdefault(model, {})[column] = list(_labels(rows))
    return Seeds(kinds, labels)


def _labels(rows: list[dict[str, str]]) -> Iterator[Label]:
    """Labels in the order of priority, the one for the rest last whatever its priority."""
    rest = [row["label"] for row in rows if not row["lower_bound"]]
    for name in dict.fromkeys(row["label"] for row in sorted(rows, key=_priority)):
        if name not in rest:
            bounds = [
                (row["measure"], Decimal(row["lower_bound"]))
                for row in rows
                if row["label"] == name
            ]
            yield Label(name, tuple(bounds))
    yield from (Label(name, ()) for name in rest)


def _priority(row: dict[str, str]) -> int:
    return int(row["priority"])


def _csv(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)
