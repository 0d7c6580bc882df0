"""One file into its raw table, atomically, with its ledger row.

Everything happens in one transaction: a new table, COPY, the comparison with the old table, the
swap by rename and the ledger row. A reader sees the old table or the new one, and waits for the
rename only. A process killed at any point leaves nothing behind.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from imdb_pipeline.cache_manager import CacheEntry
from imdb_pipeline.config import Dataset, Settings
from imdb_pipeline.snapshot import SnapshotReader
from warehouse import ledger
from warehouse.bulk_copy import copy_rows
from warehouse.connection import connected
from warehouse.errors import UnexpectedContent, WarehouseRefused
from warehouse.ledger import Load
from warehouse.locks import hold, lock_table_patiently

log = logging.getLogger(__name__)

SCHEMA = "raw"


@dataclass(frozen=True, slots=True)
class LoadOutcome:
    """What a call did: `load` is the ledger row that holds now; `written` whether it is new."""

    load: Load
    written: bool


class Loader:
    """Loads snapshots into the warehouse at `url` (a libpq connection string)."""

    def __init__(
        self,
        url: str,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url = url
        self.settings = settings
        self._clock = clock

    def loaded_already(self, dataset: Dataset, entry: CacheEntry) -> LoadOutcome | None:
        """Return the ledger's load where the table holds the very snapshot of `entry`, else None.

        Reads no file. Raises `WarehouseUnavailable` or `WarehouseRefused`.
        """
        with (
            connected(self.url, purpose=f"load {dataset.name}") as connection,
            connection,
            connection.cursor() as cursor,
        ):
            return _loaded(cursor, dataset, entry)

    def load(
        self,
        dataset: Dataset,
        path: Path,
        entry: CacheEntry,
        *,
        run_id: str = "manual",
        force: bool = False,
    ) -> LoadOutcome:
        """Make the raw table of `dataset` equal to the file at `path`, which `entry` describes.

        The snapshot that the ledger names already is not loaded again, unless `force` or the
        table is gone. Raises `DamagedFile`, `UnexpectedContent`, `WarehouseUnavailable` or
        `WarehouseRefused`; the old rows are then still there.
        """
        started = self._clock()
        purpose = f"load {dataset.name}"
        with connected(self.url, purpose=purpose) as connection, connection:
            cursor = connection.cursor()
            hold(cursor, purpose)
            done = None if force else _loaded(cursor, dataset, entry)
            if done:
                return done
            load = self._replace(cursor, dataset, path, entry, run_id, started)
        return LoadOutcome(load, written=True)

    def _replace(
        self,
        cursor: Cursor,
        dataset: Dataset,
        path: Path,
        entry: CacheEntry,
        run_id: str,
        started: float,
    ) -> Load:
        _refuse_dependants(cursor, dataset.table)
        old = sql.Identifier(SCHEMA, dataset.table)
        new_name = f"{dataset.table}__new"
        new = sql.Identifier(SCHEMA, new_name)
        cursor.execute(
            sql.SQL("create table {} ({})").format(
                new,
                sql.SQL(", ").join(
                    sql.SQL("{} text").format(sql.Identifier(column))
                    for column in dataset.table_columns
                ),
            )
        )
        rows = self._copy(cursor, dataset, path, entry, new)
        cursor.execute(sql.SQL("analyze {}").format(new))
        inserted, updated, deleted = _compare(cursor, dataset, old, new, rows)
        self._swap(cursor, dataset, old, new, new_name)
        load = Load(
            dataset=dataset.name,
            snapshot_sha256=entry.sha256,
            etag=entry.etag,
            last_modified=entry.last_modified,
            url=entry.url,
            rows=rows,
            rows_inserted=inserted,
            rows_updated=updated,
            rows_deleted=deleted,
            bytes=entry.bytes,
            seconds=self._clock() - started,
            run_id=run_id,
        )
        ledger.record(cursor, load)
        return load

    def _copy(
        self, cursor: Cursor, dataset: Dataset, path: Path, entry: CacheEntry, new: sql.Identifier
    ) -> int:
        progress = _Progress(dataset.name, self.settings.progress_every, self._clock)
        with SnapshotReader(path, dataset, on_chunk=progress) as reader:
            rows = copy_rows(
                cursor, new, dataset.table_columns, reader, origin=f"{dataset.name} ({path.name})"
            )
            facts = reader.facts()
        if (facts.sha256, facts.rows) != (entry.sha256, entry.rows) or rows != facts.rows:
            raise UnexpectedContent(
                f"{path}: changed while it was read: expected {entry.rows:,} rows and SHA-256 "
                f"{entry.sha256[:12]}…, read {facts.rows:,} rows, {facts.sha256[:12]}…, and "
                f"Postgres took {rows:,}. Nothing was replaced; run again."
            )
        return rows

    def _swap(
        self,
        cursor: Cursor,
        dataset: Dataset,
        old: sql.Identifier,
        new: sql.Identifier,
        new_name: str,
    ) -> None:
        if _exists(cursor, dataset.table):
            _carry_over(cursor, dataset.table, new_name)
            lock_table_patiently(cursor, old, patience=self.settings.lock_patience)
            _refuse_dependants(cursor, dataset.table)
            cursor.execute(sql.SQL("drop table {}").format(old))
        cursor.execute(
            sql.SQL("alter table {} rename to {}").format(new, sql.Identifier(dataset.table))
        )


def _loaded(cursor: Cursor, dataset: Dataset, entry: CacheEntry) -> LoadOutcome | None:
    """The ledger's load where it is of the snapshot of `entry` and the table has its rows."""
    last = ledger.last_load(cursor, dataset.name)
    if last is None or last.snapshot_sha256 != entry.sha256:
        return None
    if _holds_rows(cursor, dataset.table) == (last.rows > 0):
        return LoadOutcome(last, written=False)
    log.warning("%s: raw.%s lost its rows; loading again", dataset.name, dataset.table)
    return None


