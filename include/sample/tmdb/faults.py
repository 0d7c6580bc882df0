"""Faults that only TMDb has: its errors, and lists that become shorter during a walk."""

from dataclasses import replace
from itertools import count
from typing import Any

from include.sample.api.faults import Effect, edit
from include.sample.tmdb.errors import CODES, error


def fail(status: int, retry_after: int | None = None) -> Effect:
    """SampleAnswer with an error of the API; `retry_after` in seconds, None for no such header."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return lambda _: replace(error(CODES[status]), headers=headers)


def shrink(pages: int, by: int = 1) -> Effect:
    """Let total_pages begin at `pages` and fall with each answer; pages after it are empty."""
    asked = count()

    def change(body: Any) -> Any:
        total = max(pages - next(asked) * by, 0)
        results = body["results"] if body["page"] <= total else []
        return body | {"results": results, "total_pages": total, "total_results": total * 20}

    return edit(change)
