"""What a local run must know of a pipeline, and which pipelines a command is about."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from include.local.options import IMDB, TMDB, TRAKT, Options
from include.local.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Background:
    """A server of sample data for `make up`: the process `name` with its command.

    `environment` is what the tasks need in order to reach it.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]


class Source(Protocol):
    """What one pipeline reads: files or an API, the real ones or generated ones."""

    @property
    def pipeline(self) -> str:
        """The name of the pipeline, which is that of its source: imdb."""

    @property
    def title(self) -> str:
        """What is read, in words."""

    @property
    def absent(self) -> str:
        """What is asked for and not there, in words; empty where nothing is."""

    @property
    def kept(self) -> str:
        """What a run that failed leaves, as a sentence."""

    def require_loaded(self, warehouse: Warehouse) -> None:
        """Raise LocalError where the command names no source and another one was loaded last."""

    def make_ready(self) -> bool:
        """Make generated data where it is not there; return whether that was so."""

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the DAG's run."""

    def served(self, *, by_hand: bool = False) -> AbstractContextManager[dict[str, str]]:
        """Serve what is local while the context lasts; yield the environment of the tasks.

        With `by_hand` no port is remembered, and that of `make up` is left to it.
        """

    def background(self) -> Background | None:
        """Return the server for `make up`; None where nothing is local."""

    def environment(self) -> dict[str, str]:
        """Return the environment of the tasks where nothing is local."""

    def remarks(
        self, warehouse: Warehouse, manifest: Mapping[str, Any], *, good: bool
    ) -> list[str]:
        """Return blocks of text for the run's summary: what it left out, a look at the marts."""


def dag_of(pipeline: str) -> str:
    """Return the id of the pipeline's DAG."""
    return f"{pipeline}_pipeline"


def choose(options: Options) -> list[Source]:
    """Return what the options ask for, in the order of the runs; nothing is made yet.

    Raises LocalError.
    """
    from include.local.sources.imdb import ImdbFiles  # noqa: PLC0415 - imports this module
    from include.local.sources.tmdb import TmdbApi  # noqa: PLC0415
    from include.local.sources.trakt import TraktApi  # noqa: PLC0415

    makers: dict[str, Callable[[Options], Source]] = {
        IMDB: ImdbFiles.chosen,
        TMDB: TmdbApi.chosen,
        TRAKT: TraktApi.chosen,
    }
    return [makers[pipeline](options) for pipeline in options.pipelines]
