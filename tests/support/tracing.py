"""Where the coverage of dags/ is not measured: it doubles the CPU time of a process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from coverage import Coverage

# What coverage reads at the start of a process.
_SETTINGS = "COVERAGE_PROCESS_CONFIG"


@contextmanager
def without_coverage() -> Iterator[None]:
    """Measure nothing in this process, nor in the processes that it starts."""
    coverage, settings = Coverage.current(), os.environ.pop(_SETTINGS, None)
    if coverage is not None:
        coverage.stop()
    try:
        yield
    finally:
        if coverage is not None:
            coverage.start()
        if settings is not None:
            os.environ[_SETTINGS] = settings
