"""A request as a server of the sample reads it, and an answer as it sends it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

JSON = "application/json;charset=utf-8"


@dataclass(frozen=True)
class ApiRequest:
    """What was asked for; `path` is below the API's version."""

    path: str
    query: dict[str, str]
    headers: Mapping[str, str] = field(default_factory=dict, compare=False)
    """By their names in lower case."""

    @classmethod
    def parse(cls, target: str, headers: Mapping[str, str] | None = None) -> "ApiRequest":
        """Read the target of a request line, without the version's prefix."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        return cls(parts.path, query, {} if headers is None else headers)

    @property
    def name(self) -> str:
        """The path and the sorted query, without a key: the same for the same question."""
        query = "&".join(f"{k}={v}" for k, v in sorted(self.query.items()) if k != "api_key")
        return f"{self.path}?{query}" if query else self.path


@dataclass(frozen=True)
class SampleAnswer:
    """A status with a body."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0
    """Seconds before the first byte."""
    sent: int | None = None
    """How many bytes of the body are sent before the connection is closed; None for all."""
    reset: bool = False
    """The connection is reset, without an answer."""

    @classmethod
    def of(cls, content: Any) -> "SampleAnswer":
        """Return a 200 with this JSON, and the headers that a cache adds."""
        return cls.recorded(to_json(content).encode())

    @classmethod
    def recorded(cls, body: bytes) -> "SampleAnswer":
        """Return a 200 with these bytes."""
        digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
        age = 600 + int(digest[:4], 16) % 20_000  # seconds
        headers = {"Cache-Control": f"public, max-age={age}", "ETag": f'W/"{digest}"'}
        return cls(200, body, headers=headers)


def to_json(content: Any) -> str:
    """Return JSON with plain text in it; escapes only where a surrogate has no other half."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(content, separators=(",", ":"))
    return text


NO_BODY = "text/html; charset=UTF-8"


def empty(status: int) -> SampleAnswer:
    """Return an answer without a body, as proxies give it."""
    return SampleAnswer(status, b"", NO_BODY)
