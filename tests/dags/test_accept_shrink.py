"""A file that was held back goes through with the parameter of a run (promise 6)."""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import pytest

from imdb_pipeline.config import DATASET_NAMES
from tests.support.downloads import Workbench
from tests.support.postgres import PASSWORD, Database
from tests.support.snapshots import RATINGS, Row, snapshot
from tests.support.source import FaultySource, good_server

HUNDRED: list[Row] = [(f"tt{number:07d}", "5.7", str(number)) for number in range(100)]


def params_of(dag: Any, task: Any, conf: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a run as Airflow makes and checks them for its tasks."""
    from airflow.sdk.definitions.param import process_params

    # It writes into the parameters that it is given, and the DAG is that of all tests.
    run_of: Any = SimpleNamespace(params=deepcopy(dag.params))
    task_of: Any = SimpleNamespace(params=deepcopy(task.params))
    return process_params(run_of, task_of, conf, suppress_exception=False)


@pytest.fixture
def run_task(
    dag: Any, database: Database, workbench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Runs `load.title_ratings` of the DAG over what the workbench has, with a run's parameters."""
    from airflow.sdk.execution_time.context import set_current_context

    monkeypatch.setenv("IMDB_DATA_DIR", str(workbench.path.parent))
    monkeypatch.setenv("IMDB_BASE_URL", workbench.settings.base_url)
    monkeypatch.setenv("IMDB_SOURCE_NAME", workbench.settings.source_name)
    connection = {
        "conn_type": "postgres",
        "host": "127.0.0.1",
        "port": database.port,
        "login": "pipeline",
        "password": PASSWORD,
        "schema": database.name,
    }
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(connection))
    task = dag.get_task("load.title_ratings")

    def run_it(**conf: object) -> Any:
        entry = workbench.entry
        assert entry is not None
        # Airflow's own way to give a Variable through the environment.
        monkeypatch.setenv("AIRFLOW_VAR_IMDB_CACHE__TITLE_RATINGS", json.dumps(asdict(entry)))
        context: Any = {
            "params": params_of(dag, task, conf),
            "run_id": "manual",
            "ti": SimpleNamespace(dag_id="imdb_pipeline"),
        }
        with set_current_context(context):
            return task.python_callable("title.ratings")

    return run_it


def test_the_runs_parameter_lets_it_through_without_another_download(
    run_task: Callable[..., Any], workbench: Workbench, source: FaultySource, database: Database
) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    source.always(good_server(snapshot(RATINGS, HUNDRED), etag='"first"'))
    workbench.download()
    assert run_task()["rows"] == 100
    source.always(good_server(snapshot(RATINGS, HUNDRED[:10]), etag='"second"', modified=None))
    assert workbench.download().modified
    for conf in ({}, {"accept_shrink": ["title.basics"]}, {"full_refresh": True}):
        with pytest.raises(AirflowFailException, match=r"held back.*accept_shrink"):
            run_task(**conf)

    assert workbench.download().fetched_bytes == 0, "it stayed, and the source says: not modified"
    outcome = run_task(accept_shrink=["title.ratings"])

    assert (outcome["rows"], outcome["rows_deleted"]) == (10, 90)
    assert database.value("select count(*) from raw.imdb_title_ratings") == 10


def test_the_parameter_takes_names_of_datasets_only(dag: Any) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    task = dag.get_task("load.title_ratings")
    assert params_of(dag, task, {})["accept_shrink"] == []
    everything = {"accept_shrink": list(DATASET_NAMES)}
    assert params_of(dag, task, everything)["accept_shrink"] == list(DATASET_NAMES)
    with pytest.raises(ParamValidationError, match=r"title\.nonsense"):
        params_of(dag, task, {"accept_shrink": ["title.nonsense"]})
