"""The first line of a file: how it differs from the layout that the pipeline is made for.

The message names every column that differs, so that the reader knows what to change. Nothing is
guessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from imdb_pipeline.config import DATASETS
from warehouse.raw.dataset import Dataset

_SHOWN_COLUMNS = 12
_SHOWN_LETTERS = 40


@dataclass(frozen=True, slots=True)
class HeaderDifference:
    """What turns the expected columns into those found; places count from 1.

    `added` are (name, place found), `removed` (name, place expected), `renamed` (expected, found,
    place found), `moved` (name, place expected, place found). A column is renamed where one that
    is gone and one that is new stand in the same place between the same neighbours.
    """

    added: tuple[tuple[str, int], ...] = ()
    removed: tuple[tuple[str, int], ...] = ()
    renamed: tuple[tuple[str, str, int], ...] = ()
    moved: tuple[tuple[str, int, int], ...] = ()

    def __str__(self) -> str:
        """Every difference in words, as far as a message has room."""
        kinds = {
            "added": [f"{_shown(name)} as column {place}" for name, place in self.added],
            "removed": [f"{name}, column {place}" for name, place in self.removed],
            "renamed": [
                f"{name}, column {place}, is now {_shown(new)}" for name, new, place in self.renamed
            ],
            "moved": [
                f"{name} from column {before} to column {after}"
                for name, before, after in self.moved
            ],
        }
        return "; ".join(f"{kind}: {_listed(said)}" for kind, said in kinds.items() if said)


def difference(expected: Sequence[str], found: Sequence[str]) -> HeaderDifference:
    """Return how `found` differs from `expected`, whose names are all different."""
    matcher = SequenceMatcher(None, expected, found, autojunk=False)
    gaps = [
        (range(i, i_end), range(j, j_end))
        for how, i, i_end, j, j_end in matcher.get_opcodes()
        if how != "equal"
    ]
    new_places: dict[str, int] = {}  # of what stands elsewhere; of a name that is there twice, once
    for _, places in gaps:
        for j in places:
            new_places.setdefault(found[j], j)
    moved = {
        i: new_places[expected[i]] for gap, _ in gaps for i in gap if expected[i] in new_places
    }
    moved_to = set(moved.values())
    added, removed, renamed = [], [], []
    for gone, come in gaps:
        left = [i for i in gone if i not in moved]
        right = [j for j in come if j not in moved_to]
        if len(left) == len(right):
            renamed += [(expected[i], found[j], j + 1) for i, j in zip(left, right, strict=True)]
        else:
            removed += [(expected[i], i + 1) for i in left]
            added += [(found[j], j + 1) for j in right]
    return HeaderDifference(
        tuple(added),
        tuple(removed),
        tuple(renamed),
        tuple((expected[i], i + 1, j + 1) for i, j in sorted(moved.items())),
    )


def columns_added_at_the_end(expected: Sequence[str], found: Sequence[str]) -> tuple[str, ...]:
    """Return the new columns where they are all that differs and stand at the end, else none."""
    own = len(expected)
    new = tuple(found[own:])
    names_are_good = all(new) and len(set(found)) == len(found)
    return new if tuple(found[:own]) == tuple(expected) and names_are_good else ()


def refusal(dataset: Dataset, found: Sequence[str]) -> str:
    """Return why a file with these columns is not one of `dataset`, and what to do."""
    if tuple(found) == ("",):
        return f"the first line is empty, where the header of {dataset.name} has to be."
    for other in DATASETS:
        if tuple(found) == other.columns:
            return (
                f"the header is not that of {dataset.name} but that of {other.name}. The source "
                "gave another file under this name: try again later."
            )
    advice = (
        "If the layout changed for good, change imdb_pipeline/config.py, "
        "include/sql/imdb/40_raw.sql and the staging model together."
    )
    if columns_added_at_the_end(dataset.columns, found):
        advice = (
            f"To load the file without what was added set IMDB_ACCEPT_ADDED_COLUMNS=1. {advice}"
        )
    return (
        f"the header is not that of {dataset.name}: {difference(dataset.columns, found)}. "
        f"Nothing was replaced. {advice}"
    )


def _shown(name: str) -> str:
    return repr(name[:_SHOWN_LETTERS])


def _listed(said: list[str]) -> str:
    more = len(said) - _SHOWN_COLUMNS
    return ", ".join(said[:_SHOWN_COLUMNS]) + (f" and {more} more" if more > 0 else "")
