"""The tasks of Trakt's DAG: where the key comes from, and when a step is skipped."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.postgres import PASSWORD, Database
from tests.support.trakt import CLIENT_ID, SmallTrakt, comment, entry, small_trakt
from tests.support.trakt_titles import add_title, known

RunTask = Callable[..., dict[str, Any]]
ASKED = ("feeds.recent", "feeds.updates", "backfill", "rescan", "deletions")


@pytest.fixture
def run_task(trakt_bag: Any, database: Database, monkeypatch: pytest.MonkeyPatch) -> RunTask:
    """Runs a task of the DAG; returns its figures."""
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
    for name in ("TRAKT_CLIENT_ID", "TRAKT_CLIENT_ID_FILE", "TRAKT_USER_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRAKT_SOURCE_NAME", "sample")
    monkeypatch.setenv("TRAKT_MAX_REQUESTS", "0")

    def run_it(task_id: str, trakt: SmallTrakt, **params: object) -> dict[str, Any]:
        monkeypatch.setenv("TRAKT_BASE_URL", trakt.base_url)
        dag = trakt_bag.dags["trakt_pipeline"]
        task = dag.get_task(task_id).prepare_for_execution()
        context: Any = {
            "params": {name: dag.params[name] for name in dag.params} | params,
            "run_id": "manual",
            "ti": SimpleNamespace(dag_id="trakt_pipeline"),
            "task": task,
        }
        with set_current_context(context):
            figures: dict[str, Any] = task.python_callable()
        return figures

    return run_it


@pytest.fixture
def key_of_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key is in the connection `trakt`."""
    connection = {"conn_type": "http", "password": CLIENT_ID}
    monkeypatch.setenv("AIRFLOW_CONN_TRAKT", json.dumps(connection))


@pytest.mark.usefixtures("key_of_airflow")
def test_the_steps_read_comments_with_the_key_of_the_connection(
    run_task: RunTask, database: Database
) -> None:
    with small_trakt(recent=[entry(comment(1))], updates=[entry(comment(2))]) as trakt:
        add_title(trakt, "movie", 1, [comment(1), comment(2), comment(3)])
        found = {task_id: run_task(task_id, trakt) for task_id in ASKED}
        pruned = run_task("prune", trakt)

        assert {head["trakt-api-key"] for head in trakt.heads} == {CLIENT_ID}
    assert known(database) == {1, 2, 3}
    assert all(figures["complete"] for figures in found.values())
    assert pruned["trakt_pages"] == 0


def test_without_a_key_the_message_names_where_to_put_it(run_task: RunTask) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    with (
        small_trakt(recent=[], updates=[]) as trakt,
        pytest.raises(AirflowFailException, match="TRAKT_CLIENT_ID"),
    ):
        run_task("feeds.recent", trakt)


@pytest.mark.usefixtures("key_of_airflow")
def test_a_run_without_ingest_asks_nothing(run_task: RunTask) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    with small_trakt(recent=[], updates=[]) as trakt:
        for task_id in ASKED:
            with pytest.raises(AirflowSkipException, match="ingest"):
                run_task(task_id, trakt, ingest=False)
        assert trakt.asked == []


@pytest.mark.usefixtures("key_of_airflow")
def test_a_backfill_waits_where_nothing_is_left_of_the_error_budget(
    run_task: RunTask, database: Database
) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    database.execute(
        "insert into meta.ingest_log (source, dag_id, run_id, step, began_at, is_complete, "
        "requests, bans, pages_announced, pages_landed, items, quarantined) "
        "values ('trakt', 'trakt_pipeline', 'run', 'recent', now(), true, 10, 5, 1, 1, 1, 0)"
    )
    with small_trakt(recent=[], updates=[]) as trakt:
        run_task("service_levels", trakt)
        with pytest.raises(AirflowSkipException, match="error budget of politeness"):
            run_task("backfill", trakt)
        assert trakt.asked == []
        # The feeds are read all the same.
        assert run_task("feeds.recent", trakt)["complete"]
