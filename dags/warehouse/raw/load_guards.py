"""Files that are whole and hardly what is meant: far shorter than the last one, or older."""

from collections.abc import Collection
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from fractions import Fraction

from warehouse.http.cache import CacheEntry
from warehouse.raw.dataset import Dataset
from warehouse.raw.ledger import Load

# The run's parameters that let such a file through, as `load` takes them.
ACCEPT_SHRINK, ACCEPT_OLDER = "accept_shrink", "accept_older"


def reasons_to_hold_back(
    entry: CacheEntry, last: Load | None, *, min_rows_share: float, setting: str
) -> dict[str, str]:
    """Return why the file of `entry` must not replace the rows of `last`, in words.

    The keys are the parameters that let it through. A file of another origin has its own size and
    its own dates, and is compared with nothing. `setting` is the name of the setting for the share.
    """
    if last is None or last.origin != entry.origin:
        return {}
    reasons = {
        ACCEPT_SHRINK: _shrunk(entry, last, min_rows_share, setting),
        ACCEPT_OLDER: _older(entry, last),
    }
    return {parameter: reason for parameter, reason in reasons.items() if reason}


def how_to_let_through(dataset: Dataset, parameters: Collection[str]) -> str:
    """Return what a person does who finds the file right."""
    conf = " and ".join(f'{parameter} = ["{dataset.name}"]' for parameter in parameters)
    words = " ".join(f"{parameter.upper()}={dataset.name}" for parameter in parameters)
    return (
        f"raw.{dataset.table} is as it was, and the file stays in the data folder. If it is right, "
        f"let it through: trigger the DAG with the parameter {conf}, "
        f"or give the same make run once more with {words}. If it is not, "
        "wait for the next one."
    )


def _shrunk(entry: CacheEntry, last: Load, min_rows_share: float, setting: str) -> str | None:
    # 0.95 as it is written: as a float it is a little more or less.
    if entry.rows >= Fraction(str(min_rows_share)) * last.rows:
        return None
    return (
        f"{entry.file} has {entry.rows:,} rows where the last load had {last.rows:,}: "
        f"{entry.rows / last.rows:.1%}, and the least is {100 * min_rows_share:.6g}% ({setting})"
    )


def _older(entry: CacheEntry, last: Load) -> str | None:
    loaded = last.file.last_modified if last.file else None
    found, before = _moment(entry.last_modified), _moment(loaded)
    if found is None or before is None or found >= before:
        return None
    return (
        f"{entry.file} is older than the file that was loaded last: its Last-Modified is "
        f"{entry.last_modified}, that of the last load is {loaded}"
    )


def _moment(last_modified: str | None) -> datetime | None:
    """The time of a Last-Modified header; None without one or where it is no date."""
    try:
        found = parsedate_to_datetime(last_modified or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
