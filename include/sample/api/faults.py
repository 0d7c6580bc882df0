"""Faults on demand: a rule says which requests, an effect says what happens to their answers.

server.faults.add(reset(), path="^/movie/", times=10)
server.faults.add(cut(0.5), path="^/person/42$", times=1)
"""

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from include.sample.api.answers import ApiRequest, SampleAnswer

Effect = Callable[[SampleAnswer], SampleAnswer]
_PAGE = (
    b"<html><head><title>{status}</title></head><body><center><h1>Attention required</h1>"
    b"</center></body></html>"
)


def html(status: int = 200) -> Effect:
    """SampleAnswer with a page of a CDN instead of JSON."""
    body = _PAGE.replace(b"{status}", str(status).encode())
    return lambda _: SampleAnswer(status, body, "text/html; charset=UTF-8")


def cut(share: float = 0.5) -> Effect:
    """Close the connection after this share of the body."""
    return lambda answer: replace(answer, sent=int(len(answer.body) * share))


def slow(seconds: float) -> Effect:
    """SampleAnswer late."""
    return lambda answer: replace(answer, delay=seconds)


def reset() -> Effect:
    """Reset the connection."""
    return lambda answer: replace(answer, reset=True)


def edit(change: Callable[[Any], Any]) -> Effect:
    """Change the JSON of answers with status 200; `change` returns the new one."""

    def effect(answer: SampleAnswer) -> SampleAnswer:
        if answer.status != 200:
            return answer
        changed = SampleAnswer.of(change(json.loads(answer.body)))
        return replace(answer, body=changed.body, headers=answer.headers | changed.headers)

    return effect


def put(**values: Any) -> Effect:
    """Set keys: unknown ones, or known ones to values of another type."""
    return edit(lambda body: body | values)


def drop(*keys: str) -> Effect:
    """Leave out keys."""
    return edit(lambda body: {key: body[key] for key in body if key not in keys})


@dataclass
class Rule:
    """An effect and the requests that it applies to."""

    effect: Effect
    path: re.Pattern[str]
    times: int | None
    after: int
    until: float | None
    seen: int = 0
    hits: int = 0
    """How many answers it has changed."""

    def takes(self, request: ApiRequest) -> bool:
        """Whether the rule applies to the request, which it counts."""
        if not self.path.search(request.name):
            return False
        self.seen += 1
        over = self.until is not None and time.monotonic() > self.until
        if self.seen <= self.after or over or self.hits == self.times:
            return False
        self.hits += 1
        return True


@dataclass
class Faults:
    """The rules of a server; they apply in the order in which they were added."""

    _rules: list[Rule] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(
        self,
        effect: Effect,
        *,
        path: str = "",
        times: int | None = None,
        after: int = 0,
        seconds: float | None = None,
    ) -> Rule:
        """Add a rule and return it.

        `path` is a regular expression searched in path and sorted query, such as
        `^/movie/popular.*page=3`. The first `after` requests pass, then `times` are hit; None is
        all. With `seconds`, the rule ends so long after it was added.
        """
        until = None if seconds is None else time.monotonic() + seconds
        rule = Rule(effect, re.compile(path), times, after, until)
        with self._lock:
            self._rules.append(rule)
        return rule

    def clear(self) -> None:
        """Remove all rules."""
        with self._lock:
            self._rules.clear()

    def apply(
        self, request: ApiRequest, answer: Callable[[ApiRequest], SampleAnswer]
    ) -> SampleAnswer:
        """Return the answer as the rules leave it."""
        with self._lock:
            effects = [rule.effect for rule in self._rules if rule.takes(request)]
        found = answer(request)
        for effect in effects:
            found = effect(found)
        return found
