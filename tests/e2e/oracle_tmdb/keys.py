"""Surrogate keys: md5 of TMDb's own keys."""

from datetime import UTC, date, datetime, timedelta
from hashlib import md5

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def surrogate(*parts: str | int) -> str:
    """Return the md5 of the parts joined by `-`."""
    return md5("-".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()


def version_key(media_type: str, number: int, began: datetime) -> str:
    """Return the key of a version."""
    return surrogate(media_type, number, (began - _EPOCH) // timedelta(microseconds=1))


def date_key(day: date | None) -> int | None:
    """Return the day as YYYYMMDD."""
    return None if day is None else day.year * 10_000 + day.month * 100 + day.day
