"""`make soak`: run the days, check, print the tables of docs/soak.md."""

import os
import re
import sys
from datetime import UTC, datetime

from bench.report import MarkdownTable, machine
from bench.soak.plan import SoakDay, plan
from bench.soak.soak import DayResult, Soak
from bench.workspace import alone, bench_folder, progress, whole_number
from include.local.layout import LocalError


def main() -> int:
    """Run the soak; return 1 if a check failed."""
    try:
        days, seed = whole_number("DAYS", 30), whole_number("SEED", 1)
        titles = whole_number("TITLES", 2_000)
        only = [name.strip() for name in os.environ.get("FAULT", "").split(",") if name.strip()]
        planned = plan(days, seed, only)
        with alone():
            return _soak(planned, titles)
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        progress("stopped, with all processes of the soak")
        return 130


def _soak(planned: list[SoakDay], titles: int) -> int:
    soak = Soak(bench_folder() / "soak", titles=titles)
    soak.remove()  # files of an earlier soak
    began = datetime.now(UTC)
    try:
        checks = soak.run(planned)
    finally:
        soak.stop()
    minutes = (datetime.now(UTC) - began).total_seconds() / 60
    print(f"{began:%Y-%m-%d}, {len(planned)} days, {titles:,} titles, {minutes:.0f} minutes.")
    print(f"\n{machine()}\n")
    rows = [[what, _cell("; ".join(found)) or none, "**no**" if found else "yes"]
            for what, found, none in checks]  # fmt: skip
    print(MarkdownTable(["expected: none", "found", "reached"], rows))
    print(
        MarkdownTable(
            ["day", "fault", "the run", "again", "seconds"], [_line(day) for day in soak.results]
        )
    )
    if any(found for _, found, _ in checks):
        print(f"The files of this soak stay until the next one: {soak.root}")
        return 1
    soak.remove()
    return 0


def _line(result: DayResult) -> list[str]:
    return [
        str(result.day.number), str(result.day.fault or ""), _cell(result.first),
        _cell(result.again), f"{result.seconds:.0f}",
    ]  # fmt: skip


def _cell(text: str, longest: int = 160) -> str:
    """Return the text for a cell: one short line, without ports."""
    line = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1", " ".join(text.split())).replace("|", "\\|")
    return line if len(line) <= longest else line[: longest - 1] + "…"


if __name__ == "__main__":
    sys.exit(main())
