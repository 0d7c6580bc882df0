"""Makes the seven files of a sample, for any day, at any size, window by window.

    manifest = make_sample(Path("sample"), titles=20_000, day=2)

The memory needed does not grow with the number of titles.
"""

import json
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from include.sample.days import advance
from include.sample.rows import DATASETS, Lines, key_of
from include.sample.universe import Universe
from include.sample.window import Window
from include.sample.writer import DatasetWriter, sha256_of

DEFAULT_TITLES = 20_000
DEFAULT_SEED = 7
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Delta:
    """Rows of one dataset against the day before, by key; all 0 on day 1."""

    added: int = 0
    changed: int = 0
    removed: int = 0

    def __add__(self, other: "Delta") -> "Delta":
        """Return both together."""
        return Delta(
            self.added + other.added, self.changed + other.changed, self.removed + other.removed
        )


@dataclass(frozen=True)
class DatasetFacts:
    """What one file holds."""

    rows: int
    """Without the header."""
    bytes: int
    """Of the compressed file."""
    sha256: str
    """Of the compressed file; depends on the zlib in use."""
    content_sha256: str
    """Of the text inside; the same everywhere."""
    added: int
    changed: int
    removed: int


@dataclass(frozen=True)
class SampleManifest:
    """What was made; also written as manifest.json beside the files."""

    titles: int
    day: int
    seed: int
    datasets: dict[str, DatasetFacts]

    @classmethod
    def load(cls, folder: Path) -> "SampleManifest":
        """Read the manifest of a sample. Raises FileNotFoundError if there is none."""
        found = json.loads((folder / MANIFEST).read_text("utf-8"))
        facts = {name: DatasetFacts(**values) for name, values in found.pop("datasets").items()}
        return cls(**found, datasets=facts)


def make_sample(
    out: Path, titles: int = DEFAULT_TITLES, day: int = 1, seed: int = DEFAULT_SEED, jobs: int = 1
) -> SampleManifest:
    """Write the seven files and manifest.json into `out` (made if missing) and return the manifest.

    `titles` counts those of day 1. The same arguments give the same text in every file; `jobs` is
    the number of processes and changes only the speed. Files appear complete, by rename, when all
    seven are done. Raises ValueError for a size or a day that cannot be made.
    """
    if day < 1:
        raise ValueError(f"day must be 1 or later, not {day}")
    universe = Universe(seed, titles)
    out.mkdir(parents=True, exist_ok=True)
    deltas = dict.fromkeys(DATASETS, Delta())
    with ExitStack() as stack:
        writers = {
            name: stack.enter_context(DatasetWriter(out, name, universe.windows))
            for name in DATASETS
        }
        for lines, changes in _windows(universe, day, jobs):
            for name, writer in writers.items():
                writer.write(lines[name])
                deltas[name] += changes[name]
        for writer in writers.values():
            writer.finish()
        (out / MANIFEST).unlink(missing_ok=True)  # never beside files of another day
        for writer in writers.values():
            writer.publish()
    facts = {
        name: DatasetFacts(
            rows=writer.rows,
            bytes=writer.path.stat().st_size,
            sha256=sha256_of(writer.path),
            content_sha256=writer.content_hash.hexdigest(),
            **asdict(deltas[name]),
        )
        for name, writer in writers.items()
    }
    manifest = SampleManifest(titles, day, seed, facts)
    (out / MANIFEST).write_text(json.dumps(asdict(manifest), indent=2) + "\n", "utf-8")
    return manifest


def make_window(universe: Universe, day: int, number: int) -> tuple[Lines, dict[str, Delta]]:
    """Return one window's lines as of `day`, and what changed since the day before."""
    window = Window(universe, number)
    for _ in range(2, day):
        advance(window)
    lines = window.lines()
    if day == 1:
        return lines, dict.fromkeys(DATASETS, Delta())
    before = lines
    advance(window)
    lines = window.lines()
    return lines, {name: _delta(name, before[name], lines[name]) for name in DATASETS}


def _delta(dataset: str, before: list[str], after: list[str]) -> Delta:
    old, new = set(before), set(after)
    left = {key_of(dataset, line) for line in old - new}
    came = {key_of(dataset, line) for line in new - old}
    return Delta(len(came - left), len(came & left), len(left - came))


def _windows(universe: Universe, day: int, jobs: int) -> Iterator[tuple[Lines, dict[str, Delta]]]:
    make = partial(make_window, universe, day)
    if jobs == 1:
        yield from map(make, range(universe.windows))
        return
    # A few windows ahead of the writing and no more, so that memory stays bounded.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        ahead: deque[Future[tuple[Lines, dict[str, Delta]]]] = deque()
        for number in range(universe.windows):
            ahead.append(pool.submit(make, number))
            if len(ahead) > 2 * jobs:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
