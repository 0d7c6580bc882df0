"""What the sections share: workspace, files, number of repeats, a published warehouse."""

from dataclasses import dataclass, field

from bench.building import dbt_build, new_run_id, publish
from bench.files import SampleFiles
from bench.loading import load_all
from bench.workspace import BenchDatabase, Workspace, progress


@dataclass
class Bench:
    """One call of the benchmark."""

    space: Workspace
    files: SampleFiles
    repeats: int
    _ready: BenchDatabase | None = field(default=None, init=False)

    def ready(self) -> BenchDatabase:
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
