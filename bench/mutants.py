"""Mutation testing of the parser, the delta and the ledger: which changes to the code no test sees.

`make bench NAME=mutants` writes docs/mutants.md. mutmut changes one thing at a time in a copy of
the code and runs the module's tests; a mutant that they all pass is a survivor. With
ONLY=delta,ledger only these modules are tried and nothing is written.
"""

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.report import conditions, markdown_table
from bench.workspace import bench_folder, progress
from include.local.layout import REPOSITORY, LocalError

PAGE = REPOSITORY / "docs" / "mutants.md"
REMARKS = REPOSITORY / "bench" / "remarks" / "mutants.md"
GOAL = 85  # per cent killed
_KILLED = frozenset({"killed", "timeout", "segfault", "suspicious"})
_HEAD = """# Mutants

Written by `make bench NAME=mutants`, never by hand: mutmut changes one thing at a time in the code,
and the module's tests have to notice. A test that never ends counts as noticing.

"""
# `tests/` decides what Python finds first: the mutated copy, under the names that it always has.
_PROJECT = """
[tool.pytest.ini_options]
pythonpath = ["src", "."]
addopts = "--import-mode=importlib -p no:randomly -p no:cacheprovider"

[tool.mutmut]
source_paths = ["src"]
only_mutate = {modules}
also_copy = ["tests", "include", "docs"]
pytest_add_cli_args_test_selection = {tests}
pytest_add_cli_args = ["-k", "not ({left_out})"]
# An endless loop costs so many times what the tests take, and seconds on top.
timeout_multiplier = 4
timeout_constant = 5
"""


# Tests of something else in the same files, which take seconds for each mutant.
_LEFT_OUT = "postgres or disk or gigabyte or delta_goes_on or open_lists or setting_says_so"


@dataclass(frozen=True, slots=True)
class Target:
    """Modules, and the tests that are to notice every change of them."""

    name: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]


TARGETS = (
    Target(
        "parser",
        ("imdb_pipeline/snapshot", "imdb_pipeline/lines", "imdb_pipeline/header"),
        (
            "tests/unit/imdb/test_lines.py",
            "tests/unit/imdb/test_snapshot.py",
            "tests/promises/test_4_bad_files.py",
            "tests/promises/test_5_changed_layout.py",
        ),
    ),
    Target(
        "delta",
        ("imdb_pipeline/delta",),
        ("tests/unit/warehouse/test_delta.py", "tests/unit/warehouse/test_delta_properties.py"),
    ),
    Target("ledger", ("warehouse/ledger",), ("tests/integration/warehouse/test_ledger.py",)),
)


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a target's mutants: `counts` by status, the change that each survivor is."""

    target: Target
    counts: Counter[str]
    survivors: dict[str, str]

    @property
    def killed(self) -> int:
        """Mutants that a test noticed."""
        return sum(count for status, count in self.counts.items() if status in _KILLED)

    @property
    def score(self) -> float:
        """Killed mutants in per cent of all."""
        return 100 * self.killed / max(1, self.counts.total())


def main() -> None:
    """Try all mutants; print and write the page."""
    wanted = [name.strip() for name in os.environ.get("ONLY", "").split(",") if name.strip()]
    unknown = set(wanted) - {target.name for target in TARGETS}
    if unknown:
        raise LocalError(f"ONLY={','.join(wanted)}: there are {[one.name for one in TARGETS]}.")
    tried = [_tried(target) for target in TARGETS if not wanted or target.name in wanted]
    page = render(tried)
    print(page)
    if not wanted:
        PAGE.write_text(page, "utf-8")


def render(tried: Sequence[Tried]) -> str:
    """Return the page: scores, then the survivors one by one."""
    rows = [
        [
            one.target.name,
            ", ".join(f"`{module}.py`" for module in one.target.modules),
            f"{one.counts.total():,}",
            f"{one.killed:,}",
            f"{one.score:.0f} %",
            "yes" if one.score >= GOAL else "**no**",
        ]
        for one in tried
    ]
    parts = [
        _HEAD,
        conditions("mutmut with the tests of each module"),
        "\n",
        markdown_table(["what", "in dags/", "mutants", "killed", "score", f"≥ {GOAL} %"], rows),
    ]
    if REMARKS.exists():
        parts.append("\n" + REMARKS.read_text("utf-8").strip() + "\n")
    for one in tried:
        if one.survivors:
            parts.append(f"\n## Survivors: {one.target.name}\n")
            parts += [
                f"\n`{name}`\n\n```diff\n{change}\n```\n" for name, change in one.survivors.items()
            ]
    return "".join(parts)


def _tried(target: Target) -> Tried:
    folder = bench_folder() / "mutants" / target.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    ignored = shutil.ignore_patterns("__pycache__", "target", "logs")
    shutil.copytree(REPOSITORY / "dags", folder / "src", ignore=ignored)
    for name in ("tests", "include", "docs"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=ignored)
    project = _PROJECT.format(
        modules=[f"src/{module}.py" for module in target.modules],
        tests=list(target.tests),
        left_out=_LEFT_OUT,
    )
    (folder / "pyproject.toml").write_text(project, "utf-8")
    progress(f"mutants of {target.name}: this takes minutes")
    log = folder / "mutmut.log"
    with log.open("wb") as output:
        done = subprocess.run(
            [_mutmut(), "run", "--max-children", str(os.cpu_count() or 1)],
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    statuses = dict(
        line.strip().rsplit(": ", 1)
        for line in _said(folder, "results", "--all", "true").splitlines()
        if "__mutmut_" in line
    )
    if done.returncode != 0 or not statuses or "not checked" in statuses.values():
        raise LocalError(f"mutmut did not come to its end, see {log}")
    survivors = {
        name: _change(_said(folder, "show", name))
        for name, status in statuses.items()
        if status not in _KILLED
    }
    return Tried(target, Counter(statuses.values()), survivors)


def _change(shown: str) -> str:
    """The lines that came and left, of a diff."""
    lines = shown.splitlines()
    changed = [line for line in lines if line[:1] in "+-" and not line.startswith(("+++", "---"))]
    return "\n".join(changed)


def _said(folder: Path, *words: str) -> str:
    return subprocess.run(
        [_mutmut(), *words],
        cwd=folder,
        env=_environment(folder),
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def _mutmut() -> str:
    return str(Path(sys.executable).with_name("mutmut"))


def _environment(folder: Path) -> dict[str, str]:
    """Ours, without the path to the code as it is; any counterexample will do, the least or not."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return kept | {"TMPDIR": str(folder), "HYPOTHESIS_ANY_COUNTEREXAMPLE": "1"}


if __name__ == "__main__":
    main()
