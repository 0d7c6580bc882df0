"""Moments of a piece of work, as it reaches them: a call of a named function, an SQL statement.

For tests that let something happen right there, without hooks in the code that is tested.
"""

import importlib
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import wraps
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

import psycopg2
from psycopg2 import sql

# A function by its module and its name there; everything else is a pattern for SQL.
_FUNCTION = re.compile(r"[a-z_.0-9]+:[A-Za-z_.]+")
ROOT = Path(__file__).parents[2]
# Starts with the modules loaded, and its children as copies of it: nothing is loaded twice.
_PROCESSES = get_context("forkserver")
_PRELOADED = ["tests.support.pipeline", "dbt.cli.main", "dbt.adapters.postgres.impl"]


@dataclass(frozen=True, slots=True)
class Moment:
    """Right before or after the last of `steps`, which the work takes in this order.

    A step is a function ("warehouse.http.part_file:PartFile.finish") or a pattern that is found in
    an SQL statement. A commit by psycopg2 is the statement "commit", in a thread of the work's own
    "commit in a thread".
    """

    when: Literal["before", "after"]
    steps: tuple[str, ...]


class _Watch:
    """Follows the steps of a moment and calls the action once."""

    def __init__(self, moment: Moment, action: Callable[[], None]) -> None:
        self._moment = moment
        self._action = action
        self._left = list(moment.steps)
        self._turn = threading.RLock()

    def before(self, step: str) -> None:
        with self._turn:
            if len(self._left) == 1 and self._moment.when == "before" and self._is_next(step):
                self._left.clear()
                self._action()

    def after(self, step: str) -> None:
        with self._turn:
            if self._is_next(step):
                del self._left[0]
                if not self._left:
                    self._action()

    def _is_next(self, step: str) -> bool:
        if not self._left:
            return False
        wanted = self._left[0]
        if _FUNCTION.fullmatch(wanted) or _FUNCTION.fullmatch(step):
            return wanted == step
        return re.search(wanted, step, re.IGNORECASE | re.DOTALL) is not None


@contextmanager
def at(moment: Moment, action: Callable[[], None]) -> Iterator[None]:
    """Call `action` when the work in the block reaches the moment, in its thread, once."""
    watch = _Watch(moment, action)
    with ExitStack() as stack:
        stack.enter_context(patch.object(psycopg2, "connect", _connect(watch)))
        for step in {step for step in moment.steps if _FUNCTION.fullmatch(step)}:
            owner, name = _place_of(step)
            stack.enter_context(patch.object(owner, name, _told(getattr(owner, name), step, watch)))
        yield


def exit_code_of_killed(moment: Moment, work: Callable[..., None], *arguments: Any) -> int | None:
    """Do `work(*arguments)` in a process of its own that SIGKILLs itself at the moment.

    Returns how it ended: -9 where the moment was reached, 0 where it was not. `work` is a function
    of a module, the arguments can be pickled.
    """
    process = started(_die_at, moment, work, arguments)
    process.join(timeout=120)
    if process.is_alive():
        process.kill()
        raise AssertionError(f"{moment}: the work did not end")
    return process.exitcode


def started(work: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Begin `work(*arguments)` in a process of its own."""
    with patch.dict(os.environ, PYTHONPATH=os.pathsep.join([str(ROOT / "dags"), str(ROOT)])):
        _PROCESSES.set_forkserver_preload(_PRELOADED)
        process = _PROCESSES.Process(target=work, args=arguments, daemon=True)
        process.start()
    return process


def _die_at(moment: Moment, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    with at(moment, lambda: os.kill(os.getpid(), signal.SIGKILL)):
        work(*arguments)


def _place_of(step: str) -> tuple[Any, str]:
    module, path = step.split(":")
    *owners, name = path.split(".")
    owner: Any = importlib.import_module(module)
    for each in owners:
        owner = getattr(owner, each)
    return owner, name


def _told(function: Callable[..., Any], step: str, watch: _Watch) -> Callable[..., Any]:
    @wraps(function)
    def told(*arguments: Any, **named: Any) -> Any:
        watch.before(step)
        result = function(*arguments, **named)
        watch.after(step)
        return result

    return told


def _connect(watch: _Watch) -> Callable[..., Any]:
    connect = psycopg2.connect

    class Cursor(psycopg2.extensions.cursor):
        def execute(self, query: Any, values: Any = None) -> None:
            with _around(self, query):
                super().execute(query, values)

        def copy_expert(self, query: Any, file: Any, size: int = 8192) -> None:
            with _around(self, query):
                super().copy_expert(query, file, size)

    class Connection(psycopg2.extensions.connection):
        def cursor(self, *arguments: Any, **named: Any) -> Any:
            return super().cursor(*arguments, **{"cursor_factory": Cursor, **named})

        def commit(self) -> None:
            own = threading.current_thread() is not threading.main_thread()
            step = "commit in a thread" if own else "commit"
            watch.before(step)
            super().commit()
            watch.after(step)

    @contextmanager
    def _around(cursor: Any, query: Any) -> Iterator[None]:
        text = query.as_string(cursor) if isinstance(query, sql.Composable) else str(query)
        watch.before(text)
        yield
        watch.after(text)

    def told(*arguments: Any, **named: Any) -> Any:
        return connect(*arguments, **{"connection_factory": Connection, **named})

    return told
