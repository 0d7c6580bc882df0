"""Arithmetic on timings: medians, percentiles, and wall time divided among steps."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from statistics import median


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def interleaved(
    ways: Mapping[str, Callable[[], float]], repeats: int
) -> dict[str, list[float]]:  # fmt: skip
    """Take each way in turn, `repeats` times over; return what each gave."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            found[name].append(way())
    return found


def median_ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """Return the median of the ratios of pairs that were measured one after the other."""
    return median(a / b for a, b in zip(above, below, strict=True))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def shared_wall(spans: Sequence[tuple[str, float, float]]) -> dict[str, float]:
    """Return the wall time of each kind of (kind, begin, end), in the unit of the spans.

    A moment in which several spans run is divided between them, so that the kinds add up to the
    time in which anything ran.
    """
    edges = sorted({edge for _, begin, end in spans for edge in (begin, end)})
    starts = sorted(spans, key=lambda span: span[1])
    shares: dict[str, float] = {}
    running: list[tuple[str, float, float]] = []
    position = 0
    for left, right in pairwise(edges):
        while position < len(starts) and starts[position][1] <= left:
            running.append(starts[position])
            position += 1
        running = [span for span in running if span[2] > left]
        for kind, _, _ in running:
            shares[kind] = shares.get(kind, 0.0) + (right - left) / len(running)
    return shares
