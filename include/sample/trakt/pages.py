"""One page of a list with the headers that say how many there are."""

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeVar

from include.sample.api.answers import ApiRequest, SampleAnswer

JSON = "application/json; charset=utf-8"
MOST = 250
FEED_AGE, LIST_AGE, TITLE_AGE = 3_600, 28_800, 1_800
"""Seconds for which Trakt's caches may keep an answer."""
T = TypeVar("T")


def answer_of(text: str, age: int, headers: dict[str, str] | None = None) -> SampleAnswer:
    """Return a 200 with this JSON."""
    body = text.encode()
    digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
    found = {
        "Cache-Control": f"max-age={age}, public",
        "ETag": f'W/"{digest}"',
        "X-Runtime": f"0.0{digest.translate(_TO_DIGITS)[:5]}",
    }
    return SampleAnswer(200, body, JSON, found | (headers or {}))


_TO_DIGITS = str.maketrans("abcdef", "012345")


def page_of(
    request: ApiRequest,
    items: Sequence[T],
    render: Callable[[T], str | None],
    *,
    limit: int,
    age: int,
) -> SampleAnswer:
    """Return the page that the request names; an item whose text is None is counted only.

    `limit` is the one where the request has none. More than MOST are never sent.
    """
    limit = min(_number(request, "limit") or limit, MOST)
    page = _number(request, "page") or 1
    found = map(render, items[(page - 1) * limit : page * limit])
    headers = {
        "X-Pagination-Page": str(page),
        "X-Pagination-Limit": str(limit),
        "X-Pagination-Page-Count": str(-(-len(items) // limit)),
        "X-Pagination-Item-Count": str(len(items)),
    }
    return answer_of(f"[{','.join(text for text in found if text is not None)}]", age, headers)


def _number(request: ApiRequest, name: str) -> int:
    text = request.query.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
