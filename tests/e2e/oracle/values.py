"""The text of a file's field as a value, by the rules of "Staging" in docs/models.md."""

import json
import re
from collections.abc import Callable
from decimal import Decimal

_INTEGER = re.compile(r"[0-9]+")
_ORDERING = re.compile(r"0|[1-9][0-9]*")
_RATING = re.compile(r"[0-9]+(\.[0-9])?")
_LONGEST_CODE = 200


def text(field: str) -> str:
    """Return the field as it is."""
    return field


def code(field: str) -> str | None:
    """Return a code; one of more than 200 bytes does not parse."""
    return field if len(field.encode()) <= _LONGEST_CODE else None


def integer(field: str) -> int | None:
    """Return an integer of digits alone, at most 2147483647."""
    value = int(field) if _INTEGER.fullmatch(field) else None
    return None if value is None or value >= 2**31 else value


def ordering(field: str) -> int | None:
    """Return an integer without leading zeros."""
    return integer(field) if _ORDERING.fullmatch(field) else None


def rating(field: str) -> Decimal | None:
    """Return a number with at most one decimal, less than 100."""
    value = Decimal(field) if _RATING.fullmatch(field) else None
    return None if value is None or value >= 100 else value


def flag(field: str) -> bool | None:
    """Return 0 or 1 as a flag."""
    return {"0": False, "1": True}.get(field)


def codes(separator: str) -> Callable[[str], list[str] | None]:
    """Return a parser of lists of codes: what is empty or does not parse leaves the list."""
    return lambda field: [each for each in field.split(separator) if each and code(each)] or None


def characters(field: str) -> list[str] | None:
    """Return the elements of a JSON array as text; anything but an array is None."""
    try:
        found = json.loads(field, parse_constant=_refused)
    except ValueError:
        return None
    # Postgres has no character U+0000, in no place of a document.
    if not isinstance(found, list) or "\0" in json.dumps(found, ensure_ascii=False):
        return None
    if "\\u0000" in field.replace("\\\\", ""):
        return None
    elements = [each if isinstance(each, str) else json.dumps(each) for each in found if each]
    return [each for each in elements if each] or None


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
