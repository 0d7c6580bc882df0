"""Names of server sessions, for messages that say who holds a lock."""

from collections.abc import Iterable

from psycopg2.extensions import cursor as Cursor

_NAMED = 3


def sessions(cursor: Cursor, pids: Iterable[int]) -> str:
    """Name server processes, the oldest transactions first: pid, role, program, since when."""
    cursor.execute(
        """
        select pid, usename, application_name, since::timestamptz(0)::text
        from meta.sessions(%s)
        """,
        (list(pids),),
    )
    found = ["session {} of {} ({}, since {})".format(*row) for row in cursor.fetchall()]
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return ", ".join(found[:_NAMED]) + more or "another session"
