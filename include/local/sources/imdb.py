"""IMDb's seven files: generated ones, those of a folder, or the real ones."""

import hashlib
import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from imdb_pipeline.config import DATASET_NAMES, Settings, dataset_named
from imdb_pipeline.config import SOURCE as PIPELINE
from include.local import project
from include.local.layout import (
    LOOPBACK,
    REPOSITORY,
    LocalError,
    Ports,
    locked,
    read_text,
    run_logged,
)
from include.local.options import IMDB, SAMPLE, Options
from include.local.sources.source import Background
from include.local.summary import Film, LeftOut, render_films, render_left_out
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


_SERVER = "source"  # its name among processes and ports
_FILMS = """
    select primary_title, start_year, average_rating, num_votes, weighted_score
    from mart_top_titles
    where title_type = 'movie' and num_votes >= 10000 and not is_adult
    order by weighted_score desc
    limit 5
"""
_LAST_LOADS = """
    select dataset, max(loaded_at)::timestamptz(0)::text
    from meta.load_log
    where source = %s
    group by dataset
"""


@dataclass(frozen=True, slots=True)
class ImdbFiles:
    """A run's files: those of `folder`, or those of IMDb where it is None.

    `datasets` are the ones to run; `lacking` those that the folder does not have; `name` is the
    origin that the ledger notes: files are compared with those of the same name.
    """

    options: Options
    folder: Path | None
    datasets: tuple[str, ...]
    title: str
    name: str
    lacking: tuple[str, ...] = ()
    pipeline: str = field(default=PIPELINE, init=False)

    @classmethod
    def chosen(cls, options: Options) -> "ImdbFiles":
        """Return what the options ask for; nothing is made yet. Raises LocalError."""
        wanted = options.datasets or DATASET_NAMES
        if options.source == IMDB:
            named = {"IMDB_SOURCE_NAME": options.source_name} if options.source_name else {}
            try:
                settings = Settings.from_environment({**os.environ, **named})
            except PermanentError as error:
                raise LocalError(str(error)) from None
            return cls(options, None, wanted, settings.base_url, settings.origin)
        if options.source == SAMPLE:
            folder = options.layout.sample / f"day-{options.day}-{options.titles}"
            title = f"sample of {options.titles:,} titles, day {options.day}"
            # Samples of other sizes are other people and titles.
            name = options.source_name or f"{SAMPLE}-{options.titles}"
            return cls(options, folder, wanted, title, name)
        folder = Path(options.source)
        lacking = _lacking(folder, wanted, named=options.datasets or ())
        present = tuple(name for name in wanted if name not in lacking)
        name = options.source_name or origin_of(folder)
        return cls(options, folder, present, str(folder), name, lacking)

    @property
    def absent(self) -> str:
        """The datasets that the folder does not have."""
        return ", ".join(self.lacking)

    @property
    def kept(self) -> str:
        """A load is complete or did not happen."""
        return "Each raw table is completely old or completely new."

    def require_loaded(self, warehouse: Warehouse) -> None:
        """Raise LocalError where nothing names the source and other files were loaded last."""
        query = """
            select origin from meta.load_log where source = %s order by load_id desc limit 1
        """
        newest = [] if self.options.named else rows(warehouse.url, query, PIPELINE)
        loaded = next(iter(newest), None)
        if loaded and loaded[0] not in (None, self.name):
            raise LocalError(
                f"The files in the warehouse are of {loaded[0]}, and this command would replace "
                f"them by those of {self.name}: say SOURCE= (or TITLES= and DAY= of the sample)."
            )

    def make_ready(self) -> bool:
        """Make the sample where it is not there; return whether it was made. Raises LocalError."""
        options, folder = self.options, self.folder
        if options.source != SAMPLE or folder is None:
            return False
        digest = hashlib.sha256()
        for path in sorted((REPOSITORY / "include" / "sample").glob("*.py")):
            digest.update(path.read_bytes())
        stamp = folder / "maker.sha256"
        options.layout.sample.mkdir(parents=True, exist_ok=True)
        with locked(options.layout.sample / ".lock"):
            if (folder / MANIFEST).exists() and read_text(stamp) == digest.hexdigest():
                return False
            log = options.layout.logs / "sample.log"
            jobs = max(1, min(4, (os.cpu_count() or 2) - 1))
            command = [
                sys.executable, "-m", "include.sample", "make", "--out", str(folder),
                "--titles", str(options.titles), "--day", str(options.day), "--jobs", str(jobs),
            ]  # fmt: skip
            run_logged(command, log, "making the sample", os.environ)
            stamp.write_text(digest.hexdigest(), "utf-8")
        return True

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the DAG's run."""
        options = self.options
        return {
            "datasets": list(self.datasets),
            "accept_shrink": list(options.accept_shrink),
            "accept_older": list(options.accept_older),
            "force_download": options.force_download,
            "force_transform": options.force_transform,
            "full_refresh": options.full_refresh,
        }

    @contextmanager
    def served(self, *, by_hand: bool = False) -> Iterator[dict[str, str]]:
        """Serve the folder while the context lasts; yield the environment of the tasks.

        The port is that of last time; with `by_hand` it is left to `make up` where that has it,
        and no other is remembered.
        """
        if self.folder is None:
            yield self._environment(self.title)
            return
        ports = Ports(self.options.layout)
        port = ports.spare(_SERVER) if by_hand else ports.free(_SERVER)
        with SourceServer(self.folder, port, self.name) as server:
            yield self._environment(server.base_url)

    def background(self) -> Background | None:
        """Return the server of the folder for `make up`; None for IMDb's own files."""
        if self.folder is None:
            return None
        port = Ports(self.options.layout).free(_SERVER)
        command = [
            sys.executable, "-m", "include.sample", "serve", str(self.folder),
            "--port", str(port), "--name", self.name,
        ]  # fmt: skip
        address = f"http://{LOOPBACK}:{port}/{quote(self.name)}"
        return Background(_SERVER, command, self._environment(address))

    def environment(self) -> dict[str, str]:
        """Return the environment of the tasks for IMDb's own files."""
        return self._environment(self.title)

    def _environment(self, base_url: str) -> dict[str, str]:
        return {"IMDB_BASE_URL": base_url, "IMDB_SOURCE_NAME": self.name}

    def remarks(
        self, warehouse: Warehouse, manifest: Mapping[str, Any], *, good: bool
    ) -> list[str]:
        """Return what the run left out, and the best films where it was `good`."""
        names = [name for name in DATASET_NAMES if name not in self.datasets]
        loads = dict(rows(warehouse.url, _LAST_LOADS, PIPELINE)) if names else {}
        left_out = [
            LeftOut(
                name,
                loads.get(name),
                tuple(project.models_over(manifest, [dataset_named(name).table])),
            )
            for name in names
        ]
        films = [
            Film(title, year, float(rating), votes, float(score))
            for title, year, rating, votes, score in (
                rows(warehouse.analyst_url, _FILMS) if good else ()
            )
        ]
        return [*render_left_out(left_out), *render_films(films)]


