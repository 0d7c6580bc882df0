"""Mutation testing of the parser, the delta and the ledger: how many changes do the tests notice?

`make bench NAME=mutants` prints the table. mutmut changes one thing at a time in a copy of the code
and runs the tests of the module. The survivors, the changes that no test noticed, stay there.
"""

import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bench.report import MarkdownTable, machine
from bench.workspace import bench_folder, progress
from include.local.layout import REPOSITORY, LocalError

_KILLED = frozenset({"killed", "timeout", "segfault", "suspicious"})
# Python finds the mutated copy in `src` before anything else, under the usual names.
_PROJECT = """
[tool.pytest.ini_options]
pythonpath = ["src", "."]
addopts = "--import-mode=importlib -p no:randomly -p no:cacheprovider"
markers = ["full: runs with FULL=1 only"]

[tool.mutmut]
source_paths = ["src"]
only_mutate = {modules}
also_copy = ["tests", "include", "docs"]
pytest_add_cli_args_test_selection = {tests}
pytest_add_cli_args = ["-k", "not ({left_out})"]
# The limit for an endless loop: a multiple of the duration of the tests, and seconds on top.
timeout_multiplier = 4
timeout_constant = 5
"""
# Tests of other code in the same files, which take seconds for each mutant.
_LEFT_OUT = "postgres or disk or gigabyte or delta_goes_on or open_lists or setting_says_so"


@dataclass(frozen=True, slots=True)
class MutationTarget:
    """Modules, and the tests that should notice every change of them."""

    name: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]


TARGETS = (
    MutationTarget(
        "parser",
        ("imdb_pipeline/snapshot", "imdb_pipeline/lines", "imdb_pipeline/header"),
        (
            "tests/unit/imdb/test_lines.py",
            "tests/unit/imdb/test_snapshot.py",
            "tests/promises/test_4_bad_files.py",
            "tests/promises/test_5_changed_layout.py",
        ),
    ),
    MutationTarget(
        "delta",
        ("warehouse/raw/delta",),
        ("tests/unit/warehouse/test_delta.py", "tests/unit/warehouse/test_delta_properties.py"),
    ),
    MutationTarget(
        "ledger", ("warehouse/raw/ledger",), ("tests/integration/warehouse/test_ledger.py",)
    ),
)


def main() -> None:
    """Try all mutants and print the table."""
    rows = []
    for target in TARGETS:
        counts = _tried(target)
        killed = sum(count for status, count in counts.items() if status in _KILLED)
        modules = ", ".join(f"`{module}.py`" for module in target.modules)
        score = f"{100 * killed / counts.total():.0f} %"
        rows.append([target.name, modules, f"{counts.total():,}", f"{killed:,}", score])
    print(f"{machine()}\n")
    print(MarkdownTable(["part", "in dags/", "mutants", "killed", "score"], rows))
    print(f"Survivors: `mutmut show NAME` in the folders of {bench_folder() / 'mutants'}.")


def _tried(target: MutationTarget) -> Counter[str]:
    """Return the number of mutants by status."""
    folder = bench_folder() / "mutants" / target.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    ignored = shutil.ignore_patterns("__pycache__", "target", "logs")
    shutil.copytree(REPOSITORY / "dags", folder / "src", ignore=ignored)
    for name in ("tests", "include", "docs"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=ignored)
    modules = [f"src/{module}.py" for module in target.modules]
    (folder / "pyproject.toml").write_text(
        _PROJECT.format(modules=modules, tests=list(target.tests), left_out=_LEFT_OUT), "utf-8"
    )
    progress(f"mutants of {target.name}: this takes minutes")
    log = folder / "mutmut.log"
    log.write_text(_mutmut(folder, "run", "--max-children", str(os.cpu_count() or 1)), "utf-8")
    results = _mutmut(folder, "results", "--all", "true").splitlines()
    counts = Counter(line.strip().rsplit(": ", 1)[1] for line in results if "__mutmut_" in line)
    if not counts or "not checked" in counts:
        raise LocalError(f"mutmut did not finish, see {log}")
    return counts


def _mutmut(folder: Path, *words: str) -> str:
    """Return the output of mutmut in `folder`."""
    # PYTHONPATH would lead to the original code. A counterexample need not be the smallest one.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [Path(sys.executable).with_name("mutmut"), *words],
        cwd=folder,
        env=kept | {"TMPDIR": str(folder), "HYPOTHESIS_ANY_COUNTEREXAMPLE": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise LocalError(f"mutmut {words[0]} failed in {folder}:\n{done.stdout[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    main()
