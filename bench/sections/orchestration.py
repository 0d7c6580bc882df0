"""Section `orchestration`: the DAG's dbt part through Airflow and Cosmos against `dbt build`."""

from statistics import median

from bench.building import dbt_build, new_run_id
from bench.context import Bench
from bench.figures import interleaved, median_ratio
from bench.report import Goal, MarkdownTable, Measured
from bench.runs import make_run
from bench.workspace import progress

GOAL_RATIO = 1.15
LONG_SECONDS = 180


def measure(bench: Bench) -> Measured:
    """Build everything from nothing both ways, in turn, on the same data in the same schemas."""
    database = bench.ready()

    def bare() -> float:
        run_id = new_run_id("bare")
        built = dbt_build(bench.space, database, run_id, "--full-refresh")
        progress(f"dbt build: {built.seconds:.1f} s")
        return built.seconds

    def tasks() -> float:
        run = make_run(bench.space, bench.files, FULL_REFRESH="1")
        if run.dbt is None:
            raise RuntimeError("the dbt part did not run")
        progress(f"Airflow's dbt tasks: {run.dbt:.1f} s")
        return run.dbt

    found = interleaved({"bare": bare, "tasks": tasks}, bench.repeats)
    ratio = median_ratio(found["tasks"], found["bare"])
    taken = {way: median(seconds) for way, seconds in found.items()}
    long_enough = taken["bare"] >= LONG_SECONDS
    return Measured(
        how=(
            "The same full build of all models with their tests. For Airflow, the time from the "
            "start of the build to the end of its last model or test, including scheduling."
        ),
        tables=[
            MarkdownTable(["way", "seconds", "against bare"],
                  [["`dbt build`, one process", f"{taken['bare']:.1f}", "1.00×"],
                   ["Airflow and Cosmos, a task per model", f"{taken['tasks']:.1f}",
                    f"{ratio:.2f}×"]]),
        ],
        goals=[
            Goal(f"Cosmos run against bare `dbt build`, where dbt takes ≥ {LONG_SECONDS // 60} min",
                 f"≤ {GOAL_RATIO}×", f"{ratio:.2f}× at {taken['bare']:.0f} s",
                 ratio <= GOAL_RATIO if long_enough else None),
        ],
    )  # fmt: skip
