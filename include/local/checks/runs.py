"""The last run, as it reported itself in meta.run_log."""

from collections.abc import Iterator
from datetime import timedelta

from psycopg2.extensions import cursor as Cursor

from include.local.checks.finding import Finding, age, fail, ok, warn

OLD = timedelta(days=2)


def last_run(cursor: Cursor, old: timedelta = OLD) -> Iterator[Finding]:
    """Whether the newest run was good and is not long ago."""
    cursor.execute(
        """
        select
            run_id, state, extract(epoch from clock_timestamp() - finished_at),
            summary -> 'failed_tasks'
        from meta.run_log
        order by finished_at desc
        limit 1
        """
    )
    row = cursor.fetchone()
    if row is None:
        yield ok("last run", "there was none yet")
        return
    run_id, state, seconds, failed = row
    since = f"{age(float(seconds))} ago"
    if state != "success":
        tasks = ", ".join(map(str, failed or ())) or "the log says which tasks"
        yield fail(
            "last run",
            f"{run_id} {state} {since}: {tasks}",
            "see the log of the first of these tasks, mend the cause, make run.",
        )
    elif seconds > old.total_seconds():
        yield warn(
            "last run",
            f"{run_id} was good, {since}; the files are made anew every day",
            "make run; or see why the schedule does not run (make up).",
        )
    else:
        yield ok("last run", f"{run_id} was good, {since}")
