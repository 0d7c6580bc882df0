"""Where a run's files come from: a made sample, a folder, or IMDb."""

import hashlib
import os
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from imdb_pipeline.config import DATASET_NAMES, Settings, dataset_named
from include.local.layout import (
    REPOSITORY,
    Layout,
    LocalError,
    Ports,
    locked,
    read_text,
    run_logged,
)
from include.local.options import IMDB, SAMPLE, Options
from include.local.warehouse import Warehouse, rows
from include.sample.maker import MANIFEST
from include.sample.server import SourceServer
from warehouse.errors import PermanentError

# A date in a name: 2026-11-01, 20261101, 2026_11, with or without a time.
_DATE = re.compile(
    r"(?<!\d)(19|20)\d\d[-_.]?(0[1-9]|1[0-2])([-_.]?(0[1-9]|[12]\d|3[01]))?"
    r"([T_-]?\d\d([-:]?\d\d){1,2}Z?)?(?!\d)"
)
_NUMBERS = re.compile(r"[\d._-]+")


@dataclass(frozen=True, slots=True)
class Source:
    """A run's files: those of `folder`, or those of IMDb where it is None.

    `datasets` are the ones to run; `absent` those that the folder lacks; `name` is the origin that
    the ledger notes: files are compared with those of the same name.
    """

    folder: Path | None
    datasets: tuple[str, ...]
    absent: tuple[str, ...]
    title: str
    name: str


def choose(options: Options) -> Source:
    """Return what the options ask for; nothing is made yet. Raises LocalError."""
    wanted = options.datasets or DATASET_NAMES
    if options.source == IMDB:
        named = {"IMDB_SOURCE_NAME": options.source_name} if options.source_name else {}
        try:
            settings = Settings.from_environment({**os.environ, **named})
        except PermanentError as error:
            raise LocalError(str(error)) from None
        return Source(None, wanted, (), settings.base_url, settings.origin)
    if options.source == SAMPLE:
        folder = options.layout.sample / f"day-{options.day}-{options.titles}"
        title = f"sample of {options.titles:,} titles, day {options.day}"
        # Samples of other sizes are other people and titles.
        name = options.source_name or f"{SAMPLE}-{options.titles}"
        return Source(folder, wanted, (), title, name)
    folder = Path(options.source)
    absent = tuple(
        name for name in DATASET_NAMES if not (folder / dataset_named(name).file_name).is_file()
    )
    plain = [
        str(path)
        for path in (folder / f"{name}.tsv" for name in wanted if name in absent)
        if path.is_file()
    ]
    if plain:
        raise LocalError(
            f"SOURCE={folder} has {', '.join(plain)} and no .tsv.gz of it. Compress it first: "
            f"gzip -k {shlex.join(plain)}"
        )
    missing = [name for name in options.datasets or () if name in absent]
    if missing or len(absent) == len(DATASET_NAMES):
        files = ", ".join(f"{name}.tsv.gz" for name in missing or DATASET_NAMES)
        raise LocalError(f"SOURCE={folder} has no {files}.")
    present = tuple(name for name in wanted if name not in absent)
    return Source(folder, present, absent, str(folder), options.source_name or origin_of(folder))


def origin_of(folder: Path) -> str:
    """Return the name of a folder without dates: folders of several days are one origin.

    `/files/2026-11-01` and `/files/2026-11-02` are `files`; `imdb_20261101` is `imdb`.
    """
    for part in (folder.name, *(parent.name for parent in folder.parents)):
        name = _DATE.sub("", part).strip("-_. ")
        if name and not _NUMBERS.fullmatch(name):
            return name
    return "folder"


def require_loaded(options: Options, source: Source, warehouse: Warehouse) -> None:
    """Raise LocalError where nothing names the source and the files loaded last are of another."""
    query = "select origin from meta.load_log where source = 'imdb' order by load_id desc limit 1"
    loaded = None if options.named else next(iter(rows(warehouse.url, query)), None)
    if loaded and loaded[0] not in (None, source.name):
        raise LocalError(
            f"The files in the warehouse are of {loaded[0]}, and this command would replace them "
            f"by those of {source.name}: say SOURCE= (or TITLES= and DAY= of the sample)."
        )


def make_ready(options: Options, source: Source) -> bool:
    """Make the sample where it is not there; return whether it was made. Raises LocalError."""
    if options.source != SAMPLE or source.folder is None:
        return False
    digest = hashlib.sha256()
    for path in sorted((REPOSITORY / "include" / "sample").glob("*.py")):
        digest.update(path.read_bytes())
    stamp = source.folder / "maker.sha256"
    options.layout.sample.mkdir(parents=True, exist_ok=True)
    with locked(options.layout.sample / ".lock"):
        if (source.folder / MANIFEST).exists() and read_text(stamp) == digest.hexdigest():
            return False
        log = options.layout.logs / "sample.log"
        jobs = max(1, min(4, (os.cpu_count() or 2) - 1))
        command = [
            sys.executable, "-m", "include.sample", "make", "--out", str(source.folder),
            "--titles", str(options.titles), "--day", str(options.day), "--jobs", str(jobs),
        ]  # fmt: skip
        run_logged(command, log, "making the sample", os.environ)
        stamp.write_text(digest.hexdigest(), "utf-8")
    return True


@contextmanager
def served(layout: Layout, source: Source, *, by_hand: bool = False) -> Iterator[str]:
    """Yield the base URL of the source's files; a folder is served while the context lasts.

    The port is that of last time; with `by_hand` it is left to `make up` where that has it, and no
    other is remembered.
    """
    if source.folder is None:
        yield source.title
        return
    ports = Ports(layout)
    port = ports.spare("source") if by_hand else ports.free("source")
    with SourceServer(source.folder, port, source.name) as server:
        yield server.base_url
