"""The load ledger `meta.load_log`: the only truth about what is in the warehouse.

A row is written in the transaction that makes its rows visible, so the two cannot disagree. A
dataset is named by its source and its name. Its loads from one origin, without another origin in
between, are one history.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

BY_HAND = "by hand"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """The file that a load took: SHA-256 and size as it came, and what the server said of it."""

    sha256: str
    bytes: int
    url: str | None = None
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """One load of one dataset: `rows` and `rows_*` in rows, `seconds` wall time.

    `origin` names the place that the data came from; `file` is None where it is no file. `method`
    is full or delta. With `changes_kept` the change table has every change of the load. With
    `history_begins` it is the first load of the dataset, or the first from its origin.
    """

    source: str
    dataset: str
    origin: str | None
    rows: int
    rows_inserted: int
    rows_updated: int
    rows_deleted: int
    seconds: float
    file: SourceFile | None = None
    dag_id: str = BY_HAND
    run_id: str = "manual"
    method: str = "full"
    changes_kept: bool = False
    history_begins: bool = False


def row_counts(loads: Iterable[Load]) -> dict[str, int | None]:
    """Return the rows of the first load and what all of them brought; None without a load."""
    found = list(loads)
    return {
        "rows": found[0].rows if found else None,
        "rows_inserted": sum(load.rows_inserted for load in found) if found else None,
        "rows_updated": sum(load.rows_updated for load in found) if found else None,
        "rows_deleted": sum(load.rows_deleted for load in found) if found else None,
    }


def last_load(cursor: Cursor, source: str, dataset: str) -> Load | None:
    """Return the newest load of the dataset, or None before the first."""
    names = [each.name for each in fields(Load) if each.name != "file"]
    cursor.execute(
        sql.SQL(
            """
            select snapshot_sha256, bytes, url, etag, last_modified, {}
            from meta.load_log
            where source = %s and dataset = %s
            order by load_id desc
            limit 1
            """
        ).format(sql.SQL(", ").join(map(sql.Identifier, names))),
        (source, dataset),
    )
    row = cursor.fetchone()
    if row is None:
        return None
    file = None if row[0] is None else SourceFile(*row[:5])
    return Load(**dict(zip(names, row[5:], strict=True)), file=file)


def next_load_id(cursor: Cursor) -> int:
    """Take the id of a load that is being made, for rows that name it before `record` does."""
    cursor.execute("select nextval(pg_get_serial_sequence('meta.load_log', 'load_id'))")
    return scalar(cursor)


def record(cursor: Cursor, load: Load, load_id: int | None = None) -> int:
    """Write the ledger row of `load` in the caller's transaction; return its `load_id`.

    `load_id` is one of `next_load_id`; without it the row gets a new one.
    """
    file = load.file
    values = {
        "load_id": next_load_id(cursor) if load_id is None else load_id,
        "source": load.source,
        "dataset": load.dataset,
        "origin": load.origin,
        "history_begins": load.history_begins,
        "snapshot_sha256": file and file.sha256,
        "etag": file and file.etag,
        "last_modified": file and file.last_modified,
        "url": file and file.url,
        "bytes": file and file.bytes,
        "rows": load.rows,
        "rows_inserted": load.rows_inserted,
        "rows_updated": load.rows_updated,
        "rows_deleted": load.rows_deleted,
        "seconds": load.seconds,
        "dag_id": load.dag_id,
        "run_id": load.run_id,
        "method": load.method,
        "changes_kept": load.changes_kept,
    }
    cursor.execute(
        sql.SQL(
            "insert into meta.load_log ({}) overriding system value values ({}) returning load_id"
        ).format(
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(map(sql.Placeholder, values)),
        ),
        values,
    )
    return scalar(cursor)


def last_load_id(cursor: Cursor, source: str, dataset: str) -> int | None:
    """Return the id of the newest load of the dataset, or None before the first."""
    cursor.execute(
        "select max(load_id) from meta.load_log where source = %s and dataset = %s",
        (source, dataset),
    )
    row = cursor.fetchone()
    return row[0] if row else None


def history_begin(cursor: Cursor, source: str, dataset: str) -> int:
    """Return the id of the load that the dataset's current history begins with, 0 before it."""
    cursor.execute(
        """
        select coalesce(max(load_id) filter (where history_begins), 0)
        from meta.load_log
        where source = %s and dataset = %s
        """,
        (source, dataset),
    )
    return scalar(cursor)


def newest_load_id(cursor: Cursor, source: str) -> int:
    """Return the id of the newest load of any dataset of `source`, 0 before the first."""
    cursor.execute(
        "select coalesce(max(load_id), 0) from meta.load_log where source = %s", (source,)
    )
    return scalar(cursor)


# A load of the same lines in another file is no reason to build. One that could not count what it
# changed is, and one that begins a history.
IS_CHANGE = sql.SQL(
    "(rows_inserted + rows_updated + rows_deleted > 0 or not changes_kept or history_begins)"
)


def newest_change(cursor: Cursor, source: str) -> int:
    """Return the id of the newest load of `source` that changed a line, 0 before the first."""
    cursor.execute(
        sql.SQL(
            "select coalesce(max(load_id), 0) from meta.load_log where source = %s and {}"
        ).format(IS_CHANGE),
        (source,),
    )
    return scalar(cursor)


def scalar(cursor: Cursor) -> int:
    """Return the number that an aggregate or a `returning` of one column gave."""
    row = cursor.fetchone()
    assert row is not None  # noqa: S101 - an aggregate or `returning` always gives a row
    return int(row[0])
