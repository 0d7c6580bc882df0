"""Fixtures of all tests: a real Postgres, a source that misbehaves, a recording downloader."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

from tests.support.downloads import Workbench
from tests.support.loads import Warehouse
from tests.support.postgres import Cluster, Database, running_cluster
from tests.support.properties import load_profile
from tests.support.source import Source, running_source

if TYPE_CHECKING:
    from tests.support.dbt_scenes import Scenes

load_profile()

TELL_THE_STORY = {
    f"tests/e2e/test_{name}.py" for name in ("story", "commands", "leaks", "marts_agree")
}
# They take minutes each, and what is handed out last is best short.
LONGEST = [
    *("tests/e2e/test_story.py", "tests/e2e/test_up.py"),
    "tests/integration/dbt/test_incremental_equals_full.py",
    "tests/integration/dbt/test_rating_history.py",
]


FULL = bool(os.environ.get("FULL", "").strip())


def pytest_report_header() -> str:
    """Say whether the long tests run."""
    return f"tests marked full: {'run' if FULL else 'deselected (FULL=1 runs them)'}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests marked full unless FULL=1; put the longest files first."""
    if not FULL:
        long = [item for item in items if item.get_closest_marker("full")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if not item.get_closest_marker("full")]
    places = {path: place for place, path in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.nodeid.split("::", 1)[0], len(places)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Where processes share the tests, a file stays in one of them, and the story is told once."""
    return ByFile(config, log)


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """The files that look at the story go together."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.split("::", 1)[0]
        return "the story" if path in TELL_THE_STORY else path


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A running cluster for the whole session."""
    with running_cluster(tmp_path_factory.mktemp("postgres")) as cluster:
        yield cluster


@pytest.fixture
def database(postgres: Cluster) -> Iterator[Database]:
    """A database of the test's own: schemas, roles and empty tables as include/sql makes them."""
    with postgres.database() as fresh:
        yield fresh


@pytest.fixture
def source() -> Iterator[Source]:
    """A server of files on loopback that answers as the test says."""
    with running_source() as running:
        yield running


@pytest.fixture
def workbench(source: Source, tmp_path: Path) -> Workbench:
    """A downloader of `source` into an empty folder, with its cache and its pauses."""
    return Workbench(source.url, tmp_path / "data")


@pytest.fixture
def warehouse(database: Database, tmp_path: Path) -> Warehouse:
    """A loader into an empty warehouse."""
    return Warehouse(database, tmp_path)


@pytest.fixture(scope="session")
def dbt_scenes(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Scenes]":
    """A warehouse whose models are a load behind, and dbt's project, parsed once."""
    from tests.support.dbt_scenes import set_scenes  # dbt takes seconds to import

    with set_scenes(postgres, tmp_path_factory.mktemp("dbt-scenes")) as scenes:
        yield scenes
