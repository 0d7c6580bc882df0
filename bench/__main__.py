"""`make bench`: all sections, or those of ONLY=; one table, and docs/performance.md."""

import os
import sys

from bench import document
from bench.context import Bench, repeats_asked
from bench.files import sample_files
from bench.results import Skipped, Stored, load, store
from bench.sections import SECTIONS, Section
from bench.workspace import progress, workspace
from include.local.layout import LocalError


def main() -> int:
    """Measure, print, write; return the exit code. What was finished is kept whatever follows."""
    measured: list[Stored] = []
    code = 0
    try:
        _measure(_chosen(), measured)
    except LocalError as error:
        print(error, file=sys.stderr)
        code = 1
    except KeyboardInterrupt:
        progress("stopped; what was begun is removed")
        code = 130
    if measured:
        print(document.summary(measured))
        document.write([found for section in SECTIONS if (found := load(section.name))])
    return code


def _measure(sections: list[Section], measured: list[Stored]) -> None:
    """Measure the sections in turn; each is stored and added to `measured` when it is done."""
    repeats = repeats_asked()
    with workspace() as space:
        bench = Bench(space, sample_files(), repeats)
        for section in sections:
            progress(f"\n{section.name}: {section.heading}, {bench.files.rows:,} rows")
            try:
                found = section.measure(bench)
            except Skipped as reason:
                progress(f"skipped: {reason}")
                continue
            measured.append(
                store(section.name, found, titles=bench.files.titles, rows=bench.files.rows,
                      repeats=repeats)
            )  # fmt: skip


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
