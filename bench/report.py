"""What a benchmark prints: conditions, tables and goals, in Markdown."""

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version

import psutil

from include.local.programs import find_programs

_PACKAGES = (
    "apache-airflow", "astronomer-cosmos", "dbt-core", "dbt-postgres", "psycopg2-binary", "isal",
)  # fmt: skip
# With fewer rows, fixed costs (sessions, processes, dbt's start) are most of what is measured.
TELLING_ROWS = 1_000_000


@dataclass(frozen=True)
class MarkdownTable:
    """A table to print."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __str__(self) -> str:
        """Return the table in Markdown."""
        lines = [self.header, ["---"] * len(self.header), *self.rows]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


@dataclass(frozen=True)
class Goal:
    """A figure with a goal; `reached` is None where the sample is too small to judge."""

    figure: str
    goal: str
    measured: str
    reached: bool | None


@dataclass(frozen=True)
class Measured:
    """The result of a section: how it was measured, tables, goals, remarks below the tables."""

    how: str
    tables: list[MarkdownTable]
    goals: list[Goal] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def judged(rows: int, reached: bool) -> bool | None:
    """Return `reached`, or None for fewer than `TELLING_ROWS` rows."""
    return reached if rows >= TELLING_ROWS else None


def machine() -> str:
    """Return cores, memory, system and versions, without the name of the machine."""
    memory = psutil.virtual_memory().total / 1024**3
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.machine()}; "
        f"Postgres {find_programs().version}, Python {platform.python_version()}, {packages}."
    )


def print_conditions(size: str, repeats: int) -> None:
    """Print date, size, machine and versions."""
    print(f"{datetime.now(UTC):%Y-%m-%d}, {size}, {repeats} repeats.\n\n{machine()}\n")


def print_section(heading: str, measured: Measured) -> None:
    """Print one section."""
    parts = [f"## {heading}", measured.how, *map(str, measured.tables), *measured.remarks]
    print("\n\n".join(part.strip() for part in parts) + "\n", flush=True)


def print_goals(goals: Iterable[tuple[str, Goal]]) -> None:
    """Print all goals, each with the name of its section."""
    words = {True: "yes", False: "**no**", None: "too small to judge"}
    print(
        MarkdownTable(
            ["section", "figure", "goal", "measured", "reached"],
            [
                [name, goal.figure, goal.goal, goal.measured,
                 words[goal.reached] if goal.goal else ""]
                for name, goal in goals
            ],
        )
    )  # fmt: skip
