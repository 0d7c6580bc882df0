"""What `make run` says during a run."""

import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest

from include.local.progress import Runs, TaskState, broken_off, follow, news, still
from tests.support.airflow_api import RestApi, running_api


def tasks(**states: str | None) -> dict[str, TaskState]:
    return {
        name.replace("__", "."): TaskState(state, 1.5 if state == "success" else None)
        for name, state in states.items()
    }


def said(before: Mapping[str, TaskState], after: Mapping[str, TaskState]) -> list[list[str]]:
    return [line.split() for line in news(before, after)]


def test_a_task_is_said_once_when_it_ends() -> None:
    before = tasks(load__a="running", load__b="running")
    after = tasks(load__a="success", load__b="running")
    assert said(before, after) == [["load.a", "1.5", "s"]]
    assert said(after, after) == []


def test_failures_and_tries_have_different_lines() -> None:
    after = tasks(load__a="failed", load__b="up_for_retry")
    assert [line[1] for line in said({}, after)] == ["FAILED", "failed,"]


def test_many_skipped_tasks_share_a_line() -> None:
    after = tasks(dbt__a="skipped", dbt__b="skipped", publish="skipped", dbt__c="upstream_failed")
    assert said({}, after) == [
        ["dbt:", "2", "tasks", "skipped"],
        ["publish", "skipped"],
        ["dbt", "not", "begun"],
    ]


def test_running_tasks_are_counted_and_not_all_named() -> None:
    running = {f"dbt.{number}": TaskState("running", None) for number in range(7)}
    line = still(tasks(load__a="success") | running)
    assert line == (
        "... running: dbt.0, dbt.1, dbt.2, dbt.3 and 3 more (1 of 8 tasks done)"
    )  # fmt: skip


def test_a_task_that_waits_for_its_next_try_is_counted() -> None:
    line = still(tasks(load__a="up_for_retry", load__b=None))
    assert line == "... running: nothing; 1 waiting to be tried again (0 of 2 tasks done)"


@pytest.fixture
def api() -> Iterator[RestApi]:
    """Airflow's REST API with a run that has ended and one that runs."""
    with running_api() as api:
        api.runs = {"old": "success", "new": "running"}
        api.tasks = {"old": {}, "new": {"load.a": "success"}}
        yield api


def test_a_run_is_followed_to_its_end(api: RestApi) -> None:
    lines: list[str] = []
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        assert follow(Runs(api.url, "imdb_pipeline"), lines.append, process, "old") == "new"
    assert [line.split()[2:] for line in lines] == [["load.a", "2.0", "s"]]


def test_a_process_that_stays_after_its_last_task_is_not_waited_for(api: RestApi) -> None:
    waiting = [sys.executable, "-c", "input()"]
    with subprocess.Popen(waiting, stdin=subprocess.PIPE) as process:
        runs = Runs(api.url, "imdb_pipeline")
        assert follow(runs, lambda _: None, process, "old", patience=0.0) == "new"
        assert process.poll() is None
        process.kill()


def test_a_run_that_never_began_is_not_taken_for_the_one_before(api: RestApi) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        assert follow(Runs(api.url, "imdb_pipeline"), print, process, "new") is None


def test_tasks_that_run_are_not_those_that_wait_or_have_ended(api: RestApi) -> None:
    for state in ("running", "queued", "scheduled", "up_for_retry", "failed", None):
        api.tasks["new"][f"load.{state}"] = state
    assert sorted(Runs(api.url, "imdb_pipeline").unfinished("new")) == [
        "load.queued",
        "load.running",
    ]
    assert Runs(api.url, "imdb_pipeline").unfinished("old") == []


def test_all_tasks_are_read_however_many_there_are(api: RestApi) -> None:
    api.tasks["new"] = {f"dbt.{number}": "success" for number in range(200)}
    assert len(Runs(api.url, "imdb_pipeline").tasks("new")) == 200


def test_the_messages_of_the_failed_tasks_are_found(api: RestApi) -> None:
    api.tasks["new"] |= {"report": "failed", "publish": "failed"}
    api.errors = {
        ("new", "report"): '"warehouse" is not there',
        ("new", "load.a"): "of a try before",
    }
    assert Runs(api.url, "imdb_pipeline").errors("new") == {"report": '"warehouse" is not there'}


def test_without_an_api_server_there_is_nothing_to_say() -> None:
    runs = Runs("http://127.0.0.1:1", "imdb_pipeline")
    assert runs.newest() is None
    assert runs.errors("new") == {}


@pytest.mark.parametrize(
    ("code", "tasks", "text"),
    [
        (-9, ["load.a"], ("was ended by signal 9 in the middle of the run: it was killed, or "
                         "memory ran out. Running were load.a")),
        (1, list("abcdef"), ("ended with exit code 1 in the middle of the run: the end of "
                            "run.log says why. Running were a, b, c, d and 2 more")),
    ],
)  # fmt: skip
def test_an_airflow_that_ended_before_its_run_is_reported(
    code: int, tasks: list[str], text: str
) -> None:
    assert broken_off(code, tasks, "run.log") == f"It {text}; run again."


def test_unfinished_runs_are_closed(api: RestApi) -> None:
    Runs(api.url, "imdb_pipeline").fail_unfinished()
    assert api.runs == {"old": "success", "new": "failed"}
