"""Who is in the warehouse and stands in the way: locks, forgotten transactions, long queries."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from imdb_pipeline.config import DATASETS
from include.local.checks.finding import Finding, age, ok, problems, warn

FORGOTTEN = timedelta(minutes=10)
LONG = timedelta(hours=1)
WAITING = timedelta(minutes=1)
# The names that the pipeline's locks have; `warehouse.database.turns` makes numbers of them.
LOCKS = ("gate", "loading", "building", *(dataset.load_name for dataset in DATASETS))
_END = "select pg_terminate_backend({}), as pipeline or a superuser"


def locks(cursor: Cursor, idle_for: timedelta = LONG) -> Iterator[Finding]:
    """Which advisory locks are held by whom; a holder that does nothing for long is named."""
    cursor.execute(
        """
        select
            names.name, locks.number, locks.pid, usename, application_name,
            extract(epoch from clock_timestamp() - backend_start),
            state is distinct from 'active'
            and clock_timestamp() - coalesce(state_change, backend_start) > %(idle_for)s
        from (
            select pid, (classid::bigint << 32 | objid::bigint) as number
            from pg_locks
            where locktype = 'advisory' and granted and objsubid = 1
                and database = (select oid from pg_database where datname = current_database())
        ) as locks
        left join pg_stat_activity using (pid)
        left join unnest(%(names)s) as names (name) on hashtextextended(names.name, 0) = number
        order by 1, 2, 3
        """,
        {"idle_for": idle_for, "names": list(LOCKS)},
    )
    yield from problems(map(_lock, cursor.fetchall()), ok("locks", "none of ours is held"))


def _lock(row: Sequence[Any]) -> Finding:
    name, number, pid, user, application, seconds, idle = row
    found = (
        f"{name or f'number {number}'} is held by session {pid} of {user} ({application}), there "
        f"since {age(float(seconds or 0))}"
    )
    if name is not None and not idle:
        return ok("locks", found)
    return warn(
        "locks", found, f"if nothing is at work: {_END.format(pid)}. The lock goes with it."
    )


def forgotten(cursor: Cursor, longer_than: timedelta = FORGOTTEN) -> Iterator[Finding]:
    """Sessions that are idle in a transaction, and transactions that wait for a commit."""
    yield from problems(
        _forgotten(cursor, longer_than),
        ok("transactions", "no forgotten one"),
    )


def _forgotten(cursor: Cursor, longer_than: timedelta) -> Iterator[Finding]:
    for pid, who, seconds in _sessions(
        cursor, "state like 'idle in transaction%%'", "state_change", longer_than
    ):
        yield warn(
            "transactions",
            f"session {pid} of {who} has been idle in a transaction since {age(seconds)}; what it "
            "locked stays locked, and nothing it could see is cleaned away",
            f"end it: {_END.format(pid)}",
        )
    cursor.execute(
        "select gid, owner, extract(epoch from clock_timestamp() - prepared) "
        "from pg_prepared_xacts where database = current_database() order by prepared"
    )
    for gid, owner, seconds in cursor.fetchall():
        yield warn(
            "transactions",
            f"{gid!r} of {owner} has been prepared since {age(float(seconds))} and holds its locks",
            f"rollback prepared '{gid}', as {owner}; nothing of this project prepares any.",
        )


def queries(
    cursor: Cursor, longer_than: timedelta = LONG, waiting: timedelta = WAITING
) -> Iterator[Finding]:
    """Queries that have been at work for long, and sessions that wait for the lock of another."""
    yield from problems(
        _queries(cursor, longer_than, waiting), ok("queries", "none is long or waits for long")
    )


def _queries(cursor: Cursor, longer_than: timedelta, waiting: timedelta) -> Iterator[Finding]:
    for pid, who, seconds in _sessions(cursor, "state = 'active'", "query_start", longer_than):
        yield warn(
            "queries",
            f"session {pid} of {who} has been at one query since {age(seconds)}",
            f"wait, or cancel it: select pg_cancel_backend({pid})",
        )
    cursor.execute(
        """
        select
            pid, usename, application_name, pg_blocking_pids(pid),
            extract(epoch from clock_timestamp() - min(waitstart))
        from pg_locks
        inner join pg_stat_activity using (pid)
        where datname = current_database() and not granted
        group by pid, usename, application_name
        having min(waitstart) < clock_timestamp() - %s
        order by pid
        """,
        (waiting,),
    )
    for pid, user, application, blockers, seconds in cursor.fetchall():
        by = ", ".join(map(str, blockers)) or "nobody any more"
        yield warn(
            "queries",
            f"session {pid} of {user} ({application}) has waited for {age(float(seconds))} for a "
            f"lock that session {by} has",
            f"wait, or end the one that has it: {_END.format(blockers[0] if blockers else pid)}",
        )


def _sessions(
    cursor: Cursor, condition: str, since: str, longer_than: timedelta
) -> Iterator[tuple[int, str, float]]:
    """Yield pid, user with application, and seconds since the column `since` of other sessions."""
    cursor.execute(
        sql.SQL(
            """
            select pid, usename, application_name, extract(epoch from clock_timestamp() - {since})
            from pg_stat_activity
            where
                datname = current_database() and backend_type = 'client backend'
                and pid <> pg_backend_pid() and {condition}
                and clock_timestamp() - {since} > %s
            order by pid
            """
        ).format(since=sql.Identifier(since), condition=sql.SQL(condition)),
        (longer_than,),
    )
    for pid, user, application, seconds in cursor.fetchall():
        yield pid, f"{user} ({application})", float(seconds)
