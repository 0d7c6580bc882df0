"""Fixtures of all tests: a real Postgres, a source that misbehaves, a recording downloader."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import tests.support.properties  # noqa: F401 - it makes all property tests the same every time
from tests.support.downloads import Workbench
from tests.support.loads import Warehouse
from tests.support.postgres import Cluster, Database, running_cluster
from tests.support.source import Source, running_source


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
