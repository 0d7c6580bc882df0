"""What a run is doing, read from Airflow's metadata: the tasks' states, told as they change."""

import contextlib
import json
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import psycopg2

from include.local.airflow import DAG_ID
from warehouse.runs.messages import ERROR_KEY

FINISHED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})
_ENDED_BADLY = {"failed": "FAILED", "up_for_retry": "failed, will be tried again"}
_POLL_SECONDS = 0.5
_QUIET_SECONDS = 10.0
_SHOWN_TASKS = 4


@dataclass(frozen=True, slots=True)
class TaskState:
    """One task of a run; `seconds` is None while it has not ended."""

    state: str | None
    seconds: float | None


class Metadata:
    """Airflow's metadata database, in Postgres or SQLite."""

    def __init__(self, url: str) -> None:
        self._url = url

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return what a query gives; `%s` stand for `values`. Empty while the database is away."""
        try:
            return self._execute(query, values)
        except (psycopg2.Error, sqlite3.Error):
            return []

    def newest_run(self) -> tuple[int, str, str] | None:
        """Return (number, run id, state) of the DAG's newest run."""
        found = self.rows(
            "select id, run_id, state from dag_run where dag_id = %s order by id desc limit 1",
            DAG_ID,
        )
        return (found[0][0], found[0][1], found[0][2]) if found else None

    def tasks(self, run_id: str) -> dict[str, TaskState]:
        """Return the tasks of a run by id, those that began first first."""
        found = self.rows(
            "select task_id, state, duration from task_instance "
            "where dag_id = %s and run_id = %s order by start_date, task_id",
            DAG_ID,
            run_id,
        )
        return {task: TaskState(state, seconds) for task, state, seconds in found}

    def errors(self, run_id: str) -> dict[str, str]:
        """Return the messages that the failed tasks of a run handed on, by task."""
        found = self.rows(
            "select xcom.task_id, cast(xcom.value as text) from xcom inner join task_instance on "
            "xcom.dag_id = task_instance.dag_id and xcom.run_id = task_instance.run_id "
            "and xcom.task_id = task_instance.task_id "
            "where xcom.dag_id = %s and xcom.run_id = %s and xcom.key = %s "
            "and task_instance.state = 'failed' order by xcom.task_id",
            DAG_ID,
            run_id,
            ERROR_KEY,
        )
        return {task: str(json.loads(value)) for task, value in found}

    def unfinished(self, run_id: str) -> list[str]:
        """Return the tasks of a run that were handed to a worker and have not ended."""
        states = self.tasks(run_id).items()
        return [task for task, now in states if now.state in {"queued", "running", "restarting"}]

    def fail_unfinished(self) -> None:
        """Close the runs that nobody works on any more: a scheduler would take them up again."""
        for table in ("task_instance", "dag_run"):
            with contextlib.suppress(psycopg2.Error, sqlite3.Error):
                self._execute(
                    f"update {table} set state = 'failed', end_date = current_timestamp "  # noqa: S608
                    "where dag_id = %s and state in "
                    "('queued', 'scheduled', 'running', 'restarting', 'up_for_retry')",
                    (DAG_ID,),
                )

    def _execute(self, query: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        if self._url.startswith("sqlite"):
            path = urlsplit(self._url).path.removeprefix("/")
            with contextlib.closing(sqlite3.connect(path, timeout=10)) as database, database:
                return database.execute(query.replace("%s", "?"), tuple(values)).fetchall()
        with (
            contextlib.closing(psycopg2.connect(self._url, connect_timeout=5)) as session,
            session,
            session.cursor() as cursor,
        ):
            cursor.execute(query, values)
            return cursor.fetchall() if cursor.description else []


@dataclass(slots=True)
class Follower:
    """Tells what a run's tasks do, a line for each that ends."""

    metadata: Metadata
    say: Callable[[str], None]
    # Called again and again while the run works.
    watch: Callable[[], None] = lambda: None
    clock: Callable[[], float] = time.monotonic
    _began: float = field(init=False)
    _said: float = field(init=False)

    def __post_init__(self) -> None:
        """Start counting."""
        self._began = self._said = self.clock()

    def follow(self, process: subprocess.Popen[bytes], after: int) -> str | None:
        """Tell of the run that begins after run number `after`, until `process` ends.

        Returns its run id, None where it never began.
        """
        run_id: str | None = None
        seen: dict[str, TaskState] = {}
        while True:
            ended = process.poll() is not None
            newest = self.metadata.newest_run() if run_id is None else None
            if newest and newest[0] > after:
                run_id = newest[1]
                self._began = self.clock()
            if run_id is not None:
                seen = self._tell(seen, self.metadata.tasks(run_id))
            if ended:
                return run_id
            self.watch()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_POLL_SECONDS)

    def _tell(
        self, before: Mapping[str, TaskState], after: dict[str, TaskState]
    ) -> dict[str, TaskState]:
        now = self.clock()
        lines = news(before, after)
        if not lines and now - self._said >= _QUIET_SECONDS:
            lines = [still(after)]
        for line in lines:
            self.say(f"{now - self._began:6.0f} s  {line}")
            self._said = now
        return after or dict(before)


def news(before: Mapping[str, TaskState], after: Mapping[str, TaskState]) -> list[str]:
    """Return a line for each task that ended between two looks; many skipped ones share one."""
    lines = []
    together: Counter[tuple[str, str]] = Counter()
    for task, now in after.items():
        was = before.get(task)
        if now.state == (was.state if was else None):
            continue
        if now.state in _ENDED_BADLY:
            lines.append(f"{task:<40} {_ENDED_BADLY[now.state]}")
        elif now.state == "success":
            lines.append(f"{task:<40} {now.seconds or 0:6.1f} s")
        elif now.state in ("skipped", "upstream_failed"):
            group = task.split(".")[0] if "." in task else task
            together[group, "skipped" if now.state == "skipped" else "not begun"] += 1
    for (group, what), count in together.items():
        many = f"{group}: {count} tasks" if count > 1 else group
        lines.append(f"{many:<40} {what}")
    return lines


def still(tasks: Mapping[str, TaskState]) -> str:
    """Return what is at work now, and how far the run is."""
    running = [task for task, now in tasks.items() if now.state == "running"]
    done = sum(now.state in FINISHED for now in tasks.values())
    waiting = sum(now.state == "up_for_retry" for now in tasks.values())
    again = f"; {waiting} waiting to be tried again" if waiting else ""
    return f"... running: {_named(running) or 'nothing'}{again} ({done} of {len(tasks)} tasks done)"


def broken_off(code: int, cut_off: Sequence[str], log: str) -> str:
    """Return, in words, that Airflow ended with `code` while the tasks `cut_off` were at work."""
    how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    why = "somebody killed it, or memory ran out" if code < 0 else f"the end of {log} says why"
    return f"It {how} in the midst of the run: {why}. At work were {_named(cut_off)}; run again."


def _named(tasks: Sequence[str]) -> str:
    more = f" and {len(tasks) - _SHOWN_TASKS} more" if len(tasks) > _SHOWN_TASKS else ""
    return ", ".join(tasks[:_SHOWN_TASKS]) + more
