"""The DAG as Airflow reads it, over a manifest made for the tests."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.tracing import without_coverage

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def dag_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An Airflow home of its own, and a dbt manifest. Its processes measure no coverage."""
    from tests.support.dbt_site import parsed_project  # dbt takes seconds to import

    home = tmp_path_factory.mktemp("airflow")
    with without_coverage():
        target = parsed_project().dbt_project().manifest_path.parent
        inherited = dict(os.environ)
    return {
        **inherited,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
        "DO_NOT_TRACK": "1",
        "WAREHOUSE_DBT_TARGET_DIR": str(target),
        "PYTHONPATH": str(ROOT / "dags"),
    }


@contextmanager
def dags_of(file_name: str, environment: dict[str, str]) -> Iterator[Any]:
    """The DAGs of a file."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        from airflow.dag_processing.dagbag import DagBag

        bag = DagBag(str(ROOT / "dags" / file_name))
        assert bag.import_errors == {}
        yield bag


@pytest.fixture(scope="session")
def bag(dag_environment: dict[str, str]) -> Iterator[Any]:
    """The DAGs of the file imdb_dag.py."""
    with dags_of("imdb_dag.py", dag_environment) as found:
        yield found


@pytest.fixture(scope="session")
def tmdb_bag(dag_environment: dict[str, str]) -> Iterator[Any]:
    """The DAGs of the file tmdb_dag.py."""
    with dags_of("tmdb_dag.py", dag_environment) as found:
        yield found


@pytest.fixture(scope="session")
def dag(bag: Any) -> Any:
    """The DAG `imdb_pipeline`."""
    return bag.dags["imdb_pipeline"]


@pytest.fixture(scope="session")
def trakt_bag(dag_environment: dict[str, str]) -> Iterator[Any]:
    """The DAGs of the file trakt_dag.py."""
    with dags_of("trakt_dag.py", dag_environment) as found:
        yield found
