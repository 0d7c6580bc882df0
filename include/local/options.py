"""What a user asks of a run: variables of the `make` command line, checked before any work."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from include.local.layout import Layout, read_json, write_private

SAMPLE, IMDB, TMDB, TRAKT = "sample", "imdb", "tmdb", "trakt"
PIPELINES = (IMDB, TMDB, TRAKT)
KINDS = ("movie", "tv", "person")


@dataclass(frozen=True, slots=True)
class Options:
    """A run's options.

    `pipelines` are run one after the other. `source` is what they read: `sample`, the name of a
    pipeline for the real one, or a folder of IMDb's files; `source_name` is its name if not the
    usual one. `day` and `titles` shape the sample. `named` is whether the user named the source or
    the sample's shape; if not, the source is that of the last run. The others are parameters of the
    DAGs; `datasets`, `kinds`, `pages` and `backfill` are None for the usual ones.
    """

    layout: Layout
    pipelines: tuple[str, ...]
    source: str | Path
    datasets: tuple[str, ...] | None
    day: int
    titles: int
    force_download: bool
    force_transform: bool
    full_refresh: bool
    accept_shrink: tuple[str, ...] = ()
    accept_older: tuple[str, ...] = ()
    kinds: tuple[str, ...] | None = None
    pages: int | None = None
    backfill: int | None = None
    ingest: bool = True
    dry_run: bool = False
    source_name: str | None = None
    named: bool = True

    @classmethod
    def of(
        cls, *, pipelines: tuple[str, ...] | None, source: str | Path | None, day: int | None,
        titles: int | None, accept_shrink: tuple[str, ...] | None,
        accept_older: tuple[str, ...] | None, source_name: str | None, **others: Any,
    ) -> "Options":  # fmt: skip
        """Return the options from the values of `run_options`. Raises click.UsageError."""
        from include.sample.maker import DEFAULT_TITLES  # noqa: PLC0415 - takes 80 ms

        if source not in (None, SAMPLE) and (day or titles):
            raise click.UsageError("DAY and TITLES shape the sample; leave them out with SOURCE=.")
        layout, named = Layout.of(), bool(source or day or titles)
        last = {} if source else _last_source(layout)
        if (day or titles) and last.get("source") != SAMPLE:
            last = {}
        source = source or last.get("source") or SAMPLE
        usual = _readers(source)
        if others.get("datasets") or accept_shrink or accept_older:
            usual = (IMDB,)
        return cls(
            layout=layout,
            pipelines=_checked(pipelines or usual, source),
            source=source,
            day=day or (None if titles else last.get("day")) or 1,
            titles=titles or last.get("titles") or DEFAULT_TITLES,
            accept_shrink=accept_shrink or (),
            accept_older=accept_older or (),
            source_name=source_name or (None if titles else last.get("source_name")),
            named=named,
            **others,
        )

    def remember(self) -> None:
        """Keep the source for the next command that names none."""
        kept: dict[str, Any] = {"source": str(self.source), "source_name": self.source_name}
        if self.source == SAMPLE:
            kept |= {"day": self.day, "titles": self.titles}
        write_private(self.layout.root / "source.json", json.dumps(kept))


def _readers(source: str | Path) -> tuple[str, ...]:
    """Return the pipelines that can read `source`: all read the sample, a folder is IMDb's."""
    if source == SAMPLE:
        return PIPELINES
    return (str(source),) if source in PIPELINES else (IMDB,)


def _checked(pipelines: tuple[str, ...], source: str | Path) -> tuple[str, ...]:
    others = [name for name in pipelines if name not in _readers(source)]
    if others:
        raise click.UsageError(
            f"The pipeline {' and '.join(others)} does not read SOURCE={source}: run it by a "
            f"command of its own, with SOURCE={SAMPLE} or SOURCE={others[0]}."
        )
    return pipelines


def _last_source(layout: Layout) -> dict[str, Any]:
    try:
        found = read_json(layout.root / "source.json")
        return found and found | {"source": _source(found["source"])}
    except (KeyError, click.BadParameter) as error:
        raise click.UsageError(f"The source of the last run ({error}); say SOURCE=.") from None


def _source(value: str) -> str | Path:
    folder = Path(value).expanduser().resolve()
    if value in (SAMPLE, *PIPELINES) or folder.is_dir():
        return value if value in (SAMPLE, *PIPELINES) else folder
    raise click.BadParameter(
        f"no such folder. SOURCE is {SAMPLE} (generated, the default), {IMDB} (the real files), "
        f"{TMDB} or {TRAKT} (the real APIs), or a folder of .tsv.gz files."
    )


def _datasets(value: str) -> tuple[str, ...]:
    from imdb_pipeline.config import DATASET_NAMES  # noqa: PLC0415 - takes 30 ms

    return _names(value, "datasets", DATASET_NAMES)


def _pipelines(value: str) -> tuple[str, ...]:
    return _names(value, "pipelines", PIPELINES)


def _kinds(value: str) -> tuple[str, ...]:
    return _names(value, "kinds", KINDS)


def _names(value: str, what: str, known: Sequence[str]) -> tuple[str, ...]:
    names = {name.strip() for name in value.split(",") if name.strip()}
    unknown = sorted(names - {*known})
    if unknown or not names:
        raise click.BadParameter(
            f"there is no {' and no '.join(unknown) or 'name in it'}. The {what} are "
            f"{', '.join(sorted(known))}, separated by commas."
        )
    return tuple(name for name in known if name in names)


def variable(name: str, kind: Any = str, **settings: Any) -> Callable[[Any], Any]:
    """Return the click option for the variable `name` of the `make` command line."""
    word = f"--{name.lower().replace('_', '-')}"
    return click.option(word, envvar=name, type=kind, show_envvar=True, **settings)


def run_options(verb: Callable[..., int]) -> Callable[..., int]:
    """Add the options of a run to a verb, which hands them to `Options.of`."""
    for option in (
        variable("PIPELINES", _pipelines, metavar="NAMES"),
        variable("SOURCE", _source, metavar="|".join((SAMPLE, *PIPELINES, "FOLDER"))),
        variable("SOURCE_NAME"),
        variable("DATASETS", _datasets, metavar="NAMES"),
        variable("DAY", click.IntRange(min=1)),
        variable("TITLES", click.IntRange(min=1)),
        variable("FORCE_DOWNLOAD", bool, is_flag=True),
        variable("FORCE_TRANSFORM", bool, is_flag=True),
        variable("FULL_REFRESH", bool, is_flag=True),
        variable("ACCEPT_SHRINK", _datasets, metavar="NAMES"),
        variable("ACCEPT_OLDER", _datasets, metavar="NAMES"),
        variable("KINDS", _kinds, metavar="NAMES"),
        variable("PAGES", click.IntRange(1, 500)),
        variable("BACKFILL", click.IntRange(min=0)),
        variable("INGEST", bool, default=True),
        variable("DRY_RUN", bool, is_flag=True),
    ):
        verb = option(verb)
    return verb