def _lacking(folder: Path, wanted: tuple[str, ...], named: tuple[str, ...]) -> tuple[str, ...]:
    """Return the datasets that the folder does not have.

    Raises LocalError where one is `named`, none is there, or one is there but not compressed.
    """
    lacking = tuple(
        name for name in DATASET_NAMES if not (folder / dataset_named(name).file_name).is_file()
    )
    plain = [
        str(path)
        for path in (folder / f"{name}.tsv" for name in wanted if name in lacking)
        if path.is_file()
    ]
    if plain:
        raise LocalError(
            f"SOURCE={folder} has {', '.join(plain)} and no .tsv.gz of it. Compress it first: "
            f"gzip -k {shlex.join(plain)}"
        )
    missing = [name for name in named if name in lacking]
    if missing or len(lacking) == len(DATASET_NAMES):
        files = ", ".join(f"{name}.tsv.gz" for name in missing or DATASET_NAMES)
        raise LocalError(f"SOURCE={folder} has no {files}.")
    return lacking


def origin_of(folder: Path) -> str:
    """Return the name of a folder without dates: folders of several days are one origin.

    `/files/2026-11-01` and `/files/2026-11-02` are `files`; `imdb_20261101` is `imdb`.
    """
    for part in (folder.name, *(parent.name for parent in folder.parents)):
        name = _DATE.sub("", part).strip("-_. ")
        if name and not _NUMBERS.fullmatch(name):
            return name
    return "folder"
