"""The seeds: type groups, title types, role families, thresholds, genre decisions and labels."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

_FLAGS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Group:
    """A type group, and the votes that its scores and ranks ask for."""

    name: str
    prior_votes: int
    least_votes: int


@dataclass(frozen=True, slots=True)
class Kind:
    """What the warehouse knows about a title type."""

    group: Group
    platform: str | None
    is_series: bool


@dataclass(frozen=True, slots=True)
class Family:
    """What a category of title.principals counts as."""

    name: str
    is_role: bool
    is_archive: bool


@dataclass(frozen=True, slots=True)
class Bound:
    """A measure, and the limits between which it has to be; a limit can be absent."""

    measure: str
    lower: Decimal | None
    upper: Decimal | None

    def fits(self, row: Mapping[str, Any]) -> bool:
        """Whether the measure is there and between its limits."""
        value = row[self.measure]
        if value is None:
            return False
        return (self.lower is None or value >= self.lower) and (
            self.upper is None or value < self.upper
        )


@dataclass(frozen=True, slots=True)
class Label:
    """A label and its bounds, all of which have to fit. No bounds: for all the rest."""

    name: str
    bounds: tuple[Bound, ...]

    def fits(self, row: Mapping[str, Any]) -> bool:
        """Whether all measures of `row` are within their bounds."""
        return all(bound.fits(row) for bound in self.bounds)


@dataclass(frozen=True, slots=True)
class Seeds:
    """`labels` is by mart and label column, in the order in which the labels are tried."""

    groups: dict[str, Group]
    kinds: dict[str, Kind]
    families: dict[str, Family]
    thresholds: dict[str, int]
    decisions: dict[tuple[str, str, str], tuple[str, str]]
    labels: dict[str, dict[str, list[Label]]]

    def kind(self, title_type: str | None) -> Kind:
        """Return what is known about a type; unknown ones are of group Other."""
        return self.kinds.get(title_type or "") or Kind(self.groups["Other"], None, False)

    def family(self, category: str) -> Family:
        """Return the family of a category; an unknown one is a role of its own name."""
        return self.families.get(category) or Family(category, is_role=True, is_archive=False)

    def label(self, mart: str, row: dict[str, Any]) -> None:
        """Fill in the label columns of a row of `mart` whose measures are there."""
        for column, labels in self.labels[mart].items():
            row[column] = next((label.name for label in labels if label.fits(row)), None)


def read_seeds(folder: Path) -> Seeds:
    """Read the six seeds of `folder`."""
    groups = {
        row["type_group"]: Group(
            row["type_group"], int(row["prior_votes"]), int(row["least_votes"])
        )
        for row in _csv(folder / "type_groups.csv")
    }
    return Seeds(
        groups=groups,
        kinds={
            row["title_type"]: Kind(
                groups[row["type_group"]], row["platform"] or None, _FLAGS[row["is_series"]]
            )
            for row in _csv(folder / "title_types.csv")
        },
        families={
            row["category"]: Family(
                row["role_family"], _FLAGS[row["is_role"]], _FLAGS[row["is_archive"]]
            )
            for row in _csv(folder / "role_families.csv")
        },
        thresholds={row["name"]: int(row["value"]) for row in _csv(folder / "thresholds.csv")},
        decisions={
            (row["rating_level"], row["production_trend"], row["quality_trend"]): (
                row["investment_priority"],
                row["content_strategy"],
            )
            for row in _csv(folder / "genre_decisions.csv")
        },
        labels=_labels(folder / "label_thresholds.csv"),
    )


def _labels(path: Path) -> dict[str, dict[str, list[Label]]]:
    """Labels in the order of priority, the one for the rest last whatever its priority."""
    bounds: dict[tuple[str, str, str], list[Bound]] = {}
    for row in sorted(_csv(path), key=lambda row: int(row["priority"])):
        of_label = bounds.setdefault((row["model"], row["label_column"], row["label"]), [])
        if row["lower_bound"] or row["upper_bound"]:
            limits = _number(row["lower_bound"]), _number(row["upper_bound"])
            of_label.append(Bound(row["measure"], *limits))
    labels: dict[str, dict[str, list[Label]]] = {}
    for (model, column, name), of_label in sorted(bounds.items(), key=lambda each: not each[1]):
        label = Label(name, tuple(of_label))
        labels.setdefault(model, {}).setdefault(column, []).append(label)
    return labels


def _number(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def _csv(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)