class _Progress:
    """Logs how far a load is, every few seconds."""

    def __init__(self, name: str, every: float, clock: Callable[[], float]) -> None:
        self.name = name
        self.every = every
        self.clock = clock
        self.started = self.next = clock()
        self.next += every

    def __call__(self, reader: SnapshotReader) -> None:
        now = self.clock()
        if now < self.next:
            return
        self.next = now + self.every
        seconds = now - self.started
        log.info(
            "%s: %s rows, %.0f %% of the file, %.1f MB/s, %s rows/s",
            self.name,
            f"{reader.rows:,}",
            100 * reader.compressed_bytes / max(1, reader.size),
            reader.plain_bytes / 1e6 / max(seconds, 1e-9),
            f"{reader.rows / max(seconds, 1e-9):,.0f}",
        )


def _exists(cursor: Cursor, table: str) -> bool:
    cursor.execute("select to_regclass(%s) is not null", (f"{SCHEMA}.{table}",))
    return cursor.fetchone() == (True,)


def _holds_rows(cursor: Cursor, table: str) -> bool:
    if not _exists(cursor, table):
        return False
    cursor.execute(sql.SQL("select exists (select from {})").format(sql.Identifier(SCHEMA, table)))
    return cursor.fetchone() == (True,)


def _compare(
    cursor: Cursor, dataset: Dataset, old: sql.Identifier, new: sql.Identifier, rows: int
) -> tuple[int, int, int]:
    """Count rows inserted, updated and deleted between the old table and the new one."""
    if not _holds_rows(cursor, dataset.table):
        return rows, 0, 0

    def fields(alias: str) -> sql.Composable:
        return sql.SQL(", ").join(sql.Identifier(alias, name) for name in dataset.table_columns)

    differ: sql.Composable = sql.SQL("true")  # the layout changed, and so did every row
    if _columns(cursor, dataset.table) == dataset.table_columns:
        differ = sql.SQL("({}) is distinct from ({})").format(fields("old"), fields("new"))

    key = sql.Identifier("old", dataset.table_key[0]), sql.Identifier("new", dataset.table_key[0])
    cursor.execute(
        sql.SQL(
            """
            select
                count(*) filter (where {old_key} is null),
                count(*) filter (
                    where {old_key} is not null and {new_key} is not null and {differ}
                ),
                count(*) filter (where {new_key} is null)
            from {old} as old full join {new} as new using ({keys})
            """
        ).format(
            old_key=key[0],
            new_key=key[1],
            differ=differ,
            old=old,
            new=new,
            keys=sql.SQL(", ").join(map(sql.Identifier, dataset.table_key)),
        )
    )
    counts = cursor.fetchone()
    assert counts is not None  # noqa: S101 - an aggregate always gives a row
    return counts[0], counts[1], counts[2]


def _columns(cursor: Cursor, table: str) -> tuple[str, ...]:
    cursor.execute(
        """
        select attname from pg_attribute
        where attrelid = %s::regclass and attnum > 0 and not attisdropped
        order by attnum
        """,
        (f"{SCHEMA}.{table}",),
    )
    return tuple(name for (name,) in cursor.fetchall())


def _carry_over(cursor: Cursor, old: str, new: str) -> None:
    """Give the new table the grants and the comments of the old one."""
    cursor.execute(
        """
        select acl.privilege_type, acl.is_grantable, coalesce(pg_roles.rolname, 'public')
        from pg_class
        cross join aclexplode(pg_class.relacl) as acl
        left join pg_roles on pg_roles.oid = acl.grantee
        where pg_class.oid = %s::regclass and acl.grantee <> pg_class.relowner
        """,
        (f"{SCHEMA}.{old}",),
    )
    for privilege, grantable, role in cursor.fetchall():
        cursor.execute(
            sql.SQL("grant {} on {} to {}{}").format(
                sql.SQL(privilege),
                sql.Identifier(SCHEMA, new),
                sql.SQL("public") if role == "public" else sql.Identifier(role),
                sql.SQL(" with grant option") if grantable else sql.SQL(""),
            )
        )
    cursor.execute("select obj_description(%s::regclass)", (f"{SCHEMA}.{old}",))
    comment = cursor.fetchone()
    if comment and comment[0]:
        cursor.execute(
            sql.SQL("comment on table {} is %s").format(sql.Identifier(SCHEMA, new)), comment
        )


def _refuse_dependants(cursor: Cursor, table: str) -> None:
    """Raise `WarehouseRefused` where views read the table: they would go, or keep the old rows."""
    cursor.execute(
        """
        select distinct pg_rewrite.ev_class::regclass::text
        from pg_depend
        inner join pg_rewrite on pg_rewrite.oid = pg_depend.objid
        where pg_depend.refobjid = to_regclass(%s) and pg_depend.classid = 'pg_rewrite'::regclass
        """,
        (f"{SCHEMA}.{table}",),
    )
    dependants = [str(row[0]) for row in cursor.fetchall()]
    if dependants:
        raise WarehouseRefused(
            f"raw.{table} cannot be replaced: {', '.join(dependants)} read it. Drop them, or make "
            "them models of the dbt project, and run again. Nothing was changed."
        )
