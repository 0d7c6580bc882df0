"""`make soak`: live through the days, compare, judge, write the page."""

import contextlib
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from types import FrameType

from bench.results import machine, versions
from bench.soak import page
from bench.soak.plan import plan
from bench.soak.soak import Soak
from bench.workspace import bench_folder, progress
from include.local.layout import REPOSITORY, LocalError, locked

_DAYS, _SEED, _TITLES = 30, 1, 2_000
PAGE = REPOSITORY / "docs" / "soak.md"


def main() -> int:
    """Soak; return 1 where something is not as it should be."""
    try:
        with _alone():
            return _soak()
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        progress("stopped, and all that it had started")
        return 130


def _soak() -> int:
    days, seed, titles = (
        _number("DAYS", _DAYS), _number("SEED", _SEED), _number("TITLES", _TITLES)
    )  # fmt: skip
    only = [name.strip() for name in os.environ.get("FAULT", "").split(",") if name.strip()]
    planned = plan(days, seed, only)
    root = bench_folder() / "soak"
    began = datetime.now(UTC)
    soak = Soak(root, titles=titles, seed=seed)
    soak.remove()  # the last one, or what a killed one left
    try:
        checks = soak.live(planned)
    except BaseException:
        soak.stop()
        raise
    good = all(check.good for check in checks)
    if good:
        soak.analyst.stop()
        soak.remove()
    else:
        soak.stop()
    minutes = (datetime.now(UTC) - began).total_seconds() / 60
    words = {"DAYS": str(days), "SEED": str(seed), "TITLES": str(titles), "FAULT": ",".join(only)}
    command = " ".join(f"{name}={shlex.quote(word)}" for name, word in words.items() if word)
    conditions = [
        f"`make soak {command}`: {began:%Y-%m-%d}, {minutes:.0f} minutes, {titles:,} titles.",
        f"{machine()}; {versions()}.",
    ]
    # What was no soak of all kinds is not worth a page of the docs.
    target = PAGE if days >= _DAYS and not only else bench_folder() / "soak.md"
    page.write(target, conditions, checks, soak.lived, soak.sizes)
    for check in checks:
        print(f"{'ok ' if check.good else 'NO '} {check.what}: {check.found} ({check.expected})")
    print(f"written: {target}")
    if not good:
        print(f"kept until the next soak, to be looked at: {root}")
    return 0 if good else 1


def _number(name: str, default: int) -> int:
    text = os.environ.get(name, "").strip() or str(default)
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise LocalError(f"{name}={text}: a whole number from 1 is needed.")
    return int(text)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Be the only soak or benchmark of this installation; TERM and HUP tidy up as Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    root = bench_folder()
    with locked(root / "lock", busy=f"Another benchmark is at work in {root}: wait for its end."):
        yield


if __name__ == "__main__":
    sys.exit(main())
