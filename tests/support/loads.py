"""Loads of the tests, and things that happen in the middle of one."""

from collections.abc import Callable, Sequence
from pathlib import Path

from imdb_pipeline.config import Dataset, Settings
from imdb_pipeline.loader import Loader, LoadOutcome
from tests.support.postgres import Database
from tests.support.snapshots import RATINGS, Row, loaded_rows, written

# One try of a fifth of a second for a table lock.
IMPATIENT = Settings(lock_patience=0.0)
COPYING = "select pid from pg_stat_progress_copy where datname = current_database()"


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


class Warehouse:
    """A database, a data folder, and a loader between them."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder

    def loader(self, during_copy: Callable[[int], None] | None = None) -> Loader:
        """A loader; `during_copy` is called once with the server's pid, in the midst of COPY."""
        if during_copy is None:
            return Loader(self.database.url, IMPATIENT)
        return Loader(self.database.url, IMPATIENT, clock=DuringCopy(self.database, during_copy))

    def load(
        self,
        rows: Sequence[Row] | None = None,
        *,
        body: bytes | None = None,
        dataset: Dataset = RATINGS,
        force: bool = False,
        run_id: str = "manual",
        during_copy: Callable[[int], None] | None = None,
    ) -> LoadOutcome:
        """Write a file of `rows` (or `body` after the header) and load it."""
        path, entry = written(self.folder, dataset, rows, body=body)
        loader = self.loader(during_copy)
        return loader.load(dataset, path, entry, force=force, run_id=run_id)

    def rows(self, dataset: Dataset = RATINGS) -> list[Row]:
        """What the raw table holds."""
        return loaded_rows(self.database, dataset)

    def ledger(self) -> list[tuple[object, ...]]:
        """The ledger without times: dataset, rows, inserted, updated, deleted, run."""
        return self.database.query(
            "select dataset, rows, rows_inserted, rows_updated, rows_deleted, run_id "
            "from meta.load_log order by load_id"
        )
