"""What a section measured, stored as JSON so that each can be run alone, at a size of its own."""

import json
import os
import platform
import shlex
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from bench.workspace import bench_folder
from include.local.programs import find_programs

_PACKAGES = (
    "apache-airflow", "astronomer-cosmos", "dbt-core", "dbt-postgres", "psycopg2-binary", "isal",
)  # fmt: skip
# What shapes a measurement and can be repeated by whoever reads it.
_REPEATABLE = ("ONLY", "TITLES", "REPEATS")


# Below it, what is fixed (sessions, processes, dbt's start) is most of what is measured.
TELLING_ROWS = 1_000_000


class Skipped(Exception):
    """The section cannot be measured here; the message says why."""


@dataclass(frozen=True)
class Table:
    """A table to print."""

    header: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Goal:
    """A figure that was to be reached; `reached` None where this size cannot say."""

    figure: str
    goal: str
    measured: str
    reached: bool | None


def judged(rows: int, reached: bool) -> bool | None:
    """Return `reached`, None where so few rows cannot say."""
    return reached if rows >= TELLING_ROWS else None


@dataclass(frozen=True)
class Measured:
    """What a section gives: how it was measured, tables, goals, remarks below the tables."""

    how: str
    tables: list[Table]
    goals: list[Goal] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Stored:
    """A section's result with the conditions that it was measured under."""

    section: str
    date: str
    command: str
    titles: int
    rows: int
    repeats: int
    machine: str
    versions: str
    measured: Measured


def store(section: str, measured: Measured, *, titles: int, rows: int, repeats: int) -> Stored:
    """Write the result of `section` with today's conditions; return it."""
    stored = Stored(
        section=section,
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        command=_command(section, titles),
        titles=titles,
        rows=rows,
        repeats=repeats,
        machine=machine(),
        versions=versions(),
        measured=measured,
    )
    path = _path(section)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(stored), indent=2) + "\n", "utf-8")
    return stored


def load(section: str) -> Stored | None:
    """Return the stored result of `section`, None where there is none."""
    try:
        found = json.loads(_path(section).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    measured = found.pop("measured")
    return Stored(
        **found,
        measured=Measured(
            how=measured["how"],
            tables=[Table(**table) for table in measured["tables"]],
            goals=[Goal(**goal) for goal in measured["goals"]],
            remarks=measured["remarks"],
        ),
    )


def machine() -> str:
    """Return what it was measured on, without naming the machine."""
    memory = psutil.virtual_memory().total / 1024**3
    return f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.machine()}"


def versions() -> str:
    """Return the versions of what took part."""
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return f"Postgres {find_programs().version}, Python {platform.python_version()}, {packages}"


def _command(section: str, titles: int) -> str:
    words = {name: os.environ.get(name, "").strip() for name in _REPEATABLE}
    words |= {"ONLY": section, "TITLES": str(titles)}
    return "make bench " + " ".join(
        f"{name}={shlex.quote(word)}" for name, word in words.items() if word
    )


def _path(section: str) -> Path:
    return bench_folder() / "results" / f"{section}.json"
