"""Fixtures of all tests: a real Postgres, a source that misbehaves, a recording downloader."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.downloads import Workbench
from tests.support.loads import Warehouse
from tests.support.postgres import Cluster, Database, running_cluster
from tests.support.properties import load_profile
from tests.support.source import Source, running_source

if TYPE_CHECKING:
    from tests.support.dbt_scenes import Scenes

load_profile()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Where processes share the tests, a file stays in one of them, and so does the story."""
    told = {"story", "installation"}.intersection(getattr(item, "fixturenames", ()))
    item.add_marker(pytest.mark.xdist_group("story" if told else str(item.path)))


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
