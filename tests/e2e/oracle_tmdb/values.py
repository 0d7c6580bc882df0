"""A value of an answer, by the rules of "How values are read" in docs/models-tmdb.md."""

import re
from collections.abc import Collection, Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Body = dict[str, Any]

INT4, _INT8 = range(-(2**31), 2**31), range(-(2**63), 2**63)
_WHOLE = re.compile(r"-?[0-9]+(\.0+)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def text(value: object) -> str | None:
    """Return the text as it is; an empty one is None."""
    return value if isinstance(value, str) and value else None


def integer(value: object) -> int | None:
    """Return a whole number that fits into 8 bytes, given as a number or as text."""
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = Decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or value % 1:
        return None
    return int(value) if int(value) in _INT8 else None


def known(value: object, within: range = _INT8) -> int | None:
    """Return an amount or a length; 0 and less mean unknown."""
    number = integer(value)
    return number if number and number > 0 and number in within else None


def day(value: object, years: Collection[int] | None = None) -> date | None:
    """Return a date that exists, of one of `years` where they are given."""
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        return None
    try:
        found = date.fromisoformat(value)
    except ValueError:
        return None
    return found if years is None or found.year in years else None


def flag(value: object) -> bool:
    """Return whether it is true; missing or null is false."""
    return value is True


def imdb_id(value: object, prefix: str) -> str | None:
    """Return an id of IMDb: the prefix and 7 to 20 digits."""
    if isinstance(value, str) and re.fullmatch(f"{prefix}[0-9]{{7,20}}", value):
        return value
    return None


def part(body: object, name: str) -> Body:
    """Return an object within an object; anything else is an empty one."""
    found = body.get(name) if isinstance(body, dict) else None
    return found if isinstance(found, dict) else {}


def elements(body: Body, name: str) -> list[Any]:
    """Return the elements of an array; anything else is an empty one."""
    found = body.get(name)
    return found if isinstance(found, list) else []


def objects(body: Body, name: str) -> Iterator[Body]:
    """Yield the objects of an array."""
    yield from (each for each in elements(body, name) if isinstance(each, dict))


def array(values: list[str]) -> list[str] | None:
    """Return a column of type array; one without an element is None."""
    return values or None


def rounded(value: Decimal | None, places: int) -> Decimal | None:
    """Round a number that was observed, half away from zero."""
    if value is None:
        return None
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
