"""docs/performance.md, put together from the stored sections; `make bench NAME=document` alone.

What a measurement cannot say (what limits it, what was tried) is in bench/remarks/<section>.md and
comes below the section's tables.
"""

from bench.report import markdown_table
from bench.results import Goal, Stored, load
from bench.sections import SECTIONS
from include.local.layout import REPOSITORY

PAGE = REPOSITORY / "docs" / "performance.md"
REMARKS = REPOSITORY / "bench" / "remarks"
_HEAD = """# Performance

Written by `make bench` (see [bench/](../bench/README.md)), never by hand. Sections can be measured
at sizes of their own; each says where, when and with which command. Made files, alike IMDb's in
shape; timings are medians, what is compared was measured in turn. Machines shared with others are
noisy: the ratios tell more than the seconds.

"""


def main() -> None:
    """Write the page and print the table."""
    stored = [found for section in SECTIONS if (found := load(section.name))]
    print(summary(stored))
    write(stored)


def write(stored: list[Stored]) -> None:
    """Write docs/performance.md."""
    headings = {section.name: section.heading for section in SECTIONS}
    parts = [_HEAD, summary(stored)]
    parts += [f"\n## {headings[one.section]}\n\n{_section(one)}" for one in stored]
    PAGE.write_text("".join(parts), "utf-8")


def summary(stored: list[Stored]) -> str:
    """Return the one table: every figure with its goal."""
    return markdown_table(
        ["section", "figure", "goal", "measured", "reached", "rows"],
        [
            [one.section, goal.figure, goal.goal, goal.measured, _word(goal), f"{one.rows:,}"]
            for one in stored
            for goal in one.measured.goals
        ],
    )


def _section(one: Stored) -> str:
    lines = [
        f"`{one.command}`: {one.date}, {one.rows:,} rows, {one.repeats} repeats.\n",
        f"{one.machine}; {one.versions}.\n",
        f"{one.measured.how}\n",
        *(markdown_table(table.header, table.rows) for table in one.measured.tables),
        *(f"{remark}\n" for remark in one.measured.remarks),
    ]
    remarks = REMARKS / f"{one.section}.md"
    if remarks.exists():
        lines.append(remarks.read_text("utf-8").strip() + "\n")
    return "\n".join(lines)


def _word(goal: Goal) -> str:
    if not goal.goal:
        return ""
    return {True: "yes", False: "**no**", None: "too small to say"}[goal.reached]


if __name__ == "__main__":
    main()
