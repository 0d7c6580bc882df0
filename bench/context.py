"""What the sections share: the workspace, the files, how often to repeat, a published warehouse."""

import os
from dataclasses import dataclass, field

from bench.building import dbt_build, new_run_id, publish
from bench.files import Files
from bench.loading import load_all
from bench.workspace import Database, Workspace, progress
from include.local.layout import LocalError

LEAST_REPEATS = 3


@dataclass
class Bench:
    """One call of the benchmark."""

    space: Workspace
    files: Files
    repeats: int
    _ready: Database | None = field(default=None, init=False)

    def ready(self) -> Database:
        """Return the main database with the files loaded, built and published."""
        if self._ready is None:
            database = self.space.main()
            progress("loading, building and publishing the warehouse to ask")
            run_id = new_run_id("ready")
            load_all(database, self.files, run_id=run_id)
            dbt_build(self.space, database, run_id)
            publish(database, run_id)
            self._ready = database
        return self._ready


def repeats_asked() -> int:
    """Return REPEATS, 3 where it is not given; raise LocalError for fewer."""
    text = os.environ.get("REPEATS", "").strip() or str(LEAST_REPEATS)
    if not text.isdigit() or int(text) < LEAST_REPEATS:
        raise LocalError(f"REPEATS={text}: a median needs at least {LEAST_REPEATS}.")
    return int(text)
