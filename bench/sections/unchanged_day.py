"""Section `unchanged`: the seconds of a DAG run over files that did not change."""

from statistics import median

from bench.context import Bench
from bench.report import Goal, MarkdownTable, Measured
from bench.runs import MadeRun, make_run
from bench.workspace import progress

GOAL_SECONDS = 10


def measure(bench: Bench) -> Measured:
    """Measure runs after a first one."""
    bench.ready()
    runs: list[MadeRun] = []
    for _ in range(bench.repeats):
        run = make_run(bench.space, bench.files)
        if run.dbt is not None:
            raise RuntimeError("the dbt part ran although nothing changed")
        runs.append(run)
        progress(f"unchanged day: {run.whole:.1f} s, the DAG {run.dag:.1f} s")
    whole, dag = [run.whole for run in runs], [run.dag for run in runs]
    return Measured(
        how=(
            "`make run`, with a source on loopback: "
            "seven conditional requests, seven queries of the ledger, `changed`, `report`. Start "
            "and end of the DAG run are those of `meta.run_log`."
        ),
        tables=[
            MarkdownTable(["", "median", "worst"],
                  [["seconds of the DAG run", f"{median(dag):.1f}", f"{max(dag):.1f}"],
                   ["seconds of `make run`", f"{median(whole):.1f}", f"{max(whole):.1f}"]]),
        ],
        goals=[
            Goal("unchanged day, the DAG's own part", f"≤ {GOAL_SECONDS} s",
                 f"{median(dag):.1f} s", median(dag) <= GOAL_SECONDS),
        ],
    )  # fmt: skip
