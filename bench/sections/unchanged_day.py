"""Section `unchanged`: the seconds of a DAG run over files that did not change."""

from statistics import median

from bench.airflow_runs import runner
from bench.context import Bench
from bench.report import Goal, MarkdownTable, Measured
from bench.workspace import progress

GOAL_SECONDS = 10


def measure(bench: Bench) -> Measured:
    """Run the DAG once so that the download cache knows the files, then measure further runs."""
    bench.ready()
    seconds: list[float] = []
    with runner(bench.space, bench.files) as runs:
        runs.run()
        for _ in range(bench.repeats):
            run = runs.run()
            if run.dbt is not None:
                raise RuntimeError("the dbt part ran although nothing changed")
            seconds.append(run.seconds)
            progress(f"unchanged day: {run.seconds:.1f} s")
    return Measured(
        how=(
            "The whole DAG through Airflow as `make run` starts it, with a source on loopback: "
            "seven conditional requests, seven queries of the ledger, `changed`, `report`. Start "
            "and end of the DAG run as Airflow records them."
        ),
        tables=[
            MarkdownTable(["", "median", "worst"],
                  [["seconds of the DAG run", f"{median(seconds):.1f}", f"{max(seconds):.1f}"]]),
        ],
        goals=[
            Goal("unchanged day, the DAG's own part", f"≤ {GOAL_SECONDS} s",
                 f"{median(seconds):.1f} s", median(seconds) <= GOAL_SECONDS),
        ],
    )  # fmt: skip
