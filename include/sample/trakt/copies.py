"""Copies of recorded answers: every id in them is moved by the number of the copy.

Copy 0 is the recording itself. In each other one comments, titles and people are others.
"""

from itertools import pairwise
from typing import Any

STEP = 1_000_000_000
"""What is added to a number for each copy; the ids of a recording are smaller."""
_NUMBERS = ("id", "parent_id")
_MARK = "-copy-"


def moved(value: Any, copy: int) -> Any:
    """Return the JSON of a recording as it is in a copy."""
    if isinstance(value, list):
        return [moved(each, copy) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: _moved_field(name, inner, copy) for name, inner in value.items()}


def moved_number(number: int, copy: int) -> int:
    """Return an id in a copy; 0 stands for no id."""
    return number + copy * STEP if number else number


def original_path(path: str) -> tuple[str, int]:
    """Return the path of the recording and the copy that the ids of a path are of."""
    parts, copy = path.split("/"), 0
    # An id follows these words; seasons and episodes have the same numbers in all copies.
    for place, (word, part) in enumerate(pairwise(parts), start=1):
        if word in {"movies", "shows", "comments"}:
            found = _original(part)
            if found is not None:
                parts[place], copy = found[0], max(copy, found[1])
    return "/".join(parts), copy


def _original(part: str) -> tuple[str, int] | None:
    is_imdb = part.startswith("tt")
    digits = part.removeprefix("tt")
    if digits.isascii() and digits.isdigit():
        copy, number = divmod(int(digits), STEP)
        if not copy:
            return part, 0
        return (f"tt{number:07d}" if is_imdb else str(number)), copy
    name, mark, written = part.rpartition(_MARK)
    return (name, int(written)) if mark and written.isdigit() else None


def _moved_field(name: str, value: Any, copy: int) -> Any:
    if name == "ids" and isinstance(value, dict):
        return {key: _moved_id(inner, copy) for key, inner in value.items()}
    if name in _NUMBERS and isinstance(value, int):
        return moved_number(value, copy)
    if name == "username" and isinstance(value, str):
        return f"{value}{_MARK}{copy}"
    return moved(value, copy)


def _moved_id(value: Any, copy: int) -> Any:
    if isinstance(value, int):
        return moved_number(value, copy)
    if isinstance(value, str) and value.startswith("tt") and value[2:].isdigit():
        return f"tt{int(value[2:]) + copy * STEP}"
    if isinstance(value, str):
        return f"{value}{_MARK}{copy}"
    return moved(value, copy)
