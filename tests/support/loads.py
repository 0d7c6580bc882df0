"""Loads of the tests, and things that happen in the middle of one."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from imdb_pipeline.config import Settings
from imdb_pipeline.loader import Loader
from tests.support.postgres import Database
from tests.support.snapshots import ORIGIN, RATINGS, Row, loaded_rows, written
from warehouse.raw.dataset import Dataset
from warehouse.raw.file_loader import LoadOutcome
from warehouse.raw.ledger import Load

# One try of a fifth of a second for a table lock; a file of three rows may lose two.
IMPATIENT = Settings(lock_patience=0.0, min_rows_share=0.0)
COPYING = "select pid from pg_stat_progress_copy where datname = current_database()"


def rows_changed(load: Load) -> int:
    """Rows that the load inserted, updated or deleted."""
    return load.rows_inserted + load.rows_updated + load.rows_deleted


class DuringCopy:
    """A clock that stands still and, when the loader looks at it in its COPY, does something."""

    def __init__(self, database: Database, action: Callable[[int], None]) -> None:
        self.database = database
        self.action = action
        self.done = False

    def __call__(self) -> float:
        if not self.done:
            copying = self.database.query(COPYING)
            if copying:
                self.done = True
                self.action(copying[0][0])
        return 0.0


class LoadedWarehouse:
    """A database, a data folder, and a loader between them."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.settings = IMPATIENT

    def loader(self, during_copy: Callable[[int], None] | None = None) -> Loader:
        """A loader; `during_copy` is called once with the server's pid, in the midst of COPY."""
        if during_copy is None:
            return Loader(self.database.url, self.settings)
        return Loader(
            self.database.url, self.settings, clock=DuringCopy(self.database, during_copy)
        )

    def load(
        self,
        rows: Sequence[Row] | None = None,
        *,
        body: bytes | None = None,
        dataset: Dataset = RATINGS,
        force: bool = False,
        run_id: str = "manual",
        origin: str = ORIGIN,
        during_copy: Callable[[int], None] | None = None,
    ) -> LoadOutcome:
        """Write a file of `rows` (or `body` after the header) and load it."""
        path, entry = written(self.folder, dataset, rows, body=body)
        entry = replace(entry, origin=origin)
        loader = self.loader(during_copy)
        return loader.load(dataset, path, entry, force=force, run_id=run_id)

    def refresh(
        self,
        rows: Sequence[Row] | None = None,
        *,
        body: bytes | None = None,
        dataset: Dataset = RATINGS,
        origin: str = ORIGIN,
        during_copy: Callable[[int], None] | None = None,
    ) -> LoadOutcome:
        """As `load`, with the file that is there kept as the one before."""
        previous = self.folder / "previous.tsv.gz"
        (self.folder / dataset.file_name).replace(previous)
        path, entry = written(self.folder, dataset, rows, body=body)
        entry = replace(entry, origin=origin)
        return self.loader(during_copy).load(dataset, path, entry, previous=previous)

    def changes(self, dataset: Dataset = RATINGS) -> list[tuple[object, ...]]:
        r"""What the loads changed: load counted from 1, change, is_new, the row; null as `\N`."""
        columns = ", ".join(f"coalesce({column}, '\\N')" for column in dataset.table_columns)
        return self.database.query(
            f"select dense_rank() over (order by load_id), change, is_new, {columns} "
            f"from raw.{dataset.changes_table} order by load_id, {columns}, is_new"
        )

    def rows(self, dataset: Dataset = RATINGS) -> list[Row]:
        """What the raw table holds."""
        return loaded_rows(self.database, dataset)

    def ledger(self) -> list[tuple[object, ...]]:
        """The ledger without times: dataset, rows, inserted, updated, deleted, run."""
        return self.database.query(
            "select dataset, rows, rows_inserted, rows_updated, rows_deleted, run_id "
            "from meta.load_log order by load_id"
        )

    def kept(self) -> list[tuple[str, bool]]:
        """How each load was done, and whether its changes are kept."""
        return self.database.query(
            "select method, changes_kept from meta.load_log order by load_id"
        )
