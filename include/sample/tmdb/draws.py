"""Small repeatable draws for one thing: hashes of the numbers that name it.

A body embeds many people and titles, so their parts come from one hash each rather than from a
stream, which is slower to open.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import TypeVar
from zlib import crc32

from include.sample.randomness import mix

T = TypeVar("T")
_ONE = 1 << 64


class Purpose(IntEnum):
    """What a draw is for; numbers differ from those of `randomness.Topic`."""

    MOVIE = 101
    TV = 102
    PERSON = 103
    CREDIT = 104
    PICTURE = 105
    COMPANY = 106
    EDIT = 107
    ABSENCE = 108
    LIST = 109
    FEED = 110
    MEASURE = 111
    DATE = 112
    TEXT = 113
    STRANGER = 114


def share(*parts: int) -> float:
    """Return a number in [0, 1) that these numbers name."""
    return mix(*parts) / _ONE


def choose(options: Sequence[T], *parts: int) -> T:
    """Return one of `options`, all equally likely."""
    return options[mix(*parts) % len(options)]


def text_number(text: str) -> int:
    """Return a number for the text, the same on every platform."""
    return crc32(text.encode())


def picture(*parts: int) -> str:
    """Return a path of a picture, as TMDb writes it."""
    return f"/{mix(Purpose.PICTURE, *parts):016x}{mix(*parts, Purpose.PICTURE) & 0xFFFFFF:06x}.jpg"


def picture_or_none(likely: float, *parts: int) -> str | None:
    """Return a path of a picture, or None for those without one."""
    return picture(*parts) if share(Purpose.PICTURE, *parts) < likely else None


def hex_id(*parts: int) -> str:
    """Return an id of 24 hexadecimal digits, as credits have."""
    return f"{mix(*parts):016x}{mix(Purpose.CREDIT, *parts) & 0xFFFFFFFF:08x}"


def day_of(year: int, *parts: int) -> str:
    """Return some day of the year as YYYY-MM-DD."""
    drawn = mix(Purpose.DATE, *parts)
    return f"{year:04d}-{1 + drawn % 12:02d}-{1 + drawn // 12 % 28:02d}"
