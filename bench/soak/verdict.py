"""What the soak expects at its end, with the reasons, and what was found."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.soak.growth import Size

MEGABYTE = 1 << 20
# In the layers that a clean build has, too, all days may take so many times its bytes ...
_TIMES = {
    "raw": (3, "rows that a delta replaced are free again only after a vacuum"),
    "staging": (3, "the same"),
    "quality": (3, "the failing rows of the last execution of each test"),
    # ... and the marts are there twice, the published state and the one before.
    "marts": (6, "the same, and the state before the last publish is kept"),
}
# What small tables have whatever is in them: pages, indexes, free space maps.
_SLACK = 2 * MEGABYTE
# What may come with each load or run, for ever: its changes and versions, its rows in the logs.
_META_EACH = MEGABYTE // 4
_AIRFLOW_EACH = MEGABYTE
_LOGS_EACH = 3 * MEGABYTE


@dataclass(frozen=True)
class Check:
    """Something expected, and what was found; `good` whether that agrees."""

    what: str
    expected: str
    found: str
    good: bool


def growth(
    before: Size, last: Size, fresh: Size, *, runs: int, served: int, files: int
) -> list[Check]:
    """Return what may have grown, by how much, and by how much it did.

    `before` is the size after the last day without faults, `runs` the runs from then on. `served`
    are the bytes of the last day's files.
    """
    checks = [
        _at_most(
            f"bytes in the schema {layer}",
            last.layers.get(layer, 0),
            times * fresh.layers.get(layer, 0) + _SLACK,
            f"{times} times the clean build's and {_SLACK // MEGABYTE} MB: {why}",
        )
        for layer, (times, why) in _TIMES.items()
    ]
    for what, was, now, each in (
        ("bytes of changes and rating versions", before.layers["history"],
         last.layers["history"], MEGABYTE // 4 + served // 2),
        ("bytes of ledger and logs in `meta`", before.layers["meta"], last.layers["meta"],
         _META_EACH),
        ("bytes of Airflow's metadata", before.airflow, last.airflow, _AIRFLOW_EACH),
        ("bytes of log files", before.logs, last.logs, _LOGS_EACH),
    ):  # fmt: skip
        checks.append(
            _at_most(
                f"{what}, more than before the faults",
                now - was,
                runs * each,
                f"{each // 1024:,} kB for each of {runs} runs",
            )
        )
    checks.append(
        _at_most(
            "bytes in the data folder", last.data, int(2.5 * served),
            "each file and the one before it",
        )
    )  # fmt: skip
    checks.append(_at_most("files in the data folder", last.files, 2 * files, "the same"))
    return checks


def _at_most(what: str, found: int, limit: int, why: str) -> Check:
    shown = _kilobytes if what.startswith("bytes") else str
    return Check(what, f"at most {shown(limit)}: {why}", shown(found), found <= limit)


def _kilobytes(number: int) -> str:
    return f"{number / 1024:,.0f} kB"


def nothing(what: str, found: Sequence[str], *, good: str) -> Check:
    """Return the check that there is none of `what`; `good` is said where there is none."""
    return Check(what, "none", "; ".join(found)[:600] if found else good, not found)
