"""Section `peer`: imdb-sqlite, from the package index, on the same files."""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from bench.building import dbt_build, new_run_id
from bench.context import Bench
from bench.figures import interleaved, median_ratio
from bench.loading import load_all
from bench.results import Goal, Measured, Skipped, Table, judged
from bench.workspace import progress
from imdb_pipeline.config import dataset_named

PACKAGE = "imdb-sqlite==2.1.0"
TAKES = ("name.basics", "title.basics", "title.akas", "title.principals", "title.episode",
         "title.ratings")  # fmt: skip
GOAL_RAW, GOAL_STAGING = 18, 5
PEER, RAW, STAGED = "peer", "raw", "staged"


def measure(bench: Bench) -> Measured:
    """Let the peer and us fill empty databases, in turn."""
    python = _installed(bench.space.layout.root / "peer")
    cache = _cache(bench)
    raw: list[float] = []

    def peer() -> float:
        database = bench.space.layout.root / "peer" / "imdb.db"
        database.unlink(missing_ok=True)
        began = time.perf_counter()
        command: list[str | Path] = [
            python,
            "-m",
            "imdb_sqlite",
            "--db",
            database,
            "--cache-dir",
            cache,
        ]
        subprocess.run(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        seconds = time.perf_counter() - began
        progress(f"imdb-sqlite: {seconds:.1f} s")
        return seconds

    def staged() -> float:
        run_id = new_run_id("peer")
        with bench.space.database("ours") as database:
            loaded = load_all(database, bench.files, run_id=run_id)
            built = dbt_build(
                bench.space, database, run_id,
                "--select", "path:models/staging", "--exclude-resource-type", "test",
            )  # fmt: skip
        raw.append(loaded.seconds)
        progress(f"ours: raw {loaded.seconds:.1f} s, staging {built.seconds:.1f} s")
        return loaded.seconds + built.seconds

    found = interleaved({PEER: peer, STAGED: staged}, bench.repeats)
    theirs = sum(bench.files.entries[name].rows for name in TAKES)
    rows = {PEER: theirs, RAW: bench.files.rows, STAGED: bench.files.rows}
    seconds = {PEER: found[PEER], RAW: raw, STAGED: found[STAGED]}
    per_second = {way: [rows[way] / taken for taken in seconds[way]] for way in rows}
    ratio = {way: median_ratio(per_second[way], per_second[PEER]) for way in rows}
    titles = {
        PEER: f"{PACKAGE}: six files, typed, its indexes",
        RAW: "ours, raw: seven files",
        STAGED: "ours, raw and staging: typed, all keys and indexes, dbt's start included",
    }
    return Measured(
        how="Files there already, so no download; both from nothing.",
        tables=[
            Table(
                ["way", "rows", "seconds", "rows/s", "against the peer"],
                [[titles[way], f"{rows[way]:,}", f"{median(seconds[way]):.1f}",
                  f"{median(per_second[way]):,.0f}", f"{ratio[way]:.1f}×"] for way in rows],
            )
        ],
        goals=[
            Goal("raw load against imdb-sqlite, rows/s", f"≥ {GOAL_RAW}×",
                 f"{ratio[RAW]:.1f}×", judged(bench.files.rows, ratio[RAW] >= GOAL_RAW)),
            Goal("raw and staging, all keys and indexes, against imdb-sqlite, rows/s",
                 f"≥ {GOAL_STAGING}×", f"{ratio[STAGED]:.1f}×",
                 judged(bench.files.rows, ratio[STAGED] >= GOAL_STAGING)),
        ],
    )  # fmt: skip


def _installed(folder: Path) -> Path:
    """Make an environment of the peer's own; raise Skipped where it cannot be had."""
    progress(f"installing {PACKAGE}")
    python = folder / "bin" / "python"
    commands: tuple[list[str | Path], ...] = (
        [sys.executable, "-m", "venv", folder],
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE],
    )
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise Skipped(f"{PACKAGE} cannot be installed here: {''.join(last)}")
    return python


def _cache(bench: Bench) -> Path:
    """Return a folder with our files where the peer looks for what it downloaded."""
    cache = bench.space.layout.root / "peer" / "downloads"
    cache.mkdir()
    for name in TAKES:
        dataset = dataset_named(name)
        (cache / dataset.file_name).symlink_to(bench.files.path(dataset))
    return cache
