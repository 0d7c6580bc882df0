"""What the sections share: workspace, files, number of repeats, a published warehouse."""

from dataclasses import dataclass, field
from functools import cached_property

from bench.files import SampleFiles, sample_files
from bench.runs import make_run
from bench.workspace import BenchDatabase, Workspace, progress


@dataclass
class Bench:
    """One call of the benchmark."""

    space: Workspace
    titles: int
    repeats: int
    _ready: BenchDatabase | None = field(default=None, init=False)

    @cached_property
    def files(self) -> SampleFiles:
        """The seven files of IMDb's sample, made where a section needs them."""
        return sample_files()

    def ready(self) -> BenchDatabase:
        """Return the main database after a first `make run` over the files."""
        if self._ready is None:
            progress("make run: a published warehouse")
            make_run(self.space, self.files)
            self._ready = self.space.main()
        return self._ready
