"""Error messages: one line that says what went wrong and what to do, without secrets."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from warehouse.errors import PipelineError

LONGEST = 1000
# The XCom of a failed task that holds its message.
ERROR_KEY = "error"
_HIDDEN = "***"
# Shorter ones are in every other word.
_SHORTEST_SECRET = 5
_CONTROL = re.compile(r"\x1b\[[0-9;]*m|[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# user:password@ of an address, and password=… of a connection string or of JSON.
_IN_ADDRESS = re.compile(r"(?<=://)\S*@")
_NAMED = re.compile(
    r"""(?ix) \b (password|passwd|pwd|secret|token) (["']?\s*[=:]\s*)
        ("[^"]*" | '[^']*' | [^\s,;&)}]+)"""
)


@dataclass(frozen=True, slots=True)
class TaskError:
    """A task that failed, and why: one line."""

    task: str
    message: str


def one_line(text: str, *, secrets: Iterable[str] = (), longest: int = LONGEST) -> str:
    """Return `text` as one line of at most `longest` characters, without passwords.

    Hidden are the values `secrets` and what stands where addresses and connection strings have
    their passwords.
    """
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, _HIDDEN)
    text = _IN_ADDRESS.sub(f"{_HIDDEN}@", text)
    text = _NAMED.sub(rf"\1\2{_HIDDEN}", text)
    line = " ".join(_CONTROL.sub(" ", text).split())
    return line if len(line) <= longest else f"{line[: longest - 2]} …"


def message_of(error: BaseException, *, secrets: Iterable[str] = ()) -> str:
    """Return why a task failed: our own sentence, or type and text of an unexpected error."""
    text = str(error).strip()
    if isinstance(error, PipelineError) and text:
        return one_line(text, secrets=secrets)
    kind = type(error).__name__
    return one_line(f"{kind}: {text}" if text else f"{kind}, without a message", secrets=secrets)


def without_message(dag_id: str, run_id: str, task: str) -> str:
    """Return what is said of a task that left no message."""
    return one_line(
        "It ended without a message: it was killed, ran out of memory or its machine went away. "
        f"Its log is dag_id={dag_id}/run_id={run_id}/task_id={task}; run again."
    )
