"""Lint and types are part of the suite, so that they run beside the other tests.

sqlfluff takes a minute of CPU: it runs with FULL=1 and in `make lint`, which is a job of CI.
"""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TOOLS = ["ruff check .", "ruff format --check .", "mypy", "sqlfluff lint dags/dbt"]
LONG = "sqlfluff"


@pytest.mark.parametrize(
    "command",
    [pytest.param(tool, marks=[pytest.mark.full] if LONG in tool else []) for tool in TOOLS],
)
def test_the_linter_finds_nothing(command: str) -> None:
    program, *words = command.split()
    done = subprocess.run(
        [Path(sys.executable).with_name(program), *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_make_lint_runs_the_same_tools() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for command in TOOLS:
        assert f"$(BIN)/{command}" in makefile
