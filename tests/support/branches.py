"""How many of the branches in dags/ did the tests take? Coverage's own limit counts lines, too.

`make test` runs this after all tests; the exit code is 1 below the share that is promised.
"""

import json
import sys
import tempfile
from pathlib import Path

from coverage import Coverage

LEAST = 95  # per cent


def main() -> int:
    """Print the share of the branches that were taken; return 1 where it is too small."""
    coverage = Coverage()
    coverage.load()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        coverage.json_report(outfile=str(report))
        totals = json.loads(report.read_text("utf-8"))["totals"]
    taken, there = totals["covered_branches"], totals["num_branches"]
    share = 100 * taken / there
    print(f"branches taken in dags/: {taken} of {there}, {share:.1f} % (at least {LEAST} %)")
    return 0 if share >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
