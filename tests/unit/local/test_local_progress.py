"""What is told while a run works."""

import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from include.local.progress import Follower, Metadata, TaskState, broken_off, news, still


def tasks(**states: str | None) -> dict[str, TaskState]:
    return {
        name.replace("__", "."): TaskState(state, 1.5 if state == "success" else None)
        for name, state in states.items()
    }


def told(before: Mapping[str, TaskState], after: Mapping[str, TaskState]) -> list[list[str]]:
    return [line.split() for line in news(before, after)]


def test_a_task_is_told_once_when_it_ends() -> None:
    before = tasks(load__a="running", load__b="running")
    after = tasks(load__a="success", load__b="running")
    assert told(before, after) == [["load.a", "1.5", "s"]]
    assert told(after, after) == []


def test_failures_and_tries_are_told_apart() -> None:
    after = tasks(load__a="failed", load__b="up_for_retry")
    assert [line[1] for line in told({}, after)] == ["FAILED", "failed,"]


def test_many_skipped_tasks_share_a_line() -> None:
    after = tasks(dbt__a="skipped", dbt__b="skipped", publish="skipped", dbt__c="upstream_failed")
    assert told({}, after) == [
        ["dbt:", "2", "tasks", "skipped"],
        ["publish", "skipped"],
        ["dbt", "not", "begun"],
    ]


def test_what_is_at_work_is_counted_and_not_all_named() -> None:
    running = {f"dbt.{number}": TaskState("running", None) for number in range(7)}
    line = still(tasks(load__a="success") | running)
    assert line == (
        "... running: dbt.0, dbt.1, dbt.2, dbt.3 and 3 more (1 of 8 tasks done)"
    )  # fmt: skip


def test_a_task_that_waits_for_its_next_try_is_counted() -> None:
    line = still(tasks(load__a="up_for_retry", load__b=None))
    assert line == "... running: nothing; 1 waiting to be tried again (0 of 2 tasks done)"


def metadata(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path)
    database.executescript(
        "create table dag_run (id integer primary key, dag_id, run_id, state, end_date);"
        "create table task_instance (dag_id, run_id, task_id, state, duration, start_date,"
        " end_date);"
        "insert into dag_run values (1, 'imdb_pipeline', 'old', 'success', null),"
        " (2, 'imdb_pipeline', 'new', 'running', null), (3, 'another', 'x', 'running', null);"
        "insert into task_instance values ('imdb_pipeline', 'new', 'load.a', 'success', 2, 1, 1);"
    )
    database.commit()
    return database


def test_a_run_is_followed_to_its_end(tmp_path: Path) -> None:
    metadata(tmp_path / "airflow.db")
    lines: list[str] = []
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        run_id = Follower(Metadata(f"sqlite:///{tmp_path}/airflow.db"), lines.append).follow(
            process, 1
        )
    assert run_id == "new"
    assert [line.split()[2:] for line in lines] == [["load.a", "2.0", "s"]]


def test_a_run_that_never_began_is_not_mistaken_for_the_one_before(tmp_path: Path) -> None:
    metadata(tmp_path / "airflow.db")
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        follower = Follower(Metadata(f"sqlite:///{tmp_path}/airflow.db"), print)
        assert follower.follow(process, 2) is None


def test_tasks_at_work_are_told_from_those_that_wait_or_have_ended(tmp_path: Path) -> None:
    database = metadata(tmp_path / "airflow.db")
    for state in ("running", "queued", "scheduled", "up_for_retry", "failed", None):
        database.execute(
            "insert into task_instance values ('imdb_pipeline', 'new', ?, ?, null, null, null)",
            (f"load.{state}", state),
        )
    database.commit()
    found = Metadata(f"sqlite:///{tmp_path}/airflow.db").unfinished("new")
    assert sorted(found) == ["load.queued", "load.running"]
    assert Metadata(f"sqlite:///{tmp_path}/airflow.db").unfinished("old") == []


@pytest.mark.parametrize(
    ("code", "tasks", "said"),
    [
        (-9, ["load.a"], ("was ended by signal 9 in the midst of the run: somebody killed it, or "
                         "memory ran out. At work were load.a")),
        (1, list("abcdef"), ("ended with exit code 1 in the midst of the run: the end of run.log "
                            "says why. At work were a, b, c, d and 2 more")),
    ],
)  # fmt: skip
def test_airflow_that_ended_before_its_run_is_told(code: int, tasks: list[str], said: str) -> None:
    assert broken_off(code, tasks, "run.log") == f"It {said}; run again."


def test_unfinished_runs_are_closed_and_only_ours(tmp_path: Path) -> None:
    database = metadata(tmp_path / "airflow.db")
    Metadata(f"sqlite:///{tmp_path}/airflow.db").fail_unfinished()
    states = dict(database.execute("select run_id, state from dag_run").fetchall())
    assert states == {"old": "success", "new": "failed", "x": "running"}
