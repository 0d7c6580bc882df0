"""Exact arithmetic: whatever is rounded is rounded once, half away from zero."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from math import floor, isqrt

HALF = Fraction(1, 2)


def rounded(value: Fraction, places: int) -> Decimal:
    """Round half away from zero to `places` decimals."""
    units = floor(abs(value) * 10**places + HALF)
    return Decimal(-units if value < 0 else units).scaleb(-places)


def ratio(part: Decimal | int, whole: Decimal | int, places: int) -> Decimal | None:
    """`part` / `whole`, rounded; None where `whole` is 0."""
    return rounded(Fraction(part) / Fraction(whole), places) if whole else None


def mean(values: Iterable[Decimal | int | None], places: int) -> Decimal | None:
    """Mean of the values that are there, rounded; None of nothing."""
    known = [value for value in values if value is not None]
    return ratio(sum(known), len(known), places)


def median(values: Iterable[Decimal], places: int) -> Decimal | None:
    """Middle value, of an even number the mean of the middle two; None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    return mean((ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]), places)


def sample_deviation(values: Iterable[Decimal], places: int) -> Decimal | None:
    """Standard deviation with n - 1, rounded; None below two values."""
    numbers = [Fraction(value) for value in values]
    n = len(numbers)
    if n < 2:
        return None
    squares = _sum(number * number for number in numbers)
    total = _sum(numbers)
    variance = (n * squares - total * total) / (n * (n - 1))
    # The root is irrational; of twice the root the whole part decides how the root is rounded.
    twice = isqrt(floor(4 * variance * 100**places))
    return Decimal((twice + 1) // 2).scaleb(-places)


def slope(points: Iterable[tuple[int, Decimal]], places: int) -> Decimal | None:
    """Least-squares slope of y over x, rounded; None below two different x."""
    pairs = [(Fraction(x), Fraction(y)) for x, y in points]
    n = len(pairs)
    sum_x, sum_y = _sum(x for x, _ in pairs), _sum(y for _, y in pairs)
    below = n * _sum(x * x for x, _ in pairs) - sum_x * sum_x
    if below == 0:
        return None
    return rounded((n * _sum(x * y for x, y in pairs) - sum_x * sum_y) / below, places)


def decade(year: int | None) -> int | None:
    """Return the year with its last digit set to 0."""
    return None if year is None else year - year % 10


def _sum(numbers: Iterable[Fraction]) -> Fraction:
    return sum(numbers, Fraction(0))
