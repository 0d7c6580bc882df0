"""Faults that only Trakt has: its errors, and comments changed inside of any answer.

server.faults.add(fail(502), path="^/comments/recent", times=2)
server.faults.add(edit_comments(lambda comment: comment | {"likes": "many"}), path="/movies/")
"""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from include.sample.api.answers import NO_BODY, SampleAnswer
from include.sample.api.faults import Effect, edit
from include.sample.trakt.pages import JSON

Change = Callable[[dict[str, Any]], dict[str, Any] | None]
_PAGE = b"<html><head><title>%d</title></head><body><center><h1>%d</h1></center></body></html>"
_RATE = {
    "name": "UNAUTHED_API_GET_LIMIT", "period": 300, "limit": 500, "remaining": 0,
    "until": "2026-03-02T11:25:00Z",
}  # fmt: skip


def fail(status: int, retry_after: int | None = None, *, html: bool = False) -> Effect:
    """Answer with an error; `retry_after` in seconds, None for no such header.

    A 429 is the API's own JSON or, with `html`, a page of the CDN. Errors from 500 on are pages
    of the CDN, all others have no body.
    """
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    if status == 429 and not html:
        headers["X-Ratelimit"] = json.dumps(_RATE)
        return lambda _: SampleAnswer(429, b'{"error":"rate limit exceeded"}', JSON, headers)
    body = _PAGE % (status, status) if html or status >= 500 else b""
    return lambda _: SampleAnswer(status, body, NO_BODY, headers)


def edit_comments(change: Change) -> Effect:
    """Change each comment of an answer; where `change` returns None, leave the comment out."""

    def inner(content: Any) -> Any:
        if isinstance(content, list):
            return [each for each in map(inner, content) if each is not None]
        if not isinstance(content, dict):
            return content
        if "comment" not in content:
            return content
        if isinstance(content["comment"], dict):
            found = change(content["comment"])
            return None if found is None else content | {"comment": found}
        return change(content)

    return edit(inner)


def without_headers(*names: str) -> Effect:
    """Leave out headers, such as X-Pagination-Page-Count."""

    def effect(answer: SampleAnswer) -> SampleAnswer:
        kept = {name: value for name, value in answer.headers.items() if name not in names}
        return replace(answer, headers=kept)

    return effect


def with_headers(**values: str) -> Effect:
    """Set headers; `_` in a name stands for `-`."""
    headers = {name.replace("_", "-"): value for name, value in values.items()}
    return lambda answer: replace(answer, headers=answer.headers | headers)
