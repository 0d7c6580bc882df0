"""docs/soak.md: the verdict, the days, the sizes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.report import markdown_table
from bench.soak.growth import Size
from bench.soak.plan import Day
from bench.soak.verdict import Check

_HEAD = """# Soak

Written by `make soak` (see [bench/](../bench/README.md)), never by hand. Simulated days in a row
on one installation, each by `make run`: real files over HTTP, real Airflow, real Postgres. On
half of the days something goes wrong, drawn from a seed; then the same day is run again, and
nothing is done by hand. An analyst reads all marts the while. At the end the warehouse is
compared, row for row, with one that is built from nothing on the last day.

"""
_LONGEST = 160
_WRONG = "What is wrong:"
_TELLING = ("The run is ", "Postgres ended ")


@dataclass(frozen=True)
class Outcome:
    """How a run ended: `code` None where it was killed; `said` in one line; seconds."""

    code: int | None
    said: str
    seconds: float

    @property
    def good(self) -> bool:
        """Whether it was green."""
        return self.code == 0


@dataclass
class Lived:
    """A day as it was: the first run, the repeat where one was needed, what was not right."""

    day: Day
    first: Outcome | None = None
    repeat: Outcome | None = None
    struck: bool = False
    why_not: str = ""
    findings: list[str] = field(default_factory=list)


def write(
    path: Path, conditions: Sequence[str], checks: Sequence[Check], days: Sequence[Lived],
    sizes: Sequence[Size],
) -> None:  # fmt: skip
    """Write the page."""
    all_good = all(check.good for check in checks)
    verdict = "Everything is as it should be." if all_good else "Something is not as it should be."
    parts = [
        _HEAD,
        *(f"{line}\n\n" for line in conditions),
        f"**{verdict}**\n\n",
        markdown_table(
            ["", "expected", "found", ""],
            [_check(check) for check in checks],
        ),
        "\n## Day by day\n\n",
        markdown_table(
            ["day", "fault", "the run", "s", "again", "s"], [_line(one) for one in days]
        ),
    ]  # fmt: skip
    findings = [f"- day {one.day.number}: {text}" for one in days for text in one.findings]
    if findings:
        parts += ["\nNot right:\n\n", "\n".join(findings), "\n"]
    parts += ["\n## What it takes, in MB\n\n", _sizes(sizes)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(parts), "utf-8")


def _check(check: Check) -> list[str]:
    return [
        check.what, check.expected, _cell(check.found, 600), "yes" if check.good else "**no**"
    ]  # fmt: skip


def _line(lived: Lived) -> list[str]:
    day = lived.day
    if lived.first is None:
        return [str(day.number), "skipped: nobody ran it", "", "", "", ""]
    fault = str(day.fault) if day.fault else ""
    if day.fault and not lived.struck:
        fault += f"; **did not strike**: {lived.why_not}"
    again = lived.repeat
    return [
        str(day.number), fault, _cell(lived.first.said), f"{lived.first.seconds:.0f}",
        ("green" if again.good else _cell(again.said)) if again else "",
        f"{again.seconds:.0f}" if again else "",
    ]  # fmt: skip


def _sizes(sizes: Sequence[Size]) -> str:
    layers = sorted({layer for size in sizes for layer in size.layers})
    names = [*layers, "database", "Airflow's", "data folder", "logs"]
    shown = [size for at, size in enumerate(sizes) if at % 3 == 0 or at >= len(sizes) - 2]
    return markdown_table(
        ["after day", *names],
        [
            [
                str(size.day) if size.day else "clean build",
                *(
                    f"{number / (1 << 20):,.1f}"
                    for number in (
                        *(size.layers.get(layer, 0) for layer in layers),
                        size.database, size.airflow, size.data, size.logs,
                    )
                ),
            ]
            for size in shown
        ],
    )  # fmt: skip


def said(text: str, root: Path) -> str:
    """Return what a run said at its end, in one line: the cause where it is red."""
    lines = [line.strip() for line in text.replace(str(root), "…").splitlines()]
    if any(line.startswith("done in ") for line in lines):
        return "green"
    if _WRONG in lines[:-1]:
        return lines[lines.index(_WRONG) + 1]
    words = [line for line in lines if line and not line.startswith("make: ")]
    told = [line for line in words if line.startswith(_TELLING)]
    return (told or words or ["nothing"])[-1]


def _cell(text: str, longest: int = _LONGEST) -> str:
    """Return the text as a cell: one line, not for ever, no port that is another the next time."""
    line = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1", " ".join(text.split())).replace("|", "\\|")
    return line if len(line) <= longest else line[: longest - 1] + "…"
