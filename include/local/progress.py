"""The tasks of a run and their states, from Airflow's REST API, printed as they change."""

import contextlib
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests

from warehouse.runs.messages import ERROR_KEY

FINISHED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})
_BEGUN = frozenset({"queued", "running", "restarting"})
_ENDED_BADLY = {"failed": "FAILED", "up_for_retry": "failed, will be tried again"}
# A look costs a tenth of a second of CPU, mostly in the API server.
_POLL_SECONDS = 2.0
_QUIET_SECONDS = 10.0
# Airflow's executor ends within seconds of the last task. In rare cases one of its workers waits
# for ever, and the process with it.
_ENDING_SECONDS = 30.0
_SHOWN_TASKS = 4
_MOST_TASKS = 100  # of an answer


@dataclass(frozen=True, slots=True)
class TaskState:
    """One task of a run; `seconds` is None while it has not ended."""

    state: str | None
    seconds: float | None


class Runs:
    """The runs of the DAG in the Airflow at `api_url`; empty answers while it is away."""

    def __init__(self, api_url: str, dag_id: str) -> None:
        self.dag_id = dag_id
        self._url = api_url
        self._runs = f"dags/{dag_id}/dagRuns"
        self._session = requests.Session()
        self._session.trust_env = False

    def newest(self) -> tuple[str, str] | None:
        """Return (run id, state) of the newest run."""
        answer = self.ask("GET", self._runs, params={"order_by": "-id", "limit": 1})
        for run in answer.get("dag_runs", []):
            return str(run["dag_run_id"]), str(run["state"])
        return None

    def tasks(self, run_id: str) -> dict[str, TaskState]:
        """Return the tasks of a run by id, those that began first first."""
        path = f"{self._runs}/{quote(run_id)}/taskInstances"
        found: list[dict[str, Any]] = []
        while len(found) % _MOST_TASKS == 0:
            page = {"limit": _MOST_TASKS, "offset": len(found), "order_by": "start_date"}
            answer = self.ask("GET", path, params=page).get("task_instances", [])
            found += answer
            if not answer:
                break
        return {task["task_id"]: TaskState(task["state"], task["duration"]) for task in found}

    def errors(self, run_id: str) -> dict[str, str]:
        """Return the messages that the failed tasks of a run handed over, by task."""
        found = {}
        for task, now in self.tasks(run_id).items():
            if now.state == "failed":
                path = f"{self._runs}/{quote(run_id)}/taskInstances/{task}/xcomEntries/{ERROR_KEY}"
                answer = self.ask("GET", path, params={"deserialize": "true"})
                if "value" in answer:
                    found[task] = str(answer["value"])
        return found

    def unfinished(self, run_id: str) -> list[str]:
        """Return the tasks of a run that a worker has or is about to get."""
        return [task for task, now in self.tasks(run_id).items() if now.state in _BEGUN]

    def fail_unfinished(self) -> None:
        """Close the runs that nothing works on any more: a scheduler would continue them."""
        for state in ("running", "queued"):
            answer = self.ask("GET", self._runs, params={"state": state})
            for run in answer.get("dag_runs", []):
                path = f"{self._runs}/{quote(run['dag_run_id'])}"
                self.ask("PATCH", path, json={"state": "failed"})

    def ask(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        """Ask the REST API; return nothing where it does not answer as it should."""
        with contextlib.suppress(requests.RequestException, ValueError):
            if "Authorization" not in self._session.headers:
                token = self._session.get(f"{self._url}/auth/token", timeout=10).json()
                self._session.headers["Authorization"] = f"Bearer {token['access_token']}"
            url = f"{self._url}/api/v2/{path}"
            answer = self._session.request(method, url, timeout=10, **content)
            if answer.ok and isinstance(found := answer.json(), dict):
                return found
        return {}


def follow(
    runs: Runs,
    say: Callable[[str], None],
    process: subprocess.Popen[bytes],
    before: str | None,
    watch: Callable[[], None] = lambda: None,
    patience: float = _ENDING_SECONDS,
) -> str | None:
    """Print a line for each task of the run after `before` that ends, until `process` ends.

    `watch` is called at each look. A process that is still there `patience` seconds after its last
    task is left to the caller. Returns the run id, None where the run never began.
    """
    run_id: str | None = None
    seen: dict[str, TaskState] = {}
    began = shown = changed = time.monotonic()
    while True:
        ended = process.poll() is not None
        newest = runs.newest() if run_id is None else None
        if newest and newest[0] != before:
            run_id, began = newest[0], time.monotonic()
        if run_id is not None:
            now, tasks = time.monotonic(), runs.tasks(run_id)
            quiet = [still(tasks)] if now - shown >= _QUIET_SECONDS else []
            for line in news(seen, tasks) or quiet:
                say(f"{now - began:6.0f} s  {line}")
                shown = now
                changed = changed if line in quiet else now
            seen = tasks or seen
            done = bool(tasks) and all(task.state in FINISHED for task in tasks.values())
            ended = ended or (done and now - changed >= patience)
        if ended:
            return run_id
        watch()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_POLL_SECONDS)


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
    """Return which tasks run now, and how far the run is."""
    running = [task for task, now in tasks.items() if now.state == "running"]
    done = sum(now.state in FINISHED for now in tasks.values())
    waiting = sum(now.state == "up_for_retry" for now in tasks.values())
    again = f"; {waiting} waiting to be tried again" if waiting else ""
    return f"... running: {_named(running) or 'nothing'}{again} ({done} of {len(tasks)} tasks done)"


def broken_off(code: int, cut_off: Sequence[str], log: str) -> str:
    """Return, in words, that Airflow ended with `code` while the tasks `cut_off` ran."""
    how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    why = "it was killed, or memory ran out" if code < 0 else f"the end of {log} says why"
    return f"It {how} in the middle of the run: {why}. Running were {_named(cut_off)}; run again."


def _named(tasks: Sequence[str]) -> str:
    more = f" and {len(tasks) - _SHOWN_TASKS} more" if len(tasks) > _SHOWN_TASKS else ""
    return ", ".join(tasks[:_SHOWN_TASKS]) + more
