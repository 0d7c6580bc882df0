"""Fixtures of all tests: a real Postgres, a file server with faults, a recording downloader."""

import os
from collections.abc import Generator, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

from tests.support.downloads import Workbench
from tests.support.loads import LoadedWarehouse
from tests.support.postgres import Cluster, Database, running_cluster
from tests.support.properties import load_profile
from tests.support.source import FaultySource, running_source
from tests.support.tracing import without_coverage

if TYPE_CHECKING:
    from tests.support.dbt_scenes import Scenes

load_profile()

# Files that share an expensive fixture run in one process, so that it is made once: the group of
# each file by the beginning of its path.
GROUPS = {
    "tests/dags/": "the DAG",
    "tests/promises/test_2_same_again": "the dbt scenes",
    "tests/promises/test_3_dbt_killed": "the dbt scenes",
    "tests/promises/test_7_dbt": "the dbt scenes",
    "tests/e2e/test_story": "the story",
    "tests/e2e/test_commands": "the story",
    "tests/e2e/test_leaks": "the story",
    "tests/e2e/test_lineage": "the story",
    "tests/e2e/test_marts_agree": "the story",
    "tests/e2e/test_tmdb": "the days of the APIs",
    "tests/e2e/test_trakt": "the days of the APIs",
    # Not at the same time as the story: each runs Airflow with several processes.
    "tests/e2e/test_up": "the story",
}
# The longest first: the last files should be short, so that no process waits for another.
LONGEST = (
    *("tests/e2e/", "tests/integration/dbt/test_incremental"),
    *("tests/promises/test_3_dbt", "tests/integration/dbt/", "tests/dags/"),
    "tests/unit/project/test_lint",
)
# With coverage they would take half as long again or more, and other tests take the same branches
# of dags/. What the commands run, the first two commands of the days of the APIs run with coverage.
WITHOUT_COVERAGE = (
    *("tests/e2e/test_story", "tests/e2e/test_commands", "tests/e2e/test_leaks"),
    *("tests/e2e/test_marts_agree", "tests/e2e/test_up"),
    *("tests/unit/sample/", "tests/unit/local/", "tests/unit/project/"),
    "tests/unit/warehouse/test_delta_properties",
    "tests/integration/imdb/test_loads_in_any_order",
    "tests/integration/imdb/test_load.py::test_memory_does_not_grow",
    "tests/integration/imdb/test_delta_load.py::test_any_file_takes",
    "tests/integration/imdb/test_delta_load.py::test_the_ratings_of_any_day",
    "tests/dags/test_dbt_tasks.py::test_a_model_that_fails_by_hand",
    "tests/integration/dbt/",
    "tests/promises/test_3_dbt",
    "tests/promises/test_7_dbt",
)
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
    items.sort(key=lambda item: [not item.nodeid.startswith(start) for start in LONGEST])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measure no coverage in some tests, nor in the processes that they start."""
    with without_coverage() if item.nodeid.startswith(WITHOUT_COVERAGE) else nullcontext():
        return (yield)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """With several processes, each file or group of files runs in one of them."""
    return ByFile(config, log)


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Each file or group of files is a scope."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.split("::", 1)[0]
        return next((group for start, group in GROUPS.items() if path.startswith(start)), path)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A running cluster for the whole session."""
    with running_cluster(tmp_path_factory.mktemp("postgres")) as cluster:
        yield cluster


@pytest.fixture
def database(postgres: Cluster) -> Iterator[Database]:
    """A new database with the schemas, roles and empty tables of include/sql."""
    with postgres.database() as fresh:
        yield fresh


@pytest.fixture
def source() -> Iterator[FaultySource]:
    """A file server on loopback whose answers the test defines."""
    with running_source() as running:
        yield running


@pytest.fixture
def workbench(source: FaultySource, tmp_path: Path) -> Workbench:
    """A downloader of `source` into an empty folder, with its cache and its pauses."""
    return Workbench(source.url, tmp_path / "data")


@pytest.fixture
def warehouse(database: Database, tmp_path: Path) -> LoadedWarehouse:
    """A loader into an empty warehouse."""
    return LoadedWarehouse(database, tmp_path)


@pytest.fixture(scope="session")
def dbt_scenes(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Scenes]":
    """A warehouse with one load more than its models, and the parsed dbt project."""
    from tests.support.dbt_scenes import set_scenes  # dbt takes seconds to import

    with set_scenes(postgres, tmp_path_factory.mktemp("dbt-scenes")) as scenes:
        yield scenes
