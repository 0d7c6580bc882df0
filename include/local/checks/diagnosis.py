"""What a check of `make doctor` found, and what to do about it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from include.local.layout import LocalError
from warehouse.errors import PipelineError

OK, WARN, FAIL = "ok", "warn", "FAIL"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One line of the report. `do` says what to do; only `ok` has none.

    warn: it works, but not as it should, or not for long. FAIL: it does not work, or its results
    are not reliable.
    """

    level: str
    subject: str
    found: str
    do: str | None = None

    def lines(self) -> list[str]:
        """Return the lines to print."""
        line = f"{self.level:<5} {self.subject:<13} {self.found}"
        return [line, f"      do: {self.do}"] if self.do else [line]


def ok(subject: str, found: str) -> Diagnosis:
    """Return a diagnosis that needs no action."""
    return Diagnosis(OK, subject, found)


def warn(subject: str, found: str, do: str) -> Diagnosis:
    """Return a diagnosis that needs action soon."""
    return Diagnosis(WARN, subject, found, do)


def fail(subject: str, found: str, do: str) -> Diagnosis:
    """Return a diagnosis that needs action now."""
    return Diagnosis(FAIL, subject, found, do)


def guarded(
    subject: str, check: Callable[[], Iterable[Diagnosis]], good: str | None = None
) -> Iterator[Diagnosis]:
    """Yield what `check` finds, `good` where it finds nothing; its own failure is a diagnosis."""
    found = False
    try:
        for diagnosis in check():
            found = True
            yield diagnosis
    except (LocalError, PipelineError) as error:
        yield fail(subject, str(error), "correct that and run make doctor again.")
    except Exception as error:
        broke = f"this check failed: {type(error).__name__}: {str(error).strip()[:300]}"
        yield fail(subject, broke, "report it; the other lines are still valid.")
    else:
        if good and not found:
            yield ok(subject, good)


def megabytes(size: int) -> str:
    """Return a size in bytes as GB or MB."""
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.1f} MB"


def age(seconds: float) -> str:
    """Return a time span in the largest unit that fits twice: 40 s, 12 min, 5 h, 3 days."""
    for length, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
