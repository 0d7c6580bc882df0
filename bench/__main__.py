"""`make bench`: measure all sections, or those of ONLY=, and print their tables."""

import os
import sys

from bench.context import Bench
from bench.files import sample_titles
from bench.report import print_conditions, print_goals, print_section
from bench.sections import SECTIONS, Section
from bench.workspace import progress, whole_number, workspace
from include.local.layout import LocalError


def main() -> int:
    """Measure and print; return the exit code."""
    try:
        sections, repeats = _chosen(), whole_number("REPEATS", 3, least=3)
        with workspace() as space:
            bench = Bench(space, sample_titles(), repeats)
            of_files = any(section.of_files for section in sections)
            size = f"{bench.files.rows:,} rows" if of_files else f"{bench.titles:,} titles"
            print_conditions(size, repeats)
            goals = []
            for section in sections:
                progress(f"\n{section.name}: {section.heading}, {size}")
                measured = section.measure(bench)
                print_section(section.heading, measured)
                goals += [(section.name, goal) for goal in measured.goals]
            print_goals(goals)
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        progress("stopped; all files and processes of the benchmark are removed")
        return 130
    return 0


def _chosen() -> list[Section]:
    names = [name.strip() for name in os.environ.get("ONLY", "").split(",") if name.strip()]
    known = {section.name: section for section in SECTIONS}
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise LocalError(
            f"ONLY={','.join(unknown)}: the sections are {', '.join(known)}, separated by commas."
        )
    return [section for section in SECTIONS if not names or section.name in names]


if __name__ == "__main__":
    sys.exit(main())
