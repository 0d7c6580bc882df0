"""The soak's days: half of them have a fault, and the same seed gives the same ones."""

import pytest

from bench.soak.plan import FIRST_FAULT_DAY, KINDS, plan
from include.local.layout import LocalError


def test_half_of_the_days_have_a_fault_and_no_kind_comes_twice() -> None:
    days = plan(30, seed=1)
    faults = [day.fault for day in days if day.fault]
    assert [day.number for day in days] == list(range(1, 31))
    assert len(faults) == 15
    assert len({fault.kind.name for fault in faults}) == 15
    assert all(day.number >= FIRST_FAULT_DAY for day in days if day.fault)


def test_some_days_are_skipped_but_never_one_with_a_fault_nor_the_last() -> None:
    for seed in range(20):
        skipped = [day for day in plan(30, seed) if day.skipped]
        assert skipped
        assert not any(day.fault or day.number in {1, 2, 30} for day in skipped)


def test_the_same_seed_gives_the_same_days_and_another_one_others() -> None:
    assert plan(30, seed=1) == plan(30, seed=1) != plan(30, seed=2)


def test_every_kind_is_drawn_by_one_seed_or_another_at_each_of_its_steps() -> None:
    drawn = {
        (day.fault.kind.name, day.fault.place.step)
        for seed in range(100)
        for day in plan(30, seed)
        if day.fault
    }
    assert drawn == {(kind.name, step) for kind in KINDS.values() for step in kind.steps or ("",)}


def test_kinds_that_are_asked_for_come_in_turn_on_every_day() -> None:
    days = plan(6, 1, ["truncated", "lock"])
    assert [day.fault.kind.name if day.fault else None for day in days] == [
        None, None, "truncated", "lock", "truncated", "lock",
    ]  # fmt: skip


@pytest.mark.parametrize(("days", "only"), [(30, ["earthquake"]), (3, [])])
def test_what_cannot_be_planned_is_refused(days: int, only: list[str]) -> None:
    with pytest.raises(LocalError, match=r"FAULT=earthquake: the kinds are|DAYS=3: at least 4"):
        plan(days, 1, only)
