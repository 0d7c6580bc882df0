"""Section `chain`: load, staging, marts and tests at three sizes, the growth, the full size."""

from statistics import median

from bench.building import MARTS, STAGING, START, TESTS, dbt_build, new_run_id
from bench.context import Bench
from bench.figures import allowed_exponent, extrapolated, growth_exponent
from bench.files import Files, sample_files
from bench.loading import load_all
from bench.results import Goal, Measured, Table, judged
from bench.workspace import progress

FULL_ROWS = 203_000_000
GOAL_MINUTES = 20
FACTORS = (16, 4, 1)
LOAD, ALL = "load", "all"
STEPS = (LOAD, STAGING, MARTS, TESTS, START)


def measure(bench: Bench) -> Measured:
    """Run the chain from nothing at a 16th, a quarter and all of the size, in turn."""
    titles = bench.files.titles
    sizes = [
        bench.files if factor == 1 else sample_files(max(1, titles // factor))
        for factor in FACTORS
    ]  # fmt: skip
    runs: list[list[dict[str, float]]] = [[] for _ in sizes]
    for _ in range(bench.repeats):
        for files, found in zip(sizes, runs, strict=True):
            found.append(_chain(bench, files))
    seconds = [{step: median(run[step] for run in found) for step in (*STEPS, ALL)}
               for found in runs]  # fmt: skip
    rows = [files.rows for files in sizes]
    allowed = allowed_exponent(rows)
    lines, too_fast, full = [], [], {}
    for step in (*STEPS, ALL):
        taken = [found[step] for found in seconds]
        exponent = growth_exponent(rows, taken)
        if step == START:
            full[step] = taken[-1]
        else:
            full[step] = sum(full.values()) if step == ALL else extrapolated(rows, taken, FULL_ROWS)
            if exponent > allowed:
                too_fast.append(step)
        lines.append(
            [step, *(f"{value:.2f}" for value in taken),
             f"{exponent:.2f}{' **too fast**' if step in too_fast else ''}",
             f"{growth_exponent(rows[-2:], taken[-2:]):.2f}", f"{full[step] / 60:.1f}"]
        )  # fmt: skip
    enough = rows[-1] >= FULL_ROWS * 0.1
    return Measured(
        how=(
            "From an empty database: load, then one `dbt build`, its wall time divided among the "
            "nodes that ran at each moment. `dbt itself` is its start, parse and end."
        ),
        tables=[
            Table(
                ["step", *(f"{count:,} rows, s" for count in rows), "exponent",
                 "of the last two", f"at {FULL_ROWS / 1e6:.0f} M rows, minutes"],
                lines,
            )
        ],
        goals=[
            Goal("growth of every step", f"n log n (≤ {allowed:.2f} here, noise included)",
                 ", ".join(too_fast) or "none grows faster", judged(rows[-1], not too_fast)),
            Goal(
                f"first run at {FULL_ROWS / 1e6:.0f} M rows without download, estimated",
                f"≤ {GOAL_MINUTES} min", f"{full[ALL] / 60:.1f} min from {rows[-1]:,} rows",
                full[ALL] <= GOAL_MINUTES * 60 if enough else None,
            ),
        ],
        remarks=[
            (
                "The exponent is b of seconds = a·rows^b, least squares over the three sizes; the "
                "estimate goes on from the largest one with the exponent of the two largest, at "
                "least 1; dbt's start stays what it is."
            )
        ],
    )  # fmt: skip


def _chain(bench: Bench, files: Files) -> dict[str, float]:
    run_id = new_run_id("chain")
    with bench.space.database("chain") as database:
        loaded = load_all(database, files, run_id=run_id)
        built = dbt_build(bench.space, database, run_id)
    everything = loaded.seconds + built.seconds
    progress(f"chain, {files.rows:,} rows: {loaded.seconds:.1f} s + {built.seconds:.1f} s")
    return {LOAD: loaded.seconds, **built.steps, ALL: everything}
