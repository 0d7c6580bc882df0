"""What makes a new version of an answer: its content, without what moves every day."""

import hashlib
import json
from typing import Any

_MOVING = frozenset({"popularity", "vote_average", "vote_count"})
# Paths of pictures: poster_path, profile_path ...
_PICTURE = "_path"


def content_sha256(data: Any) -> str:
    """Return the SHA-256 of `data` without votes, popularity and pictures, whatever their order."""
    text = json.dumps(
        _lasting(data), ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=True
    )
    return hashlib.sha256(text.encode()).hexdigest()


def body_sha256(body: bytes) -> str:
    """Return the SHA-256 of a body as it came."""
    return hashlib.sha256(body).hexdigest()


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _lasting(inner) if isinstance(inner, dict | list) else inner
            for key, inner in value.items()
            if key not in _MOVING and not key.endswith(_PICTURE)
        }
    if isinstance(value, list):
        return [_lasting(inner) if isinstance(inner, dict | list) else inner for inner in value]
    return value
