"""Arithmetic on timings: medians, percentiles, growth, and wall time shared between steps."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from statistics import median

# n log n grows a little faster than n; noise of a shared machine is allowed on top of it.
NOISE = 0.1


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


def growth_exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Return b of seconds = a * size^b, by least squares over the logarithms."""
    xs, ys = [math.log(size) for size in sizes], [math.log(taken) for taken in seconds]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    return slope / sum((x - mean_x) ** 2 for x in xs)


def allowed_exponent(sizes: Sequence[float]) -> float:
    """Return the exponent that n log n shows between the first and the last size, plus noise."""
    first, last = sizes[0], sizes[-1]
    n_log_n = math.log(last * math.log(last) / (first * math.log(first))) / math.log(last / first)
    return n_log_n + NOISE


def extrapolated(sizes: Sequence[float], seconds: Sequence[float], size: float) -> float:
    """Return the seconds to expect at `size`, from the largest one measured.

    The exponent is that of the two largest sizes and at least 1: what is fixed at small sizes must
    not make a large one look cheap.
    """
    exponent = max(1.0, growth_exponent(sizes[-2:], seconds[-2:]))
    return float(seconds[-1] * (size / sizes[-1]) ** exponent)


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
