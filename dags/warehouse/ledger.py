"""The load ledger `meta.load_log`: the only truth about what is in the warehouse.

A row is written in the transaction that makes its rows visible, so the two cannot disagree.
"""

from dataclasses import dataclass

from psycopg2.extensions import cursor as Cursor


@dataclass(frozen=True, slots=True)
class Load:
    """One load of one dataset: `rows` and `rows_*` in rows, `bytes` compressed, `seconds` wall."""

    dataset: str
    snapshot_sha256: str
    etag: str | None
    last_modified: str | None
    url: str | None
    rows: int
    rows_inserted: int
    rows_updated: int
    rows_deleted: int
    bytes: int
    seconds: float
    run_id: str

    @property
    def rows_changed(self) -> int:
        """Rows inserted, updated or deleted."""
        return self.rows_inserted + self.rows_updated + self.rows_deleted


def last_load(cursor: Cursor, dataset: str) -> Load | None:
    """Return the newest load of `dataset`, or None before the first."""
    cursor.execute(
        """
        select
            dataset, snapshot_sha256, etag, last_modified, url, rows, rows_inserted, rows_updated,
            rows_deleted, bytes, seconds, run_id
        from meta.load_log
        where dataset = %s
        order by load_id desc
        limit 1
        """,
        (dataset,),
    )
    row = cursor.fetchone()
    return Load(*row) if row else None


def record(cursor: Cursor, load: Load) -> int:
    """Write the ledger row of `load` in the caller's transaction; return its `load_id`."""
    cursor.execute(
        """
        insert into meta.load_log (
            dataset, snapshot_sha256, etag, last_modified, url, rows, rows_inserted, rows_updated,
            rows_deleted, bytes, seconds, run_id
        )
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        returning load_id
        """,
        (
            load.dataset,
            load.snapshot_sha256,
            load.etag,
            load.last_modified,
            load.url,
            load.rows,
            load.rows_inserted,
            load.rows_updated,
            load.rows_deleted,
            load.bytes,
            load.seconds,
            load.run_id,
        ),
    )
    return scalar(cursor)


def newest_load_id(cursor: Cursor) -> int:
    """Return the id of the newest load of any dataset, 0 before the first."""
    cursor.execute("select coalesce(max(load_id), 0) from meta.load_log")
    return scalar(cursor)


def scalar(cursor: Cursor) -> int:
    """Return the number that an aggregate or a `returning` of one column gave."""
    row = cursor.fetchone()
    assert row is not None  # noqa: S101 - an aggregate or `returning` always gives a row
    return int(row[0])
