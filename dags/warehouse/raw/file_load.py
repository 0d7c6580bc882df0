"""One load of one file, in a session that holds the dataset's lock: as a delta, or in full."""

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from warehouse.database.bounded_queue import read_ahead
from warehouse.database.connection import Connection
from warehouse.database.parallel_copy import copy_in_parallel
from warehouse.errors import HeldBack, UnexpectedContent
from warehouse.http.cache import CacheEntry, FileFacts
from warehouse.raw import changes, comparison, ledger, profile
from warehouse.raw.changes import Counts
from warehouse.raw.delta import NotComparable, differences
from warehouse.raw.file_reader import FileReader, OpenFile
from warehouse.raw.ledger import Load, SourceFile
from warehouse.raw.load_guards import how_to_let_through, reasons_to_hold_back
from warehouse.raw.load_policy import LoadPolicy
from warehouse.raw.progress import Progress
from warehouse.raw.raw_table import RawTable

log = logging.getLogger(__name__)

# Below this many compressed bytes a second session takes longer to open than it saves.
PARALLEL_FROM = 4 << 20
# A delta of more than this share of the rows takes longer than the copy of all of them ...
LARGEST_DELTA = 0.4
# ... which does not matter for a table as small as this.
ALWAYS_A_DELTA = 10_000
_NOT_THE_LAST = "the older file kept here is not the one loaded last"


