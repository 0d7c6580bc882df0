"""What does not keep to its contract (`raw.quarantine`), and what it does not name (drift)."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from warehouse.errors import HeldBack
from warehouse.http.contracts import Breach
from warehouse.raw.api_batch import ApiBatch, ApiRun, keep_open, quarantined_share

_LONGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class QuarantinedItem:
    """An item that breaks a rule; `raw_data` is it as it came, as text."""

    item_key: str
    breach: Breach
    raw_data: str
    answered_at: datetime


def quarantine(cursor: Cursor, batch: ApiBatch, item: QuarantinedItem) -> None:
    """Write the item, in the caller's transaction."""
    keep_open(cursor, batch)
    cursor.execute(
        "insert into raw.quarantine "
        "(source, dataset, item_key, path, rule, raw_data, batch_id, ingested_at) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            batch.dataset.source,
            batch.dataset.name,
            item.item_key,
            item.breach.path,
            item.breach.rule,
            item.raw_data.replace("\0", "\\u0000")[:_LONGEST],
            batch.batch_id,
            item.answered_at,
        ),
    )


def record_drift(cursor: Cursor, source: str, dataset: str, seen: Counter[str]) -> None:
    """Add to the counts of keys that the contract does not name, in the caller's transaction."""
    if seen:
        execute_values(
            cursor,
            """
            insert into meta.schema_drift as drift (source, dataset, path, items) values %s
            on conflict (source, dataset, path) do update set
                items = drift.items + excluded.items, last_seen_at = clock_timestamp()
            """,
            [(source, dataset, path, items) for path, items in sorted(seen.items())],
        )


def check_share(
    cursor: Cursor, source: str, run: ApiRun, step: str, *, most: float, setting: str, folder: str
) -> None:
    """Raise `HeldBack` where more than the share `most` of the run's items were quarantined.

    `setting` is the variable that says `most`; `folder` is where the contracts are.
    """
    bad, of = quarantined_share(cursor, source, run)
    if bad > of * most:
        raise HeldBack(
            f"{step}: {bad:,} of {of:,} items of this run break their contract, and {most:.1%} may "
            f"({setting}). The marts stay as they are. Look into raw.quarantine: path and rule say "
            f"what changed; then change the contract in {folder} and the staging models."
        )
