"""A file that is far shorter than the one loaded last: whole, but hardly what is meant."""

from fractions import Fraction

from warehouse.http.cache import CacheEntry
from warehouse.raw.dataset import Dataset
from warehouse.raw.ledger import Load


def shrunk(
    entry: CacheEntry, last: Load | None, *, min_rows_share: float, setting: str
) -> str | None:
    """Return in words how the file of `entry` has shrunk since `last`; None where it has not.

    A file of another origin has its own size, and is compared with nothing. `setting` is the name
    of the one that gives the share.
    """
    if last is None or last.origin != entry.origin:
        return None
    # 0.95 as it is written: as a float it is a little more or less.
    if entry.rows >= Fraction(str(min_rows_share)) * last.rows:
        return None
    return (
        f"{entry.file} has {entry.rows:,} rows where the last load had {last.rows:,}: "
        f"{entry.rows / last.rows:.1%}, and the least is {100 * min_rows_share:.6g}% ({setting})"
    )


def how_to_let_through(dataset: Dataset) -> str:
    """Return what a person does who finds the short file right."""
    return (
        f"raw.{dataset.table} is as it was, and the file stays in the data folder. If it is right, "
        f'let it through: trigger the DAG with the parameter accept_shrink = ["{dataset.name}"], '
        f"or give the same make run once more with ACCEPT_SHRINK={dataset.name}. If it is not, "
        "wait for the next one."
    )
