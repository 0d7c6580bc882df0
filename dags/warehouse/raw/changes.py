"""What each load changed: the change tables `raw.<table>_changes`, and a delta put into raw.

A load's changes are written in its own transaction. Where they cannot be given exactly (a key that
is there twice, or null) they are left out, and the ledger row says so.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from warehouse.database.bulk_copy import copy_rows
from warehouse.raw.delta import Difference, NotComparable
from warehouse.raw.ledger import Load
from warehouse.raw.raw_table import RawTable


@dataclass(frozen=True, slots=True)
class Counts:
    """Keys that came, changed and left; `exact` where the change table has them all, once each."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    exact: bool = False


def apply_delta(
    cursor: Cursor,
    raw: RawTable,
    load_id: int,
    differences: Iterable[Difference],
    *,
    limit: int,
    origin: str,
) -> Counts:
    """Write the differences to the change table and make the raw table follow.

    Raises `NotComparable` where there are more than `limit`, or the raw table does not hold the
    very rows that have to leave, or a key that comes; the caller then rolls back.
    """
    lines = _ChangeLines(load_id, differences, limit)
    names = ("load_id", "change", "is_new", *raw.dataset.table_columns)
    copy_rows(cursor, raw.changes, names, lines, origin=origin)
    counts = Counts(lines.inserted, lines.updated, lines.deleted, exact=True)
    if lines.inserted + lines.updated + lines.deleted:
        cursor.execute(sql.SQL("analyze {}").format(raw.changes))
        _apply(cursor, raw, load_id, counts)
    return counts


def _apply(cursor: Cursor, raw: RawTable, load_id: int, counts: Counts) -> None:
    leaving, coming = counts.deleted + counts.updated, counts.inserted + counts.updated
    # Raw has no index: one scan, by all workers, finds every row that has to leave. A delete has
    # no workers, so it gets the places only.
    cursor.execute("set local enable_nestloop = off")
    cursor.execute(
        sql.SQL(
            """
            create temporary table leaving on commit drop as
            select
                held.ctid as place,
                not differing.is_new and ({held}) is not distinct from ({differing}) as expected
            from {table} as held
            inner join {changes} as differing using ({key})
            where
                differing.load_id = {load_id}
                and differing.is_new = (differing.change = 'inserted')
            """
        ).format(
            held=raw.columns_of("held"),
            differing=raw.columns_of("differing"),
            table=raw.table,
            changes=raw.changes,
            key=raw.key,
            load_id=sql.Literal(load_id),
        )
    )
    cursor.execute("set local enable_nestloop to default")
    cursor.execute("select count(*) filter (where expected), count(*) from leaving")
    found = cursor.fetchone()
    if found != (leaving, leaving):
        raise NotComparable(
            f"raw.{raw.name} is not what the older file says: of {leaving:,} rows that have to "
            f"leave it has {found[0] if found else 0:,} as they were, of all keys that differ "
            f"{found[1] if found else 0:,}"
        )
    cursor.execute(
        sql.SQL("delete from {} where ctid = any (array(select place from leaving))").format(
            raw.table
        )
    )
    gone = cursor.rowcount
    cursor.execute(
        sql.SQL(
            "insert into {} ({columns}) select {columns} from {} where load_id = %s and is_new"
        ).format(raw.table, raw.changes, columns=raw.columns),
        (load_id,),
    )
    if (gone, cursor.rowcount) != (leaving, coming):
        raise NotComparable(
            f"raw.{raw.name} was written to by another session: {gone:,} rows left and "
            f"{cursor.rowcount:,} came, where {leaving:,} and {coming:,} had to"
        )


class _ChangeLines:
    """The differences as lines of the change table, for COPY; counts them."""

    def __init__(self, load_id: int, differences: Iterable[Difference], limit: int) -> None:
        self.inserted = self.updated = self.deleted = 0
        self._limit = limit
        self._lines = self._written(load_id, differences)

    def read(self, size: int = -1, /) -> bytes:
        lines, have = [], 0
        for line in self._lines:
            lines.append(line)
            have += len(line)
            if have >= size:
                break
        return b"".join(lines)

    def readline(self, _: int | None = -1, /) -> bytes:
        raise NotImplementedError

    def _written(self, load_id: int, differences: Iterable[Difference]) -> Iterator[bytes]:
        for old, new in differences:
            if old is not None and new is not None:
                self.updated += 1
                yield b"%d\tupdated\tf\t%b\n%d\tupdated\tt\t%b\n" % (load_id, old, load_id, new)
            elif new is not None:
                self.inserted += 1
                yield b"%d\tinserted\tt\t%b\n" % (load_id, new)
            elif old is not None:
                self.deleted += 1
                yield b"%d\tdeleted\tf\t%b\n" % (load_id, old)
            if self.inserted + self.updated + self.deleted > self._limit:
                raise NotComparable(
                    f"more than {self._limit:,} rows differ, which are quicker loaded than applied"
                )


def can_continue(cursor: Cursor, raw: RawTable, last: Load | None, last_id: int | None) -> bool:
    """Whether the change table ends with the rows of the dataset's last load."""
    if last is None or last.changes_kept:
        return True
    cursor.execute(
        sql.SQL("select exists (select from {} where load_id = %s)").format(raw.changes), (last_id,)
    )
    return cursor.fetchone() == (True,)


def prune(cursor: Cursor, raw: RawTable, *, keep_loads: int) -> int:
    """Delete the changes of all but the last loads, and note it; return the rows deleted."""
    cursor.execute(
        """
        update meta.load_log set changes_kept = false
        where source = %(source)s and dataset = %(dataset)s and changes_kept and load_id <= (
            select load_id from meta.load_log
            where source = %(source)s and dataset = %(dataset)s
            order by load_id desc offset %(keep)s limit 1
        )
        returning load_id
        """,
        {"source": raw.dataset.source, "dataset": raw.dataset.name, "keep": keep_loads},
    )
    old = [load_id for (load_id,) in cursor.fetchall()]
    if not old:
        return 0
    cursor.execute(sql.SQL("delete from {} where load_id = any (%s)").format(raw.changes), (old,))
    return cursor.rowcount