@dataclass(frozen=True, slots=True)
class FileLoad:
    """One load: `path` is the file, `entry` describes it, `raw` the table that it goes into."""

    url: str
    policy: LoadPolicy
    open_file: OpenFile
    clock: Callable[[], float]
    connection: Connection
    raw: RawTable
    path: Path
    entry: CacheEntry
    dag_id: str
    run_id: str
    started: float

    def warn_of_another_origin(self, last: Load | None) -> None:
        """Say in the log that what is there is from another origin, before it is replaced."""
        if last and self.begins_history(last):
            log.warning(
                "%s: the rows in raw.%s are from %s, and are replaced by those of %s. A new "
                "history begins: nothing is compared with loads from %s.",
                self.raw.dataset.name, self.raw.name, last.origin, self.entry.origin, last.origin,
            )  # fmt: skip

    def begins_history(self, last: Load | None) -> bool:
        """Whether this is the dataset's first load, or the first one from its origin."""
        return last is None or last.origin != self.entry.origin

    def prepare(self, cursor: Cursor) -> None:
        """Wait for the tables and remove what a load that was killed left."""
        self.raw.check_changes(cursor)
        self.raw.wait_to_write(cursor, patience=self.policy.lock_patience)
        self.raw.drop_new(cursor, patience=self.policy.lock_patience)

    def hold_back(self, cursor: Cursor, last: Load | None, *, accepted: Collection[str]) -> None:
        """Raise `HeldBack` where far fewer or older rows would replace those of `last`.

        `accepted` are the parameters of the run that let the file through.
        """
        reasons = reasons_to_hold_back(
            self.entry,
            last,
            min_rows_share=self.policy.min_rows_share,
            setting=f"{self.policy.settings_prefix}MIN_ROWS_SHARE",
        )
        if not reasons or not self.raw.holds_rows(cursor):
            return
        dataset = self.raw.dataset
        refused = [parameter for parameter in reasons if parameter not in accepted]
        if refused:
            raise HeldBack(
                f"{dataset.name}: held back: {'; '.join(reasons[each] for each in refused)}. "
                f"{how_to_let_through(dataset, refused)}"
            )
        for parameter, reason in reasons.items():
            log.warning("%s: let through, as %s says: %s", dataset.name, parameter, reason)

    def why_full(self, cursor: Cursor, last: Load | None, previous: Path | None) -> str | None:
        """Why a delta is impossible, as far as can be said without reading the files."""
        if last is None or self.begins_history(last):
            return f"it is the first load from {self.entry.origin}"
        if previous is None or not previous.is_file():
            return "the file before is not kept here"
        if last.file is None or previous.stat().st_size != last.file.bytes:
            return _NOT_THE_LAST
        return self._why_table_is_unfit(cursor, last)

    def _why_table_is_unfit(self, cursor: Cursor, last: Load) -> str | None:
        if not self.raw.holds_rows(cursor):
            return "the table lost its rows"
        if not self.raw.has_layout(cursor):
            return "the table has another layout"
        if self.raw.dataset.history and not self._history_is_whole(cursor, last):
            return "the table's history has a gap"
        return None

    def delta(self, last: Load, previous: Path) -> Load:
        """Apply what differs from `previous`, the file of `last`, in one transaction.

        Raises `NotComparable` where the files or the table are not as they have to be, and as
        `FileReader` does for either file; nothing is changed then.
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
            self.raw.wait_to_write(cursor, patience=self.policy.lock_patience)
            newer.log_remarks()
            load_id = ledger.next_load_id(cursor)
            counts = changes.apply_delta(
                cursor,
                self.raw,
                load_id,
                differences(
                    before,
                    _with_progress(after, newer, self._progress()),
                    key_columns=len(self.raw.dataset.key),
                ),
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
            profile.note_moved(cursor, self.raw, load_id, self._last_id(cursor))
            return self._record(cursor, load_id, counts, "delta", last)

    def full(self, last: Load | None) -> Load:
        """Copy the whole file into a new table and put it in the old one's place."""
        patience = self.policy.lock_patience
        connections = self.policy.copy_connections
        with self.connection, self.connection.cursor() as cursor:
            target = self.raw.create_new(cursor)
        try:
            with self._opened(self.path, on_chunk=self._progress()) as reader:
                reader.log_remarks()
                rows = copy_in_parallel(
                    self.url,
                    target,
                    reader.chunks(),
                    connections=connections if self.entry.bytes >= PARALLEL_FROM else 1,
                    purpose=self.raw.dataset.load_name,
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
                return self._record(cursor, load_id, counts, "full", last)
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
            if last and self.begins_history(last):
                counts = comparison.write_compared(
                    cursor, raw, load_id, comparison.replayed(raw, since=load_id)
                )
                # That the lines of the other origin left is in no change.
                return replace(counts, exact=False)
            is_whole = self._history_is_whole(cursor, last)
            if not (filled and last and is_whole and raw.has_layout(cursor)):
                since = ledger.history_begin(cursor, raw.dataset.source, raw.dataset.name)
                counts = comparison.write_compared(
                    cursor, raw, load_id, comparison.replayed(raw, since=since)
                )
                return replace(counts, exact=counts.exact and is_whole)
        if not filled:
            return Counts(inserted=self.entry.rows)
        if not raw.has_layout(cursor):
            return comparison.count_by_key(cursor, raw)
        return comparison.write_compared(cursor, raw, load_id, raw.table)

    def _history_is_whole(self, cursor: Cursor, last: Load | None) -> bool:
        return changes.can_continue(cursor, self.raw, last, self._last_id(cursor))

    def _last_id(self, cursor: Cursor) -> int | None:
        return ledger.last_load_id(cursor, self.raw.dataset.source, self.raw.dataset.name)

    def _check(self, facts: FileFacts, taken: int) -> None:
        """Raise `UnexpectedContent` where the file is not wholly the one that `entry` describes."""
        entry = self.entry
        if (facts.sha256, facts.rows) != (entry.sha256, entry.rows) or taken != facts.rows:
            raise UnexpectedContent(
                f"{self.path}: changed while it was read: expected {entry.rows:,} rows and SHA-256 "
                f"{entry.sha256[:12]}…, read {facts.rows:,} rows, {facts.sha256[:12]}…, and "
                f"Postgres took {taken:,}. Nothing was replaced; run again."
            )

    def _record(
        self, cursor: Cursor, load_id: int, counts: Counts, method: str, last: Load | None
    ) -> Load:
        entry, dataset = self.entry, self.raw.dataset
        load = Load(
            source=dataset.source,
            dataset=dataset.name,
            origin=entry.origin,
            rows=entry.rows,
            rows_inserted=counts.inserted,
            rows_updated=counts.updated,
            rows_deleted=counts.deleted,
            seconds=self.clock() - self.started,
            file=SourceFile(entry.sha256, entry.bytes, entry.url, entry.etag, entry.last_modified),
            dag_id=self.dag_id,
            run_id=self.run_id,
            method=method,
            changes_kept=counts.exact,
            history_begins=self.begins_history(last),
        )
        ledger.record(cursor, load, load_id)
        if not dataset.history:
            changes.prune(cursor, self.raw, keep_loads=self.policy.keep_loads)
        return load

    def _opened(
        self, path: Path, on_chunk: Callable[[FileReader], None] | None = None
    ) -> FileReader:
        return self.open_file(self.raw.dataset, path, on_chunk)

    def _progress(self) -> Progress:
        return Progress(self.raw.dataset.name, self.policy.progress_every, self.clock)


def _with_progress(
    chunks: Iterator[bytes], reader: FileReader, progress: Callable[[FileReader], None]
) -> Iterator[bytes]:
    """The chunks; `progress` is called after each."""
    for chunk in chunks:
        progress(reader)
        yield chunk
