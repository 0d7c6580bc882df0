"""A value of an answer, by "How values are read" in docs/models-trakt.md; exact ratios."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from typing import Any

Body = dict[str, Any]

_COUNT = re.compile(r"[0-9]{1,9}(\.0+)?")
_WHOLE = re.compile(r"-?[0-9]+(\.0+)?")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z")


def text(value: object) -> str | None:
    """Return the text; an empty one is None."""
    return value if isinstance(value, str) and value else None


def count(value: object) -> int | None:
    """Return a number of up to nine digits, given as a number or as text."""
    plain = str(value)
    return int(plain.split(".", maxsplit=1)[0]) if _COUNT.fullmatch(plain) else None


def whole(value: object) -> int | None:
    """Return a whole number within bigint."""
    plain = str(value)
    if not _WHOLE.fullmatch(plain):
        return None
    number = int(plain.split(".", maxsplit=1)[0])
    return number if -(2**63) <= number < 2**63 else None


def score(value: object) -> int | None:
    """Return what a user gives, 1 to 10."""
    number = count(value)
    return number if number is not None and 1 <= number <= 10 else None


def moment(value: object) -> datetime | None:
    """Return a moment that exists."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        return None


def release(value: object, years: range) -> date | None:
    """Return the day of a moment or a day, of one of `years`."""
    if not isinstance(value, str) or ("T" in value and moment(value) is None):
        return None
    try:
        found = date.fromisoformat(value[:10])
    except ValueError:
        return None
    return found if found.year in years else None


def imdb_id(value: object) -> str | None:
    """Return an id of a title of IMDb."""
    return value if isinstance(value, str) and re.fullmatch("tt[0-9]{7,20}", value) else None


def part(body: object, name: str) -> Body:
    """Return an object within an object; anything else is an empty one."""
    found = body.get(name) if isinstance(body, dict) else None
    return found if isinstance(found, dict) else {}


def objects(found: object) -> list[Body]:
    """Return the objects of an array; anything else has none."""
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def ratio(numerator: Any, denominator: Any, places: int = 4) -> Decimal | None:
    """Return a ratio, rounded; None without a numerator or a denominator."""
    if numerator is None or not denominator:
        return None
    return rounded(Fraction(numerator) / Fraction(denominator), places)


def rounded(value: Fraction | Decimal | None, places: int) -> Decimal | None:
    """Round half away from zero."""
    if value is None:
        return None
    exact = Fraction(value)
    with localcontext() as context:
        context.prec = 60
        quotient = Decimal(exact.numerator) / Decimal(exact.denominator)
        return quotient.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def total(values: Iterable[int | None]) -> int | None:
    """Return the sum of what is there; None where nothing is."""
    found = [value for value in values if value is not None]
    return sum(found) if found else None


def monday(day: date) -> date:
    """Return the Monday of the week."""
    return day - timedelta(day.weekday())


def utc_day(value: datetime | None) -> date | None:
    """Return the day of a moment in UTC."""
    return value.astimezone(UTC).date() if value else None
