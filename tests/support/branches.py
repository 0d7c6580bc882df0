"""The share of the branches in dags/ that the tests take. Coverage's own limit includes lines.

`make test` runs this after all tests. The exit code is 1 if the share is below the limit.
"""

import json
import sys
import tempfile
from pathlib import Path

from coverage import Coverage

LEAST = 95  # per cent


def main() -> int:
    """Print the share of the taken branches; return 1 if it is below the limit."""
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
