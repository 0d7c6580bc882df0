"""The load ledger `meta.load_log`: the only truth about what is in the warehouse.

A row is written in the transaction that makes its rows visible, so the two cannot disagree.
"""

from dataclasses import dataclass

from psycopg2.extensions import cursor as Cursor


@dataclass(frozen=True, slots=True)
class Load:
    """One load of one dataset: `rows` and `rows_*` in rows, `bytes` compressed, `seconds` wall.

    `method` is full or delta. With `changes_kept` the change table has every change of the load.
    """

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
    method: str = "full"
    changes_kept: bool = False

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
            rows_deleted, bytes, seconds, run_id, method, changes_kept
        from meta.load_log
        where dataset = %s
        order by load_id desc
        limit 1
        """,
        (dataset,),
    )
    row = cursor.fetchone()
    return Load(*row) if row else None


def next_load_id(cursor: Cursor) -> int:
    """Take the id of a load that is being made, for rows that name it before `record` does."""
    cursor.execute("select nextval(pg_get_serial_sequence('meta.load_log', 'load_id'))")
    return scalar(cursor)


def record(cursor: Cursor, load: Load, load_id: int | None = None) -> int:
    """Write the ledger row of `load` in the caller's transaction; return its `load_id`.

    `load_id` is one of `next_load_id`; without it the row gets a new one.
    """
    cursor.execute(
        """
        insert into meta.load_log (
            load_id, dataset, snapshot_sha256, etag, last_modified, url, rows, rows_inserted,
            rows_updated, rows_deleted, bytes, seconds, run_id, method, changes_kept
        )
        overriding system value
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        returning load_id
        """,
        (
            next_load_id(cursor) if load_id is None else load_id,
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
            load.method,
            load.changes_kept,
        ),
    )
    return scalar(cursor)


def last_load_id(cursor: Cursor, dataset: str) -> int | None:
    """Return the id of the newest load of `dataset`, or None before the first."""
    cursor.execute("select max(load_id) from meta.load_log where dataset = %s", (dataset,))
    row = cursor.fetchone()
    return row[0] if row else None


def newest_load_id(cursor: Cursor, source: str) -> int:
    """Return the id of the newest load of any dataset of `source`, 0 before the first."""
    cursor.execute(
        "select coalesce(max(load_id), 0) from meta.load_log where source = %s", (source,)
    )
    return scalar(cursor)


def scalar(cursor: Cursor) -> int:
    """Return the number that an aggregate or a `returning` of one column gave."""
    row = cursor.fetchone()
    assert row is not None  # noqa: S101 - an aggregate or `returning` always gives a row
    return int(row[0])
