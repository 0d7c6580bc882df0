"""One file into its raw table, atomically, with its ledger row and what it changed.

Where the snapshot before is still at hand and is the one that the ledger names, only what differs
is written. Else the whole file is copied into a new table beside the old one, over several
sessions, and put in its place by rename. Either way a reader sees the old rows or the new, and what
becomes visible does so in one transaction with the ledger row.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from imdb_pipeline.cache_manager import CacheEntry
from imdb_pipeline.config import Settings
from imdb_pipeline.inspection import warn_of_added
from imdb_pipeline.progress import Progress
from imdb_pipeline.snapshot import SnapshotFacts, SnapshotReader
from warehouse.database.bounded_queue import read_ahead
from warehouse.database.connection import Connection, connected
from warehouse.database.parallel_copy import copy_in_parallel
from warehouse.database.turns import held, loading
from warehouse.errors import DamagedFile, HeldBack, UnexpectedContent
from warehouse.raw import changes, ledger, profile
from warehouse.raw.changes import Counts
from warehouse.raw.dataset import Dataset
from warehouse.raw.delta import NotComparable, differences
from warehouse.raw.ledger import Load, SourceFile
from warehouse.raw.raw_table import RawTable
from warehouse.raw.row_count_guard import how_to_let_through, shrunk

log = logging.getLogger(__name__)

# Below this many compressed bytes a second session takes longer to open than it saves.
PARALLEL_FROM = 4 << 20
# A delta of more than this share of the rows takes longer than the copy of all of them ...
LARGEST_DELTA = 0.4
# ... which does not matter for a table as small as this.
ALWAYS_A_DELTA = 10_000
_NOT_THE_LAST = "the older file kept here is not the one loaded last"


@dataclass(frozen=True, slots=True)
class LoadOutcome:
    """What a call did: `load` is the ledger row that holds now; `written` whether it is new.

    `why_full` is why the whole file was loaded, None where it was not.
    """

    load: Load
    written: bool
    why_full: str | None = None

    @property
    def how(self) -> str:
        """How it was done, in words for a log."""
        if not self.written:
            return "unchanged, nothing written"
        return f"loaded in full, because {self.why_full}" if self.why_full else "loaded as a delta"


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
            return _loaded(cursor, RawTable(dataset), entry, self.settings.lock_patience)

    def load(
        self,
        dataset: Dataset,
        path: Path,
        entry: CacheEntry,
        *,
        run_id: str = "manual",
        force: bool = False,
        accept_shrink: bool = False,
        previous: Path | None = None,
    ) -> LoadOutcome:
        """Make the raw table of `dataset` equal to the file at `path`, which `entry` describes.

        `previous` is an older snapshot that may be the one loaded last. The snapshot that the
        ledger names already is not loaded again, unless `force` or the table is gone; `force`
        copies the whole file. While models are being built nothing is loaded. Raises
        `DamagedFile`, `UnexpectedContent`, `WarehouseUnavailable` or `WarehouseRefused`, and
        `HeldBack` for a file with far fewer rows than the last one of the same source, unless
        `accept_shrink`; the old rows are then still there.
        """
        purpose = f"load {dataset.name}"
        with (
            connected(self.url, purpose=purpose) as connection,
            held(connection, purpose),
            loading(connection, dataset.source, patience=min(30.0, self.settings.lock_patience)),
        ):
            work = _Work(self, connection, RawTable(dataset), path, entry, run_id, self._clock())
            with connection, connection.cursor() as cursor:
                # It is idle while other sessions copy.
                cursor.execute("set idle_session_timeout = 0")
                patience = self.settings.lock_patience
                done = None if force else _loaded(cursor, work.raw, entry, patience)
                if done:
                    return done
                work.raw.check_changes(cursor)
                work.raw.wait_to_write(cursor, patience=patience)
                work.raw.drop_new(cursor, patience=patience)  # of a load that was killed
                last = ledger.last_load(cursor, dataset.source, dataset.name)
                work.hold_back_shrunken(cursor, last, accept=accept_shrink)
                why_full = "it was asked for" if force else work.why_full(cursor, last, previous)
            if why_full is None and last and previous:
                try:
                    return LoadOutcome(work.delta(last, previous), written=True)
                except (NotComparable, DamagedFile, UnexpectedContent) as error:
                    why_full = str(error)
            log.info("%s: loading the whole file, because %s", dataset.name, why_full)
            return LoadOutcome(work.full(last), written=True, why_full=why_full)


@dataclass(frozen=True, slots=True)
class _Work:
    """One load in its session, which holds the dataset's lock."""

    loader: Loader
    connection: Connection
    raw: RawTable
    path: Path
    entry: CacheEntry
    run_id: str
    started: float

    def hold_back_shrunken(self, cursor: Cursor, last: Load | None, *, accept: bool) -> None:
        """Raise `HeldBack` where far fewer rows would replace those of `last`, unless `accept`."""
        how = shrunk(self.entry, last, self.loader.settings)
        if how is None or not self.raw.holds_rows(cursor):
            return
        dataset = self.raw.dataset
        if not accept:
            raise HeldBack(f"{dataset.name}: held back: {how}. {how_to_let_through(dataset)}")
        log.warning("%s: let through, as accept_shrink says: %s", dataset.name, how)

    def why_full(self, cursor: Cursor, last: Load | None, previous: Path | None) -> str | None:
        """Why a delta is out of the question, as far as can be told without reading the files."""
        if last is None:
            return "it is the first load"
        if previous is None or not previous.is_file():
            return "the file before is not kept here"
        if last.file is None or previous.stat().st_size != last.file.bytes:
            return _NOT_THE_LAST
        return self._why_not_from_here(cursor, last)

    def _why_not_from_here(self, cursor: Cursor, last: Load) -> str | None:
        if not self.raw.holds_rows(cursor):
            return "the table lost its rows"
        if not self.raw.has_layout(cursor):
            return "the table has another layout"
        if self.raw.dataset.history and not self._history_goes_on(cursor, last):
            return "the table's history has a gap"
        return None

    def delta(self, last: Load, previous: Path) -> Load:
        """Apply what differs from `previous`, the file of `last`, in one transaction.

        Raises `NotComparable` where the files or the table are not as they have to be, and as
        `SnapshotReader` does for either file; nothing is changed then.
        """
        limit = max(ALWAYS_A_DELTA, int(LARGEST_DELTA * last.rows))
        with (
            self.connection,
            self.connection.cursor() as cursor,
            self._opened(previous) as older,
            self._opened(self.path) as newer,
            read_ahead(older.chunks()) as before,
            read_ahead(newer.chunks()) as after,
        ):
            self.raw.wait_to_write(cursor, patience=self.loader.settings.lock_patience)
            warn_of_added(newer)
            after_told = _told(after, newer, self._progress())
            load_id = ledger.next_load_id(cursor)
            counts = changes.apply_delta(
                cursor,
                self.raw,
                load_id,
                differences(before, after_told, key_columns=len(self.raw.dataset.key)),
                limit=limit,
                origin=f"{self.raw.dataset.name} (what changed in {self.path.name})",
            )
            if last.file is None or older.facts().sha256 != last.file.sha256:
                raise NotComparable(_NOT_THE_LAST)
            self._check(newer.facts(), newer.facts().rows)
            if last.rows + counts.inserted - counts.deleted != self.entry.rows:
                raise NotComparable(
                    f"{last.rows:,} rows and {counts.inserted:,} that came without "
                    f"{counts.deleted:,} that left are not {self.entry.rows:,}"
                )
            last_id = ledger.last_load_id(cursor, self.raw.dataset.source, self.raw.dataset.name)
            profile.note_moved(cursor, self.raw, load_id, last_id)
            return self._record(cursor, load_id, counts, "delta")

    def full(self, last: Load | None) -> Load:
        """Copy the whole file into a new table and put it in the old one's place."""
        patience = self.loader.settings.lock_patience
        connections = self.loader.settings.copy_connections
        with self.connection, self.connection.cursor() as cursor:
            target = self.raw.create_new(cursor)
        try:
            with self._opened(self.path, on_chunk=self._progress()) as reader:
                warn_of_added(reader)
                rows = copy_in_parallel(
                    self.loader.url,
                    target,
                    reader.chunks(),
                    connections=connections if self.entry.bytes >= PARALLEL_FROM else 1,
                    purpose=f"load {self.raw.dataset.name}",
                    origin=f"{self.raw.dataset.name} ({self.path.name})",
                )
                self._check(reader.facts(), rows)
            with self.connection, self.connection.cursor() as cursor:
                cursor.execute(sql.SQL("analyze {}").format(self.raw.new))
                self.raw.wait_to_write(cursor, patience=patience)
                load_id = ledger.next_load_id(cursor)
                counts = self._compare(cursor, load_id, last)
                profile.note_counted(cursor, self.raw, load_id, self.raw.new)
                self.raw.swap(cursor, patience=patience)
                return self._record(cursor, load_id, counts, "full")
        except BaseException:
            # Where the session is gone the next load does it.
            with suppress(psycopg2.Error), self.connection, self.connection.cursor() as cursor:
                self.raw.drop_new(cursor, patience=patience)
            raise

    def _compare(self, cursor: Cursor, load_id: int, last: Load | None) -> Counts:
        """Write what the new table changes, and count it."""
        raw = self.raw
        filled = raw.holds_rows(cursor)
        if raw.dataset.history:
            can_continue = self._history_goes_on(cursor, last)
            if not (filled and last and can_continue and raw.has_layout(cursor)):
                counts = changes.write_compared(cursor, raw, load_id, changes.replayed(raw))
                return replace(counts, exact=counts.exact and can_continue)
        if not filled:
            return Counts(inserted=self.entry.rows)
        if not raw.has_layout(cursor):
            return changes.count_by_key(cursor, raw)
        return changes.write_compared(cursor, raw, load_id, raw.table)

    def _history_goes_on(self, cursor: Cursor, last: Load | None) -> bool:
        last_id = ledger.last_load_id(cursor, self.raw.dataset.source, self.raw.dataset.name)
        return changes.can_continue(cursor, self.raw, last, last_id)

    def _check(self, facts: SnapshotFacts, taken: int) -> None:
        """Raise `UnexpectedContent` where the file is not wholly the one that `entry` describes."""
        entry = self.entry
        if (facts.sha256, facts.rows) != (entry.sha256, entry.rows) or taken != facts.rows:
            raise UnexpectedContent(
                f"{self.path}: changed while it was read: expected {entry.rows:,} rows and SHA-256 "
                f"{entry.sha256[:12]}…, read {facts.rows:,} rows, {facts.sha256[:12]}…, and "
                f"Postgres took {taken:,}. Nothing was replaced; run again."
            )

    def _record(self, cursor: Cursor, load_id: int, counts: Counts, method: str) -> Load:
        load = Load(
            source=self.raw.dataset.source,
            dataset=self.raw.dataset.name,
            origin=None,
            file=SourceFile(
                self.entry.sha256,
                self.entry.bytes,
                self.entry.url,
                self.entry.etag,
                self.entry.last_modified,
            ),
            rows=self.entry.rows,
            rows_inserted=counts.inserted,
            rows_updated=counts.updated,
            rows_deleted=counts.deleted,
            seconds=self.loader._clock() - self.started,
            run_id=self.run_id,
            method=method,
            changes_kept=counts.exact,
        )
        ledger.record(cursor, load, load_id)
        if not self.raw.dataset.history:
            changes.prune(cursor, self.raw, keep_loads=self.loader.settings.keep_loads)
        return load

    def _opened(
        self, path: Path, on_chunk: Callable[[SnapshotReader], None] | None = None
    ) -> SnapshotReader:
        accept_added = self.loader.settings.accept_added_columns
        return SnapshotReader(path, self.raw.dataset, on_chunk, accept_added=accept_added)

    def _progress(self) -> Progress:
        settings = self.loader.settings
        return Progress(self.raw.dataset.name, settings.progress_every, self.loader._clock)


def _loaded(
    cursor: Cursor, raw: RawTable, entry: CacheEntry, patience: float
) -> LoadOutcome | None:
    """The ledger's load where it is of the snapshot of `entry` and the table has its rows."""
    last = ledger.last_load(cursor, raw.dataset.source, raw.dataset.name)
    if last is None or last.file is None or last.file.sha256 != entry.sha256:
        return None
    raw.wait_to_read(cursor, patience=patience)
    if raw.holds_rows(cursor) == (last.rows > 0):
        return LoadOutcome(last, written=False)
    log.warning("%s: raw.%s lost its rows; loading again", raw.dataset.name, raw.name)
    return None


def _told(
    chunks: Iterator[bytes], reader: SnapshotReader, progress: Callable[[SnapshotReader], None]
) -> Iterator[bytes]:
    """The chunks, with a word of progress for each."""
    for chunk in chunks:
        progress(reader)
        yield chunk
