"""What the tasks of TMDb's DAG hand over, which events they send, and what they skip."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.postgres import PASSWORD, Database
from tests.support.tmdb import TOKEN, served
from warehouse.orchestration.handovers import figures_of

RunTask = Callable[..., tuple[Any, list[Any]]]


class Handed(dict[tuple[str, str], Any]):
    """What the tasks of a run hand over, as Airflow does it."""

    def of(self, task_id: str) -> Any:
        """The part of a task instance that a task uses."""
        return SimpleNamespace(
            dag_id="tmdb_pipeline",
            map_index=-1,
            xcom_push=lambda key, value: self.update({(task_id, key): value}),
            xcom_pull=lambda task_ids, key="return_value": self.get((task_ids, key)),
        )


@pytest.fixture
def handed() -> Handed:
    return Handed()


@pytest.fixture
def run_task(
    tmdb_bag: Any, database: Database, handed: Handed, monkeypatch: pytest.MonkeyPatch
) -> RunTask:
    """Runs a task; returns its figures and the Assets of which it has an event."""
    from airflow.sdk.execution_time.context import set_current_context

    connection = {
        "conn_type": "postgres",
        "host": "127.0.0.1",
        "port": database.port,
        "login": "pipeline",
        "password": PASSWORD,
        "schema": database.name,
    }
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(connection))
    monkeypatch.setenv("AIRFLOW_CONN_TMDB", json.dumps({"conn_type": "http", "password": TOKEN}))
    monkeypatch.delenv("TMDB_READ_TOKEN", raising=False)
    monkeypatch.setenv("TMDB_SOURCE_NAME", "sample")
    monkeypatch.setenv("TMDB_MAX_PER_SECOND", "0")
    monkeypatch.setenv("TMDB_PEOPLE_PER_TITLE", "0")

    def run_it(task_id: str, base_url: str, *args: object, **params: object) -> Any:
        monkeypatch.setenv("TMDB_BASE_URL", base_url)
        dag = tmdb_bag.dags["tmdb_pipeline"]
        task = dag.get_task(task_id).prepare_for_execution()
        defaults = {name: dag.params[name] for name in dag.params}
        context: Any = {
            "params": defaults | {"pages": 1, "kinds": ["movie"]} | params,
            "run_id": "manual",
            "ti": handed.of(task_id),
            "task": task,
        }
        with set_current_context(context):
            figures = task.python_callable(*args)
        return figures, task.outlets

    return run_it


def test_a_dry_run_has_no_event_and_its_ids_are_in_no_figures(
    run_task: RunTask, handed: Handed
) -> None:
    with served(titles=60) as server:
        listed, events = run_task("lists.movie", server.base_url, "movie", dry_run=True)
        changed, _ = run_task("changes", server.base_url, dry_run=True)
        found = run_task("details.movie", server.base_url, "movie", 1, dry_run=True)

    assert events == []
    assert all(not isinstance(value, list | dict) for value in {**listed, **changed}.values())
    numbers = handed["lists.movie", "numbers"]
    assert numbers
    assert found[0]["answers"] == len(numbers)
    assert found[1] == []


def test_a_dry_run_with_full_refresh_asks_for_all_that_is_followed(
    run_task: RunTask, database: Database
) -> None:
    with served(titles=60) as server:
        _, events = run_task("lists.movie", server.base_url, "movie")
        first, _ = run_task("details.movie", server.base_url, "movie", 1)
        due, _ = run_task("details.movie", server.base_url, "movie", 1, dry_run=True)
        everything, _ = run_task(
            "details.movie", server.base_url, "movie", 1, dry_run=True, full_refresh=True
        )

    assert [event.name for event in events] == ["tmdb_raw"]
    assert due["answers"] == 0
    assert everything["answers"] == first["answers"] > 0


def test_where_nothing_is_due_details_are_skipped_and_their_figures_are_in_the_report(
    run_task: RunTask, handed: Handed
) -> None:
    with served(titles=60) as server:
        run_task("lists.movie", server.base_url, "movie")
        planned, _ = run_task("plan", server.base_url)
        asked, _ = run_task("details.movie", server.base_url, "movie", 1)
        nothing, _ = run_task("plan", server.base_url)
        no_ingest, _ = run_task("plan", server.base_url, ingest=False, full_refresh=True)

    assert planned == {"movie": {"list": asked["answers"]}}
    # What `plan` returns says whether its short circuit lets the details begin.
    assert not nothing
    assert not no_ingest
    found = figures_of(handed.of("report"), {"movies": ["details.movie"], "shows": []}, "plan")
    assert found["movies"]["status"] == "unchanged"
    assert found["movies"]["rows"] == asked["rows"] > 0
    assert (found["movies"]["requests"], found["movies"]["due"]) == (0, 0)
    assert found["shows"] == {}


@pytest.mark.parametrize(
    ("task_id", "arguments", "params"),
    [
        ("lists.movie", ["movie"], {"ingest": False}),
        ("details.tv", ["tv", 1], {}),
        ("plan", [], {"dry_run": True}),
        ("prune", [], {"dry_run": True}),
    ],
)
def test_what_a_run_does_not_ask_for_is_skipped(
    run_task: RunTask, task_id: str, arguments: list[object], params: dict[str, object]
) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    with pytest.raises(AirflowSkipException):
        run_task(task_id, "http://127.0.0.1:1", *arguments, **params)


def test_a_run_that_builds_nothing_skips_to_its_report_at_once(
    run_task: RunTask, tmdb_bag: Any
) -> None:
    from airflow.sdk.exceptions import DownstreamTasksSkipped

    with pytest.raises(DownstreamTasksSkipped) as ended:
        run_task("changed", "http://127.0.0.1:1", dry_run=True)

    decided = tmdb_bag.dags["tmdb_pipeline"].get_task("changed")
    behind = decided.get_flat_relative_ids(upstream=False)
    assert set(ended.value.tasks) == behind - {"report"}
    assert len(behind) > 20
