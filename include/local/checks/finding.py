"""A finding of a check: what was looked at, what was found, and what to do about it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from include.local.layout import LocalError
from warehouse.errors import PipelineError

OK, WARN, FAIL = "ok", "warn", "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. `do` says what to do and is there unless `level` is ok.

    warn: works, but not as it should, or will not for long. FAIL: does not work, or cannot be
    relied on.
    """

    level: str
    subject: str
    found: str
    do: str | None = None

    def lines(self) -> list[str]:
        """Return the finding as a person reads it."""
        line = f"{self.level:<5} {self.subject:<14} {self.found}"
        return [line, f"      do: {self.do}"] if self.do else [line]


def ok(subject: str, found: str) -> Finding:
    """Return a finding that nothing has to be done about."""
    return Finding(OK, subject, found)


def warn(subject: str, found: str, do: str) -> Finding:
    """Return a finding that somebody should see to."""
    return Finding(WARN, subject, found, do)


def fail(subject: str, found: str, do: str) -> Finding:
    """Return a finding that somebody has to see to."""
    return Finding(FAIL, subject, found, do)


def guarded(subject: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """Yield what `check` finds; a check that breaks is a finding itself."""
    again = "see to that and run make doctor again; the other findings stand."
    try:
        yield from check()
    except (LocalError, PipelineError) as error:
        yield fail(subject, " ".join(str(error).split()), again)
    except Exception as error:
        said = " ".join(str(error).split()) or "no message"
        broke = f"this check itself broke: {type(error).__name__}: {said[:300]}"
        yield fail(subject, broke, again)


def problems(found: Iterable[Finding], otherwise: Finding) -> Iterator[Finding]:
    """Yield what was found; `otherwise` where that is nothing."""
    none = True
    for finding in found:
        none = False
        yield finding
    if none:
        yield otherwise


def age(seconds: float) -> str:
    """Return a time span as a person says it: 40 s, 12 min, 5 h, 3 days."""
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def size(count: float) -> str:
    """Return a number of bytes as a person says it."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:,.1f} GB"
