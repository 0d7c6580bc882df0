"""What the draws of the sample's Trakt are for, and draws that name a day."""

from enum import IntEnum

from include.sample.randomness import mix

LAST_CHANGE = 120
"""Changes that happen once to a comment or a user do so within this many days after day 1."""


class Trait(IntEnum):
    """A purpose; the numbers differ from those of other draws of the sample."""

    TITLE = 201
    PLAN = 202
    DAY = 203
    TEXT = 204
    USER = 205
    LIKES = 206
    RATING = 207
    EDIT = 208
    DELETION = 209
    HIDING = 210
    TOUCH = 211
    LANGUAGE = 212
    PLAYS = 213
    PRIVACY = 214
    NAME = 215
    FIGURES = 216
    LIST = 217


def day_of_change(percent: int, first_day: int, *parts: int) -> int | None:
    """Return the one day of a change, after `first_day`; None for those that never have it."""
    drawn = mix(*parts)
    if drawn % 100 >= percent:
        return None
    day = 2 + (drawn >> 16) % LAST_CHANGE
    return day if day > first_day else None
