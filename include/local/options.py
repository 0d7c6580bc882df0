"""What a person asked for: the variables of the `make` command line, checked before any work."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from imdb_pipeline.config import DATASET_NAMES
from include.local.layout import REPOSITORY, Layout, LocalError
from include.sample.maker import DEFAULT_TITLES

SAMPLE, IMDB = "sample", "imdb"
_YES = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}


@dataclass(frozen=True, slots=True)
class Options:
    """A run's options.

    `source` is `sample`, `imdb` or a folder; `datasets` None where none was named; `day` and
    `titles` shape the sample; `source_name` is what SOURCE_NAME calls the source; the others are
    parameters of the DAG.
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
    source_name: str = ""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Options":
        """Read and check the options; raises LocalError saying what is allowed."""

        def value(name: str) -> str:
            return environment.get(name, "").strip()

        source: str | Path = value("SOURCE") or SAMPLE
        if source not in (SAMPLE, IMDB):
            source = _folder(str(source))
        if source != SAMPLE and (value("DAY") or value("TITLES")):
            raise LocalError("DAY and TITLES shape the sample; leave them out with SOURCE=.")
        return cls(
            layout=layout_of(environment),
            source=source,
            datasets=_datasets("DATASETS", value("DATASETS")),
            day=_number("DAY", value("DAY"), 1),
            titles=_number("TITLES", value("TITLES"), DEFAULT_TITLES),
            force_download=_flag("FORCE_DOWNLOAD", value("FORCE_DOWNLOAD")),
            force_transform=_flag("FORCE_TRANSFORM", value("FORCE_TRANSFORM")),
            full_refresh=_flag("FULL_REFRESH", value("FULL_REFRESH")),
            accept_shrink=_datasets("ACCEPT_SHRINK", value("ACCEPT_SHRINK")) or (),
            source_name=value("SOURCE_NAME"),
        )


def layout_of(environment: Mapping[str, str]) -> Layout:
    """Return the installation that LOCAL_DIR names, else `.local` of the repository.

    Raises LocalError where the folder is something else.
    """
    name = environment.get("LOCAL_DIR", "").strip()
    layout = Layout(Path(name).expanduser().resolve() if name else REPOSITORY / ".local")
    layout.require_own()
    return layout


def _folder(name: str) -> Path:
    folder = Path(name).expanduser().resolve()
    if not folder.is_dir():
        raise LocalError(
            f"SOURCE={name}: no such folder. SOURCE is {SAMPLE} (made up, the default), {IMDB} "
            "(the real files) or a folder of .tsv.gz files."
        )
    return folder


def _datasets(variable: str, text: str) -> tuple[str, ...] | None:
    if not text:
        return None
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in DATASET_NAMES]
    if unknown or not names:
        raise LocalError(
            f"{variable}={text}: there is no {' and no '.join(unknown) or 'name in it'}. "
            f"The datasets are {', '.join(sorted(DATASET_NAMES))}, separated by commas."
        )
    return tuple(name for name in DATASET_NAMES if name in names)


def _number(name: str, text: str, default: int) -> int:
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise LocalError(f"{name}={text}: a whole number from 1 is needed, e.g. {name}={default}.")
    return int(text)


def _flag(name: str, text: str) -> bool:
    if text.lower() not in _YES:
        raise LocalError(f"{name}={text}: 1 or 0 is needed.")
    return _YES[text.lower()]
