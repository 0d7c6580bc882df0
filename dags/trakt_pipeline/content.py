"""What of a comment is kept, what makes a new version of it, and how people are taken out."""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

# What JSON can write and Postgres cannot hold: the character zero and half a surrogate pair.
_REFUSED = re.compile("[\0\ud800-\udfff]")
_MAYBE_REFUSED = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_REPLACEMENT = "\ufffd"
# What is the person's in a comment; it is stored in bodies of pages only.
_PERSONAL = frozenset({"user", "comment"})


def content_hash(comment: dict[str, Any]) -> str:
    """Return the SHA-256 of the comment without its user, whatever the order of its keys."""
    return data_sha256({key: value for key, value in comment.items() if key != "user"})


def data_sha256(data: Any) -> str:
    """Return the SHA-256 of `data` as canonical JSON."""
    text = json.dumps(data, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def kept(comment: dict[str, Any]) -> str:
    """Return the comment without its user and its text, as JSON that jsonb can hold."""
    return storable({key: value for key, value in comment.items() if key not in _PERSONAL})


def storable(data: Any) -> str:
    """Return `data` as JSON that jsonb can hold: U+FFFD stands for what it cannot."""
    text = json.dumps(data)
    return json.dumps(_replaced(data)) if _MAYBE_REFUSED.search(text) else text


def without_persons(item: Any) -> str:
    """Return an item of any shape as JSON with the type of each value in place of the value.

    Ids of comments and titles, times and levels stay: they say what the item is about.
    """
    return json.dumps(_typed(item, ""))


def without_words(body: str, is_erased: Callable[[dict[str, Any]], bool]) -> str:
    """Return the body of a page without text and user of the comments that are erased.

    The comments may be bare or in the entries of a feed. It is the same text where none is erased.
    """
    data = json.loads(body)
    found = False
    for item in data if isinstance(data, list) else [data]:
        comment = comment_of(item)
        if comment is not None and not _PERSONAL.isdisjoint(comment) and is_erased(comment):
            found = True
            for key in _PERSONAL:
                comment.pop(key, None)
    return json.dumps(data) if found else body


def comment_of(item: Any) -> dict[str, Any] | None:
    """Return the comment in an item of a page: bare, or in the entry of a feed."""
    if not isinstance(item, dict):
        return None
    inner = item.get("comment")
    return inner if isinstance(inner, dict) else item


def _replaced(value: Any) -> Any:
    if isinstance(value, str):
        return _REFUSED.sub(_REPLACEMENT, value)
    if isinstance(value, dict):
        return {_REFUSED.sub(_REPLACEMENT, key): _replaced(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each) for each in value]
    return value


_SHOWN = frozenset({"type", "id", "parent_id", "trakt", "number", "season", "created_at"})


def _typed(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        inner_key = "user" if key == "user" else ""
        return {name: _typed(each, inner_key or name) for name, each in value.items()}
    if isinstance(value, list):
        return [_typed(each, key) for each in value]
    if value is None or isinstance(value, bool):
        return value
    if key in _SHOWN and (isinstance(value, int) or (isinstance(value, str) and len(value) < 30)):
        return value
    if isinstance(value, str):
        return f"text of {len(value):,} characters"
    return type(value).__name__
