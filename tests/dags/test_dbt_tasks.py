"""One dbt process builds the models; the task of each model shows how that one ended."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.postgres import PASSWORD, Database

RUN = "a run"
BEGUN = {"build_id": 1, "full_refresh": False}
GOOD = {"status": "success", "message": "SELECT 3", "lines": ["1 of 1 OK"], "try_number": 1}


class TaskInstance:
    """What a task asks of Airflow: the XComs and the states of its run."""

    def __init__(
        self,
        *,
        try_number: int = 1,
        result: Any = None,
        state: str | None = None,
        begun: Any = BEGUN,
    ) -> None:
        self.dag_id, self.task_id, self.try_number = "imdb_pipeline", "dbt.some", try_number
        self.pushed: dict[str, Any] = {}
        self._state = state
        self._xcoms = {("changed", "return_value"): begun, ("dbt.build", "title_types"): result}

    def xcom_pull(self, *, task_ids: str, key: str = "return_value") -> Any:
        return self._xcoms.get((task_ids, key))

    def xcom_push(self, *, key: str, value: Any) -> None:
        self.pushed[key] = value

    def get_task_states(self, **_: Any) -> dict[str, dict[str, Any]]:
        return {RUN: {"dbt.build": self._state}}


@pytest.fixture
def model(dag: Any) -> Any:
    """The task of the seed title_types."""
    return dag.get_task("dbt.title_types")


def execute(task: Any, ti: TaskInstance) -> None:
    task.execute({"ti": ti, "run_id": RUN, "params": {}})


def test_a_models_task_takes_over_the_lines_and_the_end_of_its_model(
    model: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    execute(model, TaskInstance(result=GOOD))
    assert caplog.messages == ["1 of 1 OK", "title_types: SELECT 3"]


def test_a_failed_data_test_fails_the_task_of_its_model(model: Any) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    message = "test t: Got 2 results; the failing rows are in quality.t"
    ti = TaskInstance(result=GOOD | {"status": "failed", "message": message})
    with pytest.raises(AirflowFailException, match="the failing rows are in"):
        execute(model, ti)
    assert ti.pushed == {"error": message}


def test_a_build_that_ended_without_a_word_of_a_model_fails_its_task(model: Any) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(AirflowFailException, match=r"Clear dbt\.build and all that follows it"):
        execute(model, TaskInstance(state="failed"))


@pytest.fixture
def warehouse(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A warehouse that the Airflow connection `warehouse` reaches."""
    fields = {
        "conn_type": "postgres",
        "host": "127.0.0.1",
        "port": database.port,
        "login": "pipeline",
        "password": PASSWORD,
        "schema": database.name,
    }
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(fields))
    return database


def built(warehouse: Database) -> Any:
    return warehouse.value("select count(*) from meta.model_log where model = 'title_types'")


def test_a_model_by_hand_is_built_by_its_own_task_in_a_build_of_its_own(
    model: Any, warehouse: Database
) -> None:
    execute(model, TaskInstance(begun=None))
    assert warehouse.value("select count(*) > 0 from staging.title_types")
    reasons = warehouse.query("select reason, run_id from meta.build_log")
    assert reasons == [("models are run by hand", RUN)]
    assert warehouse.query("select run_id, build_id > 0 from meta.model_log") == [(RUN, True)]
    assert warehouse.value("select count(*) from pg_locks where locktype = 'advisory'") == 0

    # The task is cleared alone, or dbt had skipped the model: the report is not of this try.
    begun = {"build_id": warehouse.value("select max(build_id) from meta.build_log")}
    for result, tries in ((GOOD, 2), (GOOD | {"status": "skipped"}, 1)):
        before = built(warehouse)
        ti = TaskInstance(state="success", result=result, try_number=tries, begun=begun)
        execute(model, ti)
        assert built(warehouse) == before + 1


def test_a_model_that_fails_by_hand_says_what_postgres_said(dag: Any, warehouse: Database) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    ti = TaskInstance(begun=None)
    with pytest.raises(AirflowFailException, match=r"(?s)mart_title_search: .*does not exist"):
        execute(dag.get_task("dbt.mart_title_search"), ti)
    assert "Database Error" in ti.pushed["error"]


def node(kind: str, name: str, *reads: str, attached: str | None = None) -> dict[str, Any]:
    return {
        "resource_type": kind,
        "name": name,
        "depends_on": {"nodes": list(reads)},
        "attached_node": attached,
        "config": {"store_failures": True},
        "schema": "quality",
        "alias": name,
    }


def finished(key: str, status: str, message: str = "") -> Any:
    """An event of dbt: a node has ended."""
    return SimpleNamespace(
        info=SimpleNamespace(name="NodeFinished", level="debug", msg=""),
        data=SimpleNamespace(
            node_info=SimpleNamespace(unique_id=key, node_status=status),
            run_result=SimpleNamespace(message=message),
        ),
    )


MANIFEST = {
    "nodes": {
        "a": node("model", "a"),
        "b": node("model", "b", "a"),
        "of a": node("test", "of_a", "a", attached="a"),
        # In a file of its own, over both models.
        "of both": node("test", "of_both", "a", "b"),
    }
}


def test_a_model_has_ended_when_all_of_its_tests_have() -> None:
    from warehouse.orchestration.dbt_process import Watcher

    told: dict[str, Any] = {}
    watcher = Watcher(MANIFEST, told.__setitem__)
    watcher.take(finished("a", "success", "SELECT 1"))
    assert told == {}
    watcher.take(finished("of a", "pass"))
    assert told == {"a": {"status": "success", "message": "SELECT 1", "lines": []}}
    watcher.take(finished("b", "success", "SELECT 2"))
    assert set(told) == {"a"}
    watcher.take(finished("of both", "fail", "Got 1 result"))
    assert told["b"]["status"] == "failed"
    assert told["b"]["message"] == (
        "test of_both: Got 1 result; the failing rows are in quality.of_both"
    )


def test_a_model_that_failed_waits_for_no_test_and_what_follows_is_skipped() -> None:
    from warehouse.orchestration.dbt_process import Watcher

    told: dict[str, Any] = {}
    watcher = Watcher(MANIFEST, told.__setitem__)
    watcher.take(finished("a", "error", "no such table"))
    assert (told["a"]["status"], told["a"]["message"]) == ("failed", "model a: no such table")
    for key in ("of a", "b", "of both"):
        watcher.take(finished(key, "skipped"))
    watcher.finish()
    assert told["b"]["status"] == "skipped"
    assert told["a"]["status"] == "failed"


def test_a_hook_that_fails_is_no_models_and_fails_the_build() -> None:
    from warehouse.orchestration.dbt_process import Watcher

    told: dict[str, Any] = {}
    watcher = Watcher(MANIFEST, told.__setitem__)
    watcher.take(finished("operation.on-run-end", "error", "no log table"))
    assert watcher.failed_elsewhere == ["operation.on-run-end: no log table"]
