"""The arithmetic behind the benchmarks' tables."""

import pytest

from bench.figures import (
    allowed_exponent,
    extrapolated,
    growth_exponent,
    interleaved,
    median_ratio,
    percentile,
    shared_wall,
)

SIZES = [1_000_000, 4_000_000, 16_000_000]


def test_ways_are_measured_in_turn() -> None:
    order: list[str] = []

    def way(name: str, seconds: float) -> float:
        order.append(name)
        return seconds

    found = interleaved({"a": lambda: way("a", 1.0), "b": lambda: way("b", 2.0)}, 3)
    assert order == ["a", "b"] * 3
    assert found == {"a": [1.0] * 3, "b": [2.0] * 3}


def test_a_ratio_is_that_of_pairs_and_one_slow_moment_does_not_make_it() -> None:
    assert median_ratio([2.0, 20.0, 2.2], [1.0, 10.0, 1.0]) == 2.0


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(number) for number in range(100, 0, -1)]
    assert percentile(values, 0.5) == 50.0
    assert percentile(values, 0.95) == 95.0
    assert percentile([3.0], 0.95) == 3.0


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
def test_the_exponent_of_a_power_is_found(exponent: float) -> None:
    seconds = [3e-6 * size**exponent for size in SIZES]
    assert growth_exponent(SIZES, seconds) == pytest.approx(exponent)


def test_n_log_n_is_allowed_and_more_is_not() -> None:
    assert 1.0 < allowed_exponent(SIZES) < 1.25


def test_what_is_fixed_at_small_sizes_makes_no_large_one_look_cheap() -> None:
    assert extrapolated(SIZES, [1.0, 1.0, 1.0], 160_000_000) == pytest.approx(10.0)
    assert extrapolated(SIZES, [1.0, 16.0, 256.0], 32_000_000) == pytest.approx(1024.0)


def test_a_moment_is_divided_among_what_runs_in_it() -> None:
    spans = [("model", 0.0, 4.0), ("test", 2.0, 6.0), ("test", 8.0, 9.0)]
    assert shared_wall(spans) == {"model": 3.0, "test": 4.0}


def test_wall_time_of_all_kinds_adds_up_to_the_time_in_which_anything_ran() -> None:
    spans = [("a", 0.0, 1.0), ("b", 0.0, 5.0), ("c", 0.5, 2.0), ("a", 4.0, 7.0), ("b", 9.0, 9.5)]
    assert sum(shared_wall(spans).values()) == pytest.approx(7.5)
