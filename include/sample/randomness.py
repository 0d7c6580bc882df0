"""Repeatable random draws: each is a pure function of the numbers that name it.

A stream is opened for one thing (`stream(seed, window, Topic.TITLE, 17)`), used for it, and thrown
away, so no draw depends on what was drawn before for something else. Only `Random.random` and exact
arithmetic are used on it: Python promises that sequence for a given seed in every version, which it
does not for `choice` or `shuffle`, and powers and logarithms may differ by platform.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")
Draw = Callable[[], float]
"""Gives the next number of a stream, in [0, 1)."""

_MASK = (1 << 64) - 1


class Topic(IntEnum):
    """The purpose of a stream; streams of different purposes differ."""

    LAYOUT = 1
    TITLE = 2
    PERSON = 3
    TITLE_IDS = 4
    PERSON_IDS = 5
    STAR = 6
    DAY = 7
    ODDITY = 8
    NEWCOMER = 9


def mix(*parts: int) -> int:
    """Hash integers to 64 well-spread bits (the finisher of splitmix64, part by part)."""
    state = 0x9E3779B97F4A7C15
    for part in parts:
        state = ((state ^ (part & _MASK)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state


def stream(*parts: int) -> Draw:
    """Open the stream of draws that these numbers name."""
    return Random(mix(*parts)).random


def pick(options: Sequence[T], draw: Draw) -> T:
    """Return one of `options`, all equally likely."""
    return options[int(draw() * len(options))]


def pick_early(options: Sequence[T], draw: Draw) -> T:
    """Return one of `options`, the first ones far more often: few people have most of the work."""
    return options[int(draw() * draw() * len(options))]


def shuffle(items: list[T], draw: Draw) -> None:
    """Put `items` in a random order, in place."""
    for last in range(len(items) - 1, 0, -1):
        other = int(draw() * (last + 1))
        items[last], items[other] = items[other], items[last]


def words(text: str) -> tuple[str, ...]:
    """Return the words of `text`: a list of options, written short."""
    return tuple(text.split())


def wobble(draw: Draw) -> float:
    """Return a number around 0, bell-shaped, within -1.5 and 1.5 (standard deviation 0.5)."""
    return draw() + draw() + draw() - 1.5


class Weighted(Generic[T]):
    """Options with weights: calling it with a draw gives one of them."""

    def __init__(self, weights: Mapping[T, float]) -> None:
        """Keep the options in the mapping's order."""
        self._options = list(weights)
        self._ends = list(accumulate(weights.values()))

    def __call__(self, draw: Draw) -> T:
        """Return one option, as likely as its weight."""
        place = bisect_right(self._ends, draw() * self._ends[-1])
        return self._options[min(place, len(self._options) - 1)]


class Quantiles:
    """A distribution given by some of its quantiles; straight lines in between."""

    def __init__(self, knots: Sequence[tuple[float, float]]) -> None:
        """`knots` are (share, value), shares rising from 0 to 1."""
        self._shares = [share for share, _ in knots]
        self._values = [value for _, value in knots]

    def at(self, share: float) -> float:
        """Return the value below which `share` (0 to 1) of the distribution lies."""
        right = min(bisect_right(self._shares, share), len(self._shares) - 1)
        low, high = self._shares[right - 1], self._shares[right]
        start, end = self._values[right - 1], self._values[right]
        return start + (end - start) * (share - low) / (high - low)
