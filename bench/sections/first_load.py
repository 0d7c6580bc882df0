"""Section `load`: unpacking alone, `zcat | psql \\copy` as the control, and our load."""

from statistics import median

from bench.building import new_run_id
from bench.context import Bench
from bench.figures import interleaved, median_ratio, timed
from bench.files import unpacked_bytes
from bench.loading import SevenLoads, at_once, control_load, load_all
from bench.report import Goal, MarkdownTable, Measured, judged
from bench.workspace import progress

GOAL_RATIO = 1.7
GOAL_MEGABYTES = 150


def measure(bench: Bench) -> Measured:
    """Measure the three ways in turn, each load into an empty database of its own."""
    loads: list[SevenLoads] = []

    def unpack() -> float:
        return timed(
            lambda: [unpacked_bytes(bench.files.path(dataset)) for dataset in bench.files.by_size()]
        )

    def control() -> float:
        with bench.space.database("control") as database:
            seconds = control_load(database, bench.files)
        progress(f"zcat | psql \\copy: {seconds:.1f} s")
        return seconds

    def ours() -> float:
        with bench.space.database("ours") as database:
            loaded = load_all(database, bench.files, run_id=new_run_id("load"))
        loads.append(loaded)
        progress(f"our load: {loaded.seconds:.1f} s, {loaded.peak_rss / 1e6:.0f} MB")
        return loaded.seconds

    found = interleaved({"unpack": unpack, "control": control, "ours": ours}, bench.repeats)
    ratio = median_ratio(found["control"], found["ours"])
    rows, plain = bench.files.rows, bench.files.plain_bytes
    rss = max(load.peak_rss for load in loads)
    names = {
        "unpack": "unpacking alone, isal, one file after another",
        "control": "`zcat \\| psql \\copy`, one file after another",
        "ours": "our load",
    }
    lines = [
        [
            names[way], f"{median(seconds):.2f}", f"{rows / median(seconds):,.0f}",
            f"{plain / 1e6 / median(seconds):,.0f}",
            f"{median_ratio(found['control'], seconds):.2f}×",
        ]
        for way, seconds in found.items()
    ]  # fmt: skip
    slowest = [
        [dataset.name, f"{bench.files.entries[dataset.name].rows:,}", f"{taken:.2f}"]
        for dataset in bench.files.by_size()
        for taken in [median(load.by_dataset[dataset.name] for load in loads)]
    ]
    return Measured(
        how=(
            f"Into empty databases. Ours: seven loads as in the DAG's tasks, in processes, "
            f"{at_once()} at once, the largest first, a large file over several sessions. They "
            "include a check of every byte, SHA-256, statistics, ledger and commit. The control "
            "does not include these."
        ),
        tables=[
            MarkdownTable(
                ["way", "seconds", "rows/s", "MB/s of plain text", "against the control"], lines
            ),
            MarkdownTable(["our load of", "rows", "seconds, beside the others"], slowest),
        ],
        goals=[
            Goal(
                "load of all seven against the serial `zcat \\| psql \\copy`",
                f"≥ {GOAL_RATIO}×", f"{ratio:.2f}×", judged(rows, ratio >= GOAL_RATIO),
            ),
            Goal(
                "loader's peak memory, a process",
                f"≤ {GOAL_MEGABYTES} MB", f"{rss / 1e6:.0f} MB",
                judged(rows, rss <= GOAL_MEGABYTES * 1e6),
            ),
        ],
    )  # fmt: skip
