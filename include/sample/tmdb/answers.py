"""A request as the server reads it and an answer as it sends it, with TMDb's error bodies."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

JSON = "application/json;charset=utf-8"
_ERRORS = {
    7: (401, "Invalid API key: You must be granted a valid key."),
    9: (503, "Service offline: This service is temporarily offline, try again later."),
    11: (500, "Internal error: Something went wrong, contact TMDb."),
    20: (422, "Invalid date range: Should be a range no longer than 14 days."),
    22: (400, "Invalid page: Pages start at 1 and max at 500. They are expected to be an integer."),
    23: (400, "Invalid date: Format needs to be YYYY-MM-DD."),
    24: (504, "Your request to the backend server timed out. Try again."),
    25: (429, "Your request count (#) is over the allowed limit of (40)."),
    27: (400, "Too many append to response objects: The maximum number of remote calls is 20."),
    34: (404, "The resource you requested could not be found."),
    43: (502, "Couldn't connect to the backend server."),
}
CODES = {status: code for code, (status, _) in _ERRORS.items() if status >= 429}
"""TMDb's code for each HTTP status of a fault."""


@dataclass(frozen=True)
class ApiRequest:
    """What was asked for; `path` is below the API's version."""

    path: str
    query: dict[str, str]

    @classmethod
    def parse(cls, target: str) -> "ApiRequest":
        """Read the target of a request line, without the version's prefix."""
        parts = urlsplit(target)
        return cls(parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)))

    @property
    def name(self) -> str:
        """The path and the sorted query, without a key: the same for the same question."""
        query = "&".join(f"{k}={v}" for k, v in sorted(self.query.items()) if k != "api_key")
        return f"{self.path}?{query}" if query else self.path

    @property
    def endpoint(self) -> str:
        """The path with its id left out."""
        parts = self.path.strip("/").split("/")
        if len(parts) > 1 and (parts[0] == "find" or parts[1][:1].isdigit()):
            parts[1] = "{id}"
        return "/" + "/".join(parts)


@dataclass(frozen=True)
class Answer:
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
    def of(cls, content: Any) -> "Answer":
        """Return a 200 with this JSON, and the headers that TMDb's cache adds."""
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        return cls.recorded(body)

    @classmethod
    def recorded(cls, body: bytes) -> "Answer":
        """Return a 200 with these bytes."""
        digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
        age = 600 + int(digest[:4], 16) % 20_000  # seconds
        headers = {"Cache-Control": f"public, max-age={age}", "ETag": f'W/"{digest}"'}
        return cls(200, body, headers=headers)

    @classmethod
    def error(cls, code: int) -> "Answer":
        """Return TMDb's error with this status_code."""
        status, message = _ERRORS[code]
        content = {"success": False, "status_code": code, "status_message": message}
        return cls(status, json.dumps(content).encode())
