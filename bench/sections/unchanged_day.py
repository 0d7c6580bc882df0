"""Section `unchanged`: the DAG over files that did not change: seconds, and WAL by schema."""

from statistics import median

from bench.airflow_runs import runner
from bench.context import Bench
from bench.results import Goal, Measured, Table
from bench.wal import DATA_SCHEMAS, GONE, WalMeter
from bench.workspace import progress

GOAL_SECONDS = 10


def measure(bench: Bench) -> Measured:
    """Run the DAG until it knows the files, then measure further runs."""
    bench.ready()
    seconds: list[float] = []
    by_schema: list[dict[str, int]] = []
    whole: list[int] = []
    with runner(bench.space, bench.files) as runs:
        runs.run()  # fetches the files: the ledger has them, the download cache does not yet
        with WalMeter(bench.space) as meter:
            meter.settle()
            for _ in range(bench.repeats):
                begin = meter.position()
                run = runs.run()
                end = meter.position()
                if run.dbt is not None:
                    raise RuntimeError("the dbt part ran although nothing changed")
                seconds.append(run.seconds)
                by_schema.append(meter.by_schema(begin, end))
                whole.append(end.bytes - begin.bytes)
                progress(f"unchanged day: {run.seconds:.1f} s")
    schemas = [*DATA_SCHEMAS, GONE, *sorted({
        name for found in by_schema for name in found if name not in (*DATA_SCHEMAS, GONE)
    })]  # fmt: skip
    worst = {name: max(found.get(name, 0) for found in by_schema) for name in schemas}
    touched = sum(worst[name] for name in (*DATA_SCHEMAS, GONE))
    return Measured(
        how=(
            "The whole DAG through Airflow as `make run` starts it, asking a source on loopback: "
            "seven conditional requests, seven looks at the ledger, `changed`, `report`. Start and "
            "end of the DAG run as Airflow notes them. WAL by relation, read with pg_walinspect "
            "after a VACUUM and a checkpoint."
        ),
        tables=[
            Table(["", "median", "worst"],
                  [["seconds of the DAG run", f"{median(seconds):.1f}", f"{max(seconds):.1f}"]]),
            Table(["WAL, bytes", "most of the runs"],
                  [*([f"schema `{name}`" if name != GONE else name, f"{count:,}"]
                     for name, count in worst.items()),
                   ["the whole server, Airflow's own database included", f"{max(whole):,}"]]),
        ],
        goals=[
            Goal("unchanged day, the DAG's own part", f"≤ {GOAL_SECONDS} s",
                 f"{median(seconds):.1f} s", median(seconds) <= GOAL_SECONDS),
            Goal("unchanged day, WAL in raw, staging and marts", "0 bytes",
                 f"{touched:,} bytes", touched == 0),
        ],
    )  # fmt: skip
