"""The things that are followed, and the queue of those to ask for: `raw.tmdb_items`.

A worker claims a thing by locking its row until its answer is committed. Others skip locked rows,
and a worker that is killed leaves the row as it was.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from tmdb_pipeline.config import MediaKind, TmdbSettings, contract

_LONGEST_ERROR = 500


@dataclass(frozen=True, slots=True)
class Item:
    """A thing to ask for, with the time, status and content of its last complete answer."""

    number: int
    checked_at: datetime | None
    http_status: int | None
    content_sha256: str | None


def follow(
    cursor: Cursor, kind_name: str, numbers: Collection[int], reason: str, now: datetime
) -> int:
    """Follow the things that are new, which are due from now on; return how many are new."""
    if not numbers:
        return 0
    rows = execute_values(
        cursor,
        "insert into raw.tmdb_items (media_type, id, first_seen_at, due_since, due_reason) "
        "values %s on conflict do nothing returning id",
        [(kind_name, number, now, now, reason) for number in sorted(set(numbers))],
        fetch=True,
    )
    return len(rows)


def unknown(cursor: Cursor, kind_name: str, numbers: Collection[int]) -> list[int]:
    """Return those of the things that are not followed."""
    cursor.execute(
        "select number from unnest(%s::bigint []) as number where not exists ("
        "select from raw.tmdb_items where media_type = %s and id = number) order by number",
        (list(set(numbers)), kind_name),
    )
    return [number for (number,) in cursor.fetchall()]


def mark_changed(
    cursor: Cursor,
    kind_name: str,
    numbers: Collection[int],
    now: datetime,
    *,
    before: datetime,
    seen: Collection[int],
) -> int:
    """Make those things due that are followed and may have changed since they were checked.

    These are the ones that were not checked since `before`, and those that are not among the ones
    `seen` in the changes earlier on the same day. Returns how many.
    """
    cursor.execute(
        """
        update raw.tmdb_items set due_since = %s, due_reason = 'changes'
        where media_type = %s and id = any(%s) and due_since is null
            and (checked_at < %s or (checked_at is not null and id <> all(%s)))
        """,
        (now, kind_name, list(numbers), before, [each for each in seen if each in numbers]),
    )
    return cursor.rowcount


def plan(
    cursor: Cursor, kind: MediaKind, settings: TmdbSettings, now: datetime, *, everything: bool
) -> Mapping[str, int]:
    """Make due what was not checked for long, and what is gone and may be back.

    Also what is in quarantine by a contract that is another now. With `everything`, all that is
    followed. Returns how many things of the kind are due, by reason.
    """
    cursor.execute(
        sql.SQL(
            """
            update raw.tmdb_items
            set due_since = %(now)s,
                due_reason = case when http_status = 404 then 'gone' else 'age' end
            where media_type = %(kind)s and due_since is null and ({} or {})
            """
        ).format(_NOT_CHECKED_FOR_LONG, _REFUSED_BEFORE),
        _bounds(kind, settings, now, everything=everything),
    )
    return due(cursor, kind)


# Each thing has its day in a cycle of `follow_days` days, by its id, and is due on the first such
# day (UTC) that is `follow_days` or more after its check. So what was checked on one day does not
# come together again, and a day that no run saw is made up for by the next run.
_NOT_CHECKED_FOR_LONG = sql.SQL(
    """
    case when %(everything)s then checked_at <= %(now)s else (
        select %(today)s >= checked + %(days)s
            + mod(mod(id - checked, %(days)s) + %(days)s, %(days)s)
        from (select (checked_at at time zone 'UTC')::date - date '1970-01-01' as checked) as day
    ) end
    """
)
_REFUSED_BEFORE = sql.SQL(
    "(starts_with(last_error, 'contract ') and not starts_with(last_error, %(by)s))"
)


def refused_by(kind: MediaKind) -> str:
    """Return what the last error of a thing begins with that the kind's contract refused."""
    return f"contract {contract(kind.name).version}: "


def _bounds(
    kind: MediaKind, settings: TmdbSettings, now: datetime, *, everything: bool
) -> Mapping[str, object]:
    return {
        "kind": kind.name,
        "now": now,
        "today": (now.astimezone(UTC).date() - date(1970, 1, 1)).days,
        "days": settings.follow_days,
        "everything": everything,
        "by": refused_by(kind),
    }


def due(cursor: Cursor, kind: MediaKind) -> Mapping[str, int]:
    """Return how many things of the kind are due, by reason."""
    cursor.execute(
        "select due_reason, count(*) from raw.tmdb_items "
        "where media_type = %s and due_since is not null group by due_reason order by due_reason",
        (kind.name,),
    )
    return {str(reason): int(count) for reason, count in cursor.fetchall()}


def due_numbers(
    cursor: Cursor, kind: MediaKind, settings: TmdbSettings, now: datetime, *, everything: bool
) -> list[int]:
    """Return the things that `plan` and the queue would ask for, and change nothing."""
    cursor.execute(
        sql.SQL(
            "select id from raw.tmdb_items where media_type = %(kind)s "
            "and (due_since is not null or {} or {}) order by id"
        ).format(_NOT_CHECKED_FOR_LONG, _REFUSED_BEFORE),
        _bounds(kind, settings, now, everything=everything),
    )
    return [number for (number,) in cursor.fetchall()]


def claim(cursor: Cursor, kind: MediaKind, since: datetime) -> Item | None:
    """Lock the next thing that is due, to the end of the transaction; None where there is none.

    A thing that failed comes after all others, and not again where it was tried after `since`.
    """
    cursor.execute(
        """
        select id, checked_at, http_status, content_sha256 from raw.tmdb_items
        where media_type = %s and due_since is not null and (tried_at is null or tried_at < %s)
        order by tries, due_since, id
        limit 1
        for no key update skip locked
        """,
        (kind.name, since),
    )
    row = cursor.fetchone()
    return None if row is None else Item(*row)


def failed(cursor: Cursor, kind: MediaKind, item: Item, reason: str) -> None:
    """Note a try that failed; the thing stays due."""
    cursor.execute(
        "update raw.tmdb_items set tries = tries + 1, tried_at = clock_timestamp(), "
        "last_error = %s where media_type = %s and id = %s",
        (reason[:_LONGEST_ERROR], kind.name, item.number),
    )


def still(cursor: Cursor, kind: MediaKind, item: Item) -> None:
    """Note that the answer is not newer: the thing is not due, and stays as it was."""
    cursor.execute(
        "update raw.tmdb_items set due_since = null, due_reason = null, tries = 0, "
        "tried_at = null, last_error = null where media_type = %s and id = %s",
        (kind.name, item.number),
    )


def start_of_day(now: datetime) -> datetime:
    """Return midnight (UTC) before `now`."""
    return datetime.combine(now.astimezone(UTC).date(), time(), UTC)
