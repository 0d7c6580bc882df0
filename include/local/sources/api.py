"""An API that a run asks: the server of a generated universe, or the real one."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, Protocol, Self

from include.local.layout import LOOPBACK, LocalError, Ports
from include.local.options import SAMPLE, Options
from include.local.sources.source import Background
from include.local.warehouse import Warehouse, rows
from include.sample.api.server import SampleApiServer
from warehouse.errors import PermanentError


class ApiSettings(Protocol):
    """The settings of a source that reads an API."""

    @property
    def base_url(self) -> str:
        """Where the API is."""

    @property
    def origin(self) -> str:
        """The name of that place."""

    @property
    def api_policy(self) -> Any:
        """How it is asked; raises `PermanentError` without a key."""


@dataclass(frozen=True, slots=True)
class ApiSource(ABC):
    """The API of one pipeline: the real one, or with `is_sample` that of a generated universe.

    `title` is what is asked, in words; `name` is the name of the place that answers.
    """

    options: Options
    is_sample: bool
    title: str
    name: str

    pipeline: ClassVar[str]
    label: ClassVar[str]
    """How people call the source: TMDb."""
    base_path: ClassVar[str] = ""
    """What the address of the API has after its host and port."""

    @classmethod
    def chosen(cls, options: Options) -> Self:
        """Return what the options ask for. Raises LocalError without a key for the real API."""
        if options.source == SAMPLE:
            title = f"{cls.label}'s sample of {options.titles:,} titles, day {options.day}"
            return cls(options, True, title, options.source_name or f"{SAMPLE}-{options.titles}")
        try:
            settings = cls.settings()
            settings.api_policy  # noqa: B018 - raises without a key
        except PermanentError as error:
            raise LocalError(str(error)) from None
        return cls(options, False, settings.base_url, options.source_name or settings.origin)

    @classmethod
    @abstractmethod
    def settings(cls) -> ApiSettings:
        """Return the settings of the environment; raise `PermanentError` where they are wrong."""

    @abstractmethod
    def server(self, port: int, today: date) -> SampleApiServer:
        """Return the server of the sample, which has no limit."""

    @abstractmethod
    def sample_environment(self) -> dict[str, str]:
        """Return what the tasks need for the sample, beside its address and its name."""

    @property
    def absent(self) -> str:
        """An API has everything."""
        return ""

    @property
    def kept(self) -> str:
        """Each answer is committed at once."""
        return f"What {self.label} answered is kept and is not asked for again."

    def require_loaded(self, warehouse: Warehouse) -> None:
        """Raise LocalError where nothing names the source and another one was asked last."""
        query = """
            select origin from meta.load_log where source = %s order by load_id desc limit 1
        """
        newest = [] if self.options.named else rows(warehouse.url, query, self.pipeline)
        asked = next(iter(newest), None)
        if asked and asked[0] not in (None, self.name):
            raise LocalError(
                f"{self.label}'s answers in the warehouse are of {asked[0]}, and this command "
                f"would mix them with those of {self.name}: say SOURCE=."
            )

    def make_ready(self) -> bool:
        """Nothing is made before it is asked for."""
        return False

    @contextmanager
    def served(self, *, by_hand: bool = False) -> Iterator[dict[str, str]]:
        """Serve the sample while the context lasts; yield the environment of the tasks."""
        if not self.is_sample:
            yield self.environment()
            return
        ports, name = Ports(self.options.layout), f"{self.pipeline}-api"
        port = ports.spare(name) if by_hand else ports.free(name)
        with self.server(port, self._date_of_day()) as server:
            yield self._environment(server.base_url) | self.sample_environment()

    def background(self) -> Background | None:
        """Return the server of the sample for `make up`; None for the real API."""
        if not self.is_sample:
            return None
        name = f"{self.pipeline}-api"  # its name among processes and ports
        port = Ports(self.options.layout).free(name)
        command = [
            sys.executable, "-m", "include.sample", self.pipeline, "--port", str(port),
            "--titles", str(self.options.titles), "--day", str(self.options.day),
            "--today", self._date_of_day().isoformat(), "--unlimited",
        ]  # fmt: skip
        address = f"http://{LOOPBACK}:{port}{self.base_path}"
        return Background(name, command, self._environment(address) | self.sample_environment())

    def environment(self) -> dict[str, str]:
        """Return the environment of the tasks for the real API; the key is in it already."""
        return self._environment(self.title)

    def _environment(self, base_url: str) -> dict[str, str]:
        prefix = self.pipeline.upper()
        return {f"{prefix}_BASE_URL": base_url, f"{prefix}_SOURCE_NAME": self.name}

    def _date_of_day(self) -> date:
        """Return the date of the sample's day: day 1 is today (UTC), day 2 tomorrow."""
        return datetime.now(UTC).date() + timedelta(days=self.options.day - 1)


def given(**parameters: Any) -> dict[str, Any]:
    """Return the parameters of a DAG's run that have a value."""
    return {name: value for name, value in parameters.items() if value is not None}
