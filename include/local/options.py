"""What a user asks of a run: variables of the `make` command line, checked before any work."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from include.local.layout import Layout

SAMPLE, IMDB = "sample", "imdb"


@dataclass(frozen=True, slots=True)
class Options:
    """A run's options.

    `source` is `sample`, `imdb` or a folder, `source_name` its name if not the usual one.
    `datasets` is None for all. `day` and `titles` shape the sample. The five before `source_name`
    are parameters of the DAG.
    """

    layout: Layout
    source: str | Path
    datasets: tuple[str, ...] | None
    day: int
    titles: int
    force_download: bool
    force_transform: bool
    full_refresh: bool
    accept_shrink: tuple[str, ...] = ()
    accept_older: tuple[str, ...] = ()
    source_name: str | None = None

    @classmethod
    def of(
        cls, *, source: str | Path, day: int | None, titles: int | None,
        accept_shrink: tuple[str, ...] | None, accept_older: tuple[str, ...] | None, **others: Any,
    ) -> "Options":  # fmt: skip
        """Return the options from the values of `run_options`. Raises click.UsageError."""
        from include.sample.maker import DEFAULT_TITLES  # noqa: PLC0415 - takes 80 ms

        if source != SAMPLE and (day or titles):
            raise click.UsageError("DAY and TITLES shape the sample; leave them out with SOURCE=.")
        return cls(
            layout=Layout.of(),
            source=source,
            day=day or 1,
            titles=titles or DEFAULT_TITLES,
            accept_shrink=accept_shrink or (),
            accept_older=accept_older or (),
            **others,
        )


def _source(value: str) -> str | Path:
    folder = Path(value).expanduser().resolve()
    if value in (SAMPLE, IMDB) or folder.is_dir():
        return value if value in (SAMPLE, IMDB) else folder
    raise click.BadParameter(
        f"no such folder. SOURCE is {SAMPLE} (generated, the default), {IMDB} (the real files) or "
        "a folder of .tsv.gz files."
    )


def _datasets(value: str) -> tuple[str, ...]:
    from imdb_pipeline.config import DATASET_NAMES  # noqa: PLC0415 - takes 30 ms

    names = {name.strip() for name in value.split(",") if name.strip()}
    unknown = sorted(names - {*DATASET_NAMES})
    if unknown or not names:
        raise click.BadParameter(
            f"there is no {' and no '.join(unknown) or 'name in it'}. The datasets are "
            f"{', '.join(sorted(DATASET_NAMES))}, separated by commas."
        )
    return tuple(name for name in DATASET_NAMES if name in names)


def variable(name: str, kind: Any = str, **settings: Any) -> Callable[[Any], Any]:
    """Return the click option for the variable `name` of the `make` command line."""
    word = f"--{name.lower().replace('_', '-')}"
    return click.option(word, envvar=name, type=kind, show_envvar=True, **settings)


def run_options(verb: Callable[..., int]) -> Callable[..., int]:
    """Add the options of a run to a verb, which hands them to `Options.of`."""
    for option in (
        variable("SOURCE", _source, default=SAMPLE, metavar="sample|imdb|FOLDER"),
        variable("SOURCE_NAME"),
        variable("DATASETS", _datasets, metavar="NAMES"),
        variable("DAY", click.IntRange(min=1)),
        variable("TITLES", click.IntRange(min=1)),
        variable("FORCE_DOWNLOAD", bool, is_flag=True),
        variable("FORCE_TRANSFORM", bool, is_flag=True),
        variable("FULL_REFRESH", bool, is_flag=True),
        variable("ACCEPT_SHRINK", _datasets, metavar="NAMES"),
        variable("ACCEPT_OLDER", _datasets, metavar="NAMES"),
    ):
        verb = option(verb)
    return verb
