"""Section `changed`: a day on which few rows changed, against the full rebuild of the same size."""

import shutil
from collections.abc import Iterator
from statistics import median

from bench.building import MARTS, STAGING, START, TESTS, dbt_build, new_run_id, publish
from bench.changed_day import change
from bench.context import Bench
from bench.figures import median_ratio
from bench.files import SampleFiles
from bench.loading import SevenLoads, load_all
from bench.report import Goal, MarkdownTable, Measured, judged
from bench.workspace import BenchDatabase, progress

GOAL_SHARE = 0.15
LOAD, WORK, ALL = "load", "load, staging and marts", "with tests and dbt's start"
STEPS = (LOAD, STAGING, MARTS, WORK, TESTS, START, ALL)
# Days 1 and 2 fill the two copies of the marts.
DAYS_BEFORE = 2


def measure(bench: Bench) -> Measured:
    """Go from day to day in one database; after each, rebuild that day in a new one."""
    days: list[dict[str, float]] = []
    rebuilds: list[dict[str, float]] = []
    changes: dict[str, int] = {}
    in_full: dict[str, str] = {}
    with bench.space.database("daily") as daily:
        for number, files, before, counts in _days(bench):
            taken, loaded = _run(bench, daily, files, before, publishes=True)
            if number <= DAYS_BEFORE:
                continue
            days.append(taken)
            in_full |= loaded.in_full
            changes = counts
            with bench.space.database("rebuild") as empty:
                rebuilds.append(_run(bench, empty, files, None, publishes=False)[0])
            progress(
                f"day {number}: {taken[WORK]:.1f} s, rebuilt {rebuilds[-1][WORK]:.1f} s "
                f"(with tests {taken[ALL]:.1f} s, {rebuilds[-1][ALL]:.1f} s)"
            )
    shares = {
        step: median_ratio([day[step] for day in days], [full[step] for full in rebuilds])
        for step in STEPS
    }
    lines = [
        [step, f"{median(day[step] for day in days):.2f}",
         f"{median(full[step] for full in rebuilds):.2f}", f"{shares[step]:.1%}"]
        for step in STEPS
    ]  # fmt: skip
    files_lines = [
        [dataset.name, f"{bench.files.entries[dataset.name].rows:,}", f"{changes[dataset.name]:,}"]
        for dataset in bench.files.by_size()
    ]
    return Measured(
        how=(
            "Changed in a day: 0.5 % of title.principals, the votes of 2 % of the rated titles, "
            "0.1 % of the other rows. Rows are updated, removed and added all over the files. Each "
            "day is loaded, built with its tests and published. The days after the second are "
            "measured: then both copies of the marts exist, and each takes in two days. The full "
            "rebuild is load and `dbt build` of the same files in an empty database."
        ),
        tables=[
            MarkdownTable(["step", "changed day, s", "full rebuild, s", "share"], lines),
            MarkdownTable(["file", "rows", "changed in the last day"], files_lines),
        ],
        goals=[
            Goal("the changed day, load + staging + marts, against the full rebuild",
                 f"≤ {GOAL_SHARE:.0%}", f"{shares[WORK]:.1%}",
                 judged(bench.files.rows, shares[WORK] <= GOAL_SHARE)),
            Goal("the same with tests and dbt's start", "", f"{shares[ALL]:.1%}", None),
        ],
        remarks=[
            (
                "The time of `dbt build` is divided among the nodes that ran at each moment; `dbt "
                "itself` is its start, parse and end, the same at any size."
            ),
            *(f"{name} was loaded in full, because {why}." for name, why in in_full.items()),
        ],
    )  # fmt: skip


def _days(
    bench: Bench,
) -> Iterator[tuple[int, SampleFiles, SampleFiles | None, dict[str, int]]]:
    """Yield number, files, the files of the day before, changed rows. Two days are on the disk."""
    yield 1, bench.files, None, {}
    before = bench.files
    for number in range(2, DAYS_BEFORE + bench.repeats + 1):
        progress(f"day {number}: changing the files")
        folder = bench.space.layout.root / "days" / str(number)
        files, counts = change(before, folder, number)
        yield number, files, before, counts
        if before is not bench.files:
            shutil.rmtree(before.folder)
        before = files


def _run(
    bench: Bench,
    database: BenchDatabase,
    files: SampleFiles,
    before: SampleFiles | None,
    *,
    publishes: bool,
) -> tuple[dict[str, float], SevenLoads]:
    run_id = new_run_id("day")
    loaded = load_all(database, files, run_id=run_id, previous=before)
    built = dbt_build(bench.space, database, run_id)
    if publishes:
        publish(database, run_id)
    work = loaded.seconds + built.steps.get(STAGING, 0.0) + built.steps.get(MARTS, 0.0)
    everything = loaded.seconds + built.seconds
    return {LOAD: loaded.seconds, **built.steps, WORK: work, ALL: everything}, loaded
