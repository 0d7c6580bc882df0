"""The dates of the sample's days, and the ids of comments, which hold the time of their writing."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

EPOCH = datetime(2011, 1, 1, tzinfo=UTC)
"""No comment is older."""
_HISTORY_ENDS = date(2026, 8, 31)
_LANES = 64
_SHUFFLED = 1 << 18  # minutes: within such a stretch the oldest ids are in the wrong order
_OLD = 8 * _SHUFFLED  # minutes after EPOCH, until the end of 2014
_DAY = 24 * 60  # minutes


@dataclass(frozen=True)
class TraktCalendar:
    """Minutes are counted from EPOCH. Day 1 has the date `first`."""

    first: date

    @classmethod
    def of(cls, day: int, today: date) -> "TraktCalendar":
        """Return the calendar by which `day` is `today`."""
        return cls(today - timedelta(days=day - 1))

    @property
    def history_end(self) -> int:
        """The minute after the newest comment of day 1, the same for every later date of day 1."""
        return self.minute(min(_HISTORY_ENDS, self.first - timedelta(days=1)))

    def start(self, day: int) -> int:
        """Return the minute at which the time of the day's changes begins: the date before."""
        return self.minute(self.first + timedelta(days=day - 2))

    def within(self, day: int, drawn: int) -> int:
        """Return a minute of the day's changes: all of them are before the day's date."""
        return self.start(day) + drawn % _DAY

    @staticmethod
    def minute(day: date) -> int:
        """Return the minute at which the date begins (UTC)."""
        return int((datetime.combine(day, time(), UTC) - EPOCH).total_seconds()) // 60


def comment_id(minute: int, lane: int) -> int:
    """Return the id of a comment; a lane has at most one comment in a minute.

    Ids of comments before 2015 do not follow the time, as at Trakt.
    """
    return (minute ^ (_SHUFFLED - 1) if minute < _OLD else minute) * _LANES + lane


def lane_of(number: int) -> int:
    """Return the lane of a comment's id."""
    return number % _LANES


LANES = _LANES


def written(minute: int, second: int = 0) -> str:
    """Return the time as Trakt writes it."""
    moment = EPOCH + timedelta(minutes=minute, seconds=second % 60)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
