"""The seven IMDb datasets, and the settings of a run as the environment gives them.

Adding a dataset is one entry in `DATASETS` (and its raw table and models). The columns are the
header lines of the files, documented at https://developer.imdb.com/non-commercial-datasets/.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from warehouse.errors import PermanentError
from warehouse.http.download_policy import USER_AGENT, DownloadPolicy
from warehouse.raw.dataset import Dataset
from warehouse.raw.load_policy import LoadPolicy
from warehouse.raw.settings import read_settings

SOURCE = "imdb"
PREFIX = "IMDB_"
IMDB_HOST = "datasets.imdbws.com"
IMDB_BASE_URL = f"https://{IMDB_HOST}"


# Timeouts allow about five times what the largest files take on a slow line (2 MB/s).
DATASETS: tuple[Dataset, ...] = (
    Dataset(
        SOURCE,
        "title.principals",
        ("tconst", "ordering", "nconst", "category", "job", "characters"),
        ("tconst", "ordering"),
        timedelta(hours=2),
    ),
    Dataset(
        SOURCE,
        "title.akas",
        (
            "titleId",
            "ordering",
            "title",
            "region",
            "language",
            "types",
            "attributes",
            "isOriginalTitle",
        ),
        ("titleId", "ordering"),
        timedelta(hours=2),
    ),
    Dataset(
        SOURCE,
        "name.basics",
        (
            "nconst",
            "primaryName",
            "birthYear",
            "deathYear",
            "primaryProfession",
            "knownForTitles",
        ),
        ("nconst",),
        timedelta(hours=1),
        integers=("birthYear", "deathYear"),
    ),
    Dataset(
        SOURCE,
        "title.basics",
        (
            "tconst",
            "titleType",
            "primaryTitle",
            "originalTitle",
            "isAdult",
            "startYear",
            "endYear",
            "runtimeMinutes",
            "genres",
        ),
        ("tconst",),
        timedelta(hours=1),
        integers=("isAdult", "startYear", "endYear", "runtimeMinutes"),
    ),
    Dataset(
        SOURCE, "title.crew", ("tconst", "directors", "writers"), ("tconst",), timedelta(hours=1)
    ),
    Dataset(
        SOURCE,
        "title.episode",
        ("tconst", "parentTconst", "seasonNumber", "episodeNumber"),
        ("tconst",),
        timedelta(minutes=30),
        integers=("seasonNumber", "episodeNumber"),
    ),
    Dataset(
        SOURCE,
        "title.ratings",
        ("tconst", "averageRating", "numVotes"),
        ("tconst",),
        timedelta(minutes=30),
        history=True,
        integers=("numVotes",),
        decimals=("averageRating",),
    ),
)

DATASET_NAMES: tuple[str, ...] = tuple(dataset.name for dataset in DATASETS)


def dataset_named(name: str) -> Dataset:
    """Return the dataset called `name` ("title.basics"); raise `PermanentError` for any other."""
    for dataset in DATASETS:
        if dataset.name == name:
            return dataset
    raise PermanentError(f"{name!r} is not a dataset; the seven are {', '.join(DATASET_NAMES)}.")


def origin_of(url: str) -> str:
    """Return the origin that an earlier version meant with `url`: IMDb, or a folder of a server."""
    address = urlsplit(url)
    host = address.hostname or ""
    if host == IMDB_HOST:
        return SOURCE
    return (address.path.split("/")[-2:-1] or [""])[0] or host


_ABOVE_ZERO = frozenset(
    {
        "connect_timeout",
        "read_timeout",
        "download_tries",
        "copy_connections",
        "keep_loads",
        "max_bytes",
        "max_ratio",
    }
)
# A share; and what a task, which may wait more than once, can wait for before its own timeout.
_AT_MOST = {"min_rows_share": 1, "lock_patience": 400}
_MOST_CONNECTIONS = 8


def _usable_cores() -> int:
    """The cores that this process may use, at most `_MOST_CONNECTIONS`."""
    if hasattr(os, "sched_getaffinity"):
        return min(_MOST_CONNECTIONS, len(os.sched_getaffinity(0)))
    return min(_MOST_CONNECTIONS, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run behaves. Every field is read from the environment variable `IMDB_<FIELD>`.

    Times are in seconds. `download_tries` counts the first try. Numbers are finite and not
    negative; the two timeouts, `download_tries`, `copy_connections`, `keep_loads`, `max_bytes` and
    `max_ratio` are above zero. `copy_connections` is how many sessions share one large file,
    `keep_loads` for how many loads of a dataset the change tables keep what changed.

    `source_name` names the place that `base_url` is: loads from one place are compared with each
    other, and have one history. Only IMDb's own address has a name without it.

    A file with fewer rows than `min_rows_share` (at most 1) of the last load from the same origin
    is held back. A file may have `max_bytes` as it comes and unpacked, and unpack to `max_ratio`
    times its size: the real ones of 2025 have up to 5e9 bytes, a quarter of them compressed. With
    `accept_added_columns` columns that are new at the end of a file are left out, not refused; with
    `accept_unended_files` a file may end without a line end.
    """

    base_url: str = IMDB_BASE_URL
    user_agent: str = USER_AGENT
    source_name: str = ""
    data_dir: Path = Path(".local/data")
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    download_tries: int = 5
    backoff_start: float = 1.0
    backoff_limit: float = 60.0
    min_rows_share: float = 0.95
    max_bytes: int = 32_000_000_000
    max_ratio: float = 40.0
    accept_added_columns: bool = False
    accept_unended_files: bool = False
    progress_every: float = 5.0
    lock_patience: float = 300.0
    copy_connections: int = field(default_factory=_usable_cores)
    keep_loads: int = 30

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the settings; raise `PermanentError` naming the variable that does not parse."""
        settings = read_settings(
            cls(), PREFIX, environment, above_zero=_ABOVE_ZERO, at_most=_AT_MOST
        )
        if "@" in urlsplit(settings.base_url).netloc:
            # The address is kept in the ledger and is in every message.
            raise PermanentError(
                "IMDB_BASE_URL must hold no user and no password. Put them into ~/.netrc, for the "
                "host of that address."
            )
        settings.origin  # noqa: B018 - raises where there is none
        return settings

    @property
    def origin(self) -> str:
        """The name of the place that the files come from.

        Raises `PermanentError` where the address is not IMDb's own and has no name.
        """
        if self.source_name:
            return self.source_name
        if urlsplit(self.base_url).hostname == IMDB_HOST:
            return SOURCE
        raise PermanentError(
            f"IMDB_BASE_URL is {self.base_url}, which is not IMDb's own address. Set "
            "IMDB_SOURCE_NAME to a name for this place, the same every day: files are compared "
            "with earlier ones from the same place."
        )

    @property
    def download_policy(self) -> DownloadPolicy:
        """How the generic download is to work."""
        return DownloadPolicy(
            connect_timeout=self.connect_timeout,
            read_timeout=self.read_timeout,
            tries=self.download_tries,
            backoff_start=self.backoff_start,
            backoff_limit=self.backoff_limit,
            max_bytes=self.max_bytes,
            settings_prefix=PREFIX,
            user_agent=self.user_agent,
        )

    @property
    def load_policy(self) -> LoadPolicy:
        """How the generic load is to work."""
        return LoadPolicy(
            lock_patience=self.lock_patience,
            copy_connections=self.copy_connections,
            keep_loads=self.keep_loads,
            min_rows_share=self.min_rows_share,
            progress_every=self.progress_every,
            settings_prefix=PREFIX,
        )

    def url_of(self, dataset: Dataset) -> str:
        """Where the dataset's file is fetched from."""
        return f"{self.base_url.rstrip('/')}/{dataset.file_name}"
