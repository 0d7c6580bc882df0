"""One file into its raw table, atomically, with its ledger row and what it changed.

Where the file before is still at hand and is the one that the ledger names, only what differs is
written. Else the whole file is copied into a new table beside the old one, over several sessions,
and put in its place by rename (`file_load`). Either way a reader sees the old rows or the new, and
what becomes visible does so in one transaction with the ledger row.
"""

import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from psycopg2.extensions import cursor as Cursor

from warehouse.database.connection import connected
from warehouse.database.turns import held, loading
from warehouse.errors import DamagedFile, UnexpectedContent
from warehouse.http.cache import CacheEntry, FileCache
from warehouse.raw import ledger
from warehouse.raw.dataset import Dataset
from warehouse.raw.delta import NotComparable
from warehouse.raw.file_load import FileLoad
from warehouse.raw.file_reader import OpenFile
from warehouse.raw.ledger import BY_HAND, Load
from warehouse.raw.load_policy import LoadPolicy
from warehouse.raw.raw_table import RawTable

log = logging.getLogger(__name__)


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


class DownloadedFiles(Protocol):
    """Where `load_newest` gets files: a cache, and `present`, which fetches what is not here."""

    cache: FileCache

    def present(self, dataset: Dataset) -> CacheEntry: ...  # noqa: D102


class FileLoader:
    """Loads files into the warehouse at `url` (a libpq connection string)."""

    def __init__(
        self,
        url: str,
        policy: LoadPolicy,
        open_file: OpenFile,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url = url
        self.policy = policy
        self.open_file = open_file
        self._clock = clock

    def loaded_already(self, dataset: Dataset, entry: CacheEntry) -> LoadOutcome | None:
        """Return the ledger's load where the table holds the very file of `entry`, else None.

        Reads no file. Raises `WarehouseUnavailable` or `WarehouseRefused`.
        """
        with (
            connected(self.url, purpose=dataset.load_name) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            return self._loaded(cursor, RawTable(dataset), entry)

    def load(
        self,
        dataset: Dataset,
        path: Path,
        entry: CacheEntry,
        *,
        dag_id: str = BY_HAND,
        run_id: str = "manual",
        force: bool = False,
        accepted: Collection[str] = (),
        previous: Path | None = None,
    ) -> LoadOutcome:
        """Make the raw table of `dataset` equal to the file at `path`, which `entry` describes.

        `previous` is an older file that may be the one loaded last. The file that the ledger names
        already is not loaded again, unless `force` or the table is gone; `force` copies the whole
        file. A file of another origin than the last one is copied whole, and begins another
        history. While the source's models are being built nothing is loaded. Raises `DamagedFile`,
        `UnexpectedContent`, `WarehouseUnavailable` or `WarehouseRefused`, and `HeldBack` for a file
        with far fewer rows than the last one of the same origin, or an older Last-Modified, unless
        `accepted` names the parameter that lets it through (`load_guards`); the old rows are then
        still there.
        """
        purpose = dataset.load_name
        with (
            connected(self.url, purpose=purpose) as connection,
            held(connection, purpose),
            loading(connection, dataset.source, patience=min(30.0, self.policy.lock_patience)),
        ):
            work = FileLoad(
                url=self.url,
                policy=self.policy,
                open_file=self.open_file,
                clock=self._clock,
                connection=connection,
                raw=RawTable(dataset),
                path=path,
                entry=entry,
                dag_id=dag_id,
                run_id=run_id,
                started=self._clock(),
            )
            with connection, connection.cursor() as cursor:
                # It is idle while other sessions copy.
                cursor.execute("set idle_session_timeout = 0")
                done = None if force else self._loaded(cursor, work.raw, entry)
                if done:
                    return done
                last = ledger.last_load(cursor, dataset.source, dataset.name)
                work.warn_of_another_origin(last)
                work.prepare(cursor)
                work.hold_back(cursor, last, accepted=accepted)
                why_full = "it was asked for" if force else work.why_full(cursor, last, previous)
            if why_full is None and last and previous:
                try:
                    return LoadOutcome(work.delta(last, previous), written=True)
                except (NotComparable, DamagedFile, UnexpectedContent) as error:
                    why_full = str(error)
            log.info("%s: loading the whole file, because %s", dataset.name, why_full)
            return LoadOutcome(work.full(last), written=True, why_full=why_full)

    def _loaded(self, cursor: Cursor, raw: RawTable, entry: CacheEntry) -> LoadOutcome | None:
        """The ledger's load where it is of the file of `entry` and the table has its rows."""
        dataset = raw.dataset
        last = ledger.last_load(cursor, dataset.source, dataset.name)
        if last is None or last.file is None:
            return None
        if (last.file.sha256, last.origin) != (entry.sha256, entry.origin):
            return None
        raw.wait_to_read(cursor, patience=self.policy.lock_patience)
        if raw.holds_rows(cursor) == (last.rows > 0):
            return LoadOutcome(last, written=False)
        log.warning("%s: raw.%s lost its rows; loading again", dataset.name, raw.name)
        return None


def load_newest(
    dataset: Dataset,
    *,
    loader: FileLoader,
    files: DownloadedFiles,
    dag_id: str,
    run_id: str,
    force: bool = False,
    accepted: Collection[str] = (),
) -> LoadOutcome:
    """Load what was downloaded last of `dataset`; the whole of what a task `load` does.

    What the ledger has needs no file, which may be on another worker's disk. Else the file is
    fetched where it is not here, loaded, and kept for the next load to compare with. Raises as
    `FileLoader.load` and a download do.
    """
    cache = files.cache
    noted = cache.entry(dataset)
    outcome = loader.loaded_already(dataset, noted) if noted and not force else None
    if outcome is None:
        outcome = loader.load(
            dataset,
            cache.path_of(dataset),
            files.present(dataset),
            dag_id=dag_id,
            run_id=run_id,
            force=force,
            accepted=accepted,
            previous=cache.previous_path_of(dataset),
        )
    loaded, file = cache.entry(dataset), outcome.load.file
    if loaded and file and loaded.sha256 == file.sha256:
        cache.keep_loaded(dataset, loaded)
    return outcome
