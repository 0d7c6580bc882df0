"""Write, audit, publish: the marts become visible together, and the state before can be put back.

The marts are built and tested in schema `marts_next`. Publishing swaps the names of the two schemas
in one short transaction: readers see the whole old state or the whole new one. The state before
stays in `marts_next` until the next build begins; until then going back is the same swap.
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from psycopg2.extensions import cursor as Cursor

from warehouse.builds.builds import (
    State,
    current_state,
    newest_build,
    own_build,
    project_sha256,
    published_state,
    refuse_newer_loads,
    why_build,
)
from warehouse.builds.swap import drop, drop_all_but, swap, wait_for_old_snapshots
from warehouse.database.connection import Connection
from warehouse.database.turns import BUILDING, hold
from warehouse.errors import WarehouseRefused
from warehouse.raw.ledger import scalar

__all__ = [
    "Live",
    "State",
    "current_state",
    "mart_names",
    "project_sha256",
    "publish",
    "published_state",
    "rollback",
    "what_is_live",
    "why_build",
]

# Where incremental models keep what they have processed; it travels with its schema.
_MARKS = "high_water_mark"
_TIME = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Live:
    """A publish or rollback: which build is live since then (None: not noted), made from what."""

    publish_id: int
    run_id: str
    action: str
    build_id: int | None
    state: State
    published_at: datetime


def mart_names(project_dir: Path) -> tuple[str, ...]:
    """Return the tables that the dbt project builds to be published: its models in marts/."""
    return tuple(sorted(path.stem for path in (project_dir / "models" / "marts").glob("*.sql")))


def publish(
    connection: Connection,
    state: State,
    *,
    run_id: str,
    tables: Collection[str],
    build_id: int | None = None,
    from_nothing: bool = False,
    live: str = "marts",
    built: str = "marts_next",
    reader: str = "analyst",
    patience: float = 600.0,
    pause: Callable[[float], None] = time.sleep,
) -> int:
    """Swap `built` into the place of `live` and note it in `meta.publish_log`; return its id.

    Takes nobody's word for it: the log tables must show that `run_id` built each of `tables` since
    the last publish and ran a test of it, that no test of severity error failed, and that no other
    run began to build and no load came in since. A run that asks again without having built again
    (a task that was cleared) is answered with its publish. Tables that the project does not know
    are dropped.

    Raises `WarehouseRefused` saying what is missing; `WarehouseUnavailable` naming who builds at
    this moment or who reads the marts for more than `patience` seconds. Who has begun to read sees
    one build to the end of the transaction; nobody waits for longer than a third of a second.

    `from_nothing` says that the build began from nothing, since what was there was of another
    project or not to be relied on. The state before is then one to go back to, but not one to go on
    from: the next build begins from nothing as well.
    """
    with connection, connection.cursor() as cursor:
        done = _published_by(cursor, run_id)
        if done is not None:
            return done
        # Before the lock, too: a run that lost its turn must not stand in the way of its successor.
        own_build(cursor, run_id, build_id)
        hold(cursor, BUILDING)
        build = own_build(cursor, run_id, build_id)
        if build:
            refuse_newer_loads(cursor, build)
        _audit(cursor, run_id, tables, build.began_at if build else None)
        wait_for_old_snapshots(cursor, patience=patience, pause=pause)
        swap(cursor, live=live, built=built, reader=reader, patience=patience, pause=pause)
        drop_all_but(cursor, live, {*tables, _MARKS})
        if from_nothing:
            drop(cursor, built, _MARKS)
        return _note(cursor, "publish", run_id, state, build.build_id if build else None)


def rollback(
    connection: Connection,
    *,
    run_id: str,
    live: str = "marts",
    built: str = "marts_next",
    reader: str = "analyst",
    patience: float = 600.0,
    pause: Callable[[float], None] = time.sleep,
) -> Live:
    """Put the state before the last publish back, by the same swap; return what is live now.

    A run that asks again is answered with its rollback. Raises `WarehouseRefused` saying why there
    is nothing to go back to: no earlier publish, gone back already, or overwritten by a build that
    began since; `WarehouseUnavailable` as `publish` does. What was built from what was rejected
    comes again only with a new load, another dbt project or when asked for (`why_build`).
    """
    with connection, connection.cursor() as cursor:
        # Before the lock, too: who is refused must not stand in the way of a model.
        if _to_go_back_to(cursor, run_id, built):
            hold(cursor, BUILDING)
            before = _to_go_back_to(cursor, run_id, built)
            if before:
                swap(cursor, live=live, built=built, reader=reader, patience=patience, pause=pause)
                _note(cursor, "rollback", run_id, before.state, before.build_id)
        return _last_two(cursor)[0]


def what_is_live(cursor: Cursor) -> str:
    """Say which build is live, in words: its number, its load, when it was built."""
    cursor.execute(
        """
        select
            coalesce('build ' || live.build_id || ' of run ' || build.run_id, 'a build'),
            live.load_id,
            coalesce(build.began_at, (
                select max(published_at) from meta.publish_log as earlier
                where action = 'publish'
                    and (load_id, project_sha256) = (live.load_id, live.project_sha256)
            ))::timestamptz(0)::text
        from (select * from meta.publish_log order by publish_id desc limit 1) as live
        left join meta.build_log as build using (build_id)
        """
    )
    row = cursor.fetchone()
    return "{}, made from load {}, built at {}".format(*row) if row else "nothing yet"


def _to_go_back_to(cursor: Cursor, run_id: str, built: str) -> Live | None:
    """The state that `built` holds; None where `run_id` went back to it already."""
    rows = _last_two(cursor)
    if len(rows) < 2:
        raise WarehouseRefused(
            "rollback: there is no state before the "
            + ("first publish" if rows else "first: nothing was published yet")
            + ", so the marts stay as they are."
        )
    last, before = rows
    if last.action == "rollback":
        if last.run_id == run_id:
            return None
        raise WarehouseRefused(
            f"rollback: run {last.run_id} went back already, at {last.published_at:{_TIME}}; what "
            "is kept in marts_next is the state that was rejected, so the marts stay as they are. "
            "To publish what is loaded now, run with force_transform."
        )
    _refuse_overwritten(cursor, last, built)
    return before


def _refuse_overwritten(cursor: Cursor, last: Live, built: str) -> None:
    newest = newest_build(cursor)
    by = None
    if newest and (
        newest.last_begun_at > last.published_at
        or (last.build_id and newest.build_id > last.build_id)
    ):
        begun = f"{newest.last_begun_at:{_TIME}}"
        by = f"build {newest.build_id} of run {newest.run_id}, begun {begun},"
    else:
        # dbt by hand, with nobody asked.
        cursor.execute(
            """
            select run_id, finished_at::timestamptz(0)::text
            from meta.model_log
            where finished_at > %s and relation like %s
            order by model_log_id
            limit 1
            """,
            (last.published_at, f"{built}.%"),
        )
        row = cursor.fetchone()
        if row:
            by = "dbt (run {}, at {})".format(*row)
    if by:
        raise WarehouseRefused(
            f"rollback: {by} has written into {built} since the last publish, so the state before "
            "is gone and the marts stay as they are. Mend the cause and run again; the next "
            "publish replaces what is live."
        )


def _last_two(cursor: Cursor) -> list[Live]:
    """The last two rows of `meta.publish_log`, newest first: what is live and what was before."""
    cursor.execute(
        """
        select publish_id, run_id, action, build_id, load_id, project_sha256, published_at
        from meta.publish_log
        order by publish_id desc
        limit 2
        """
    )
    return [
        Live(publish_id, run_id, action, build_id, State(*state), published_at)
        for publish_id, run_id, action, build_id, *state, published_at in cursor.fetchall()
    ]


def _note(cursor: Cursor, action: str, run_id: str, state: State, build_id: int | None) -> int:
    cursor.execute(
        """
        insert into meta.publish_log (action, run_id, project_sha256, load_id, build_id)
        values (%s, %s, %s, %s, %s)
        returning publish_id
        """,
        (action, run_id, state.project_sha256, state.load_id, build_id),
    )
    return scalar(cursor)


def _audit(cursor: Cursor, run_id: str, tables: Collection[str], began_at: datetime | None) -> None:
    """Raise `WarehouseRefused` unless `run_id` built and tested all `tables` since the last.

    What was done before the build began (`began_at`), by a run of the same name, does not count.
    """
    cursor.execute(
        """
        select distinct on (model)
            model, status, exists (
                select from meta.test_log
                where
                    test_log.run_id = model_log.run_id
                    and test_log.invocation_id = model_log.invocation_id
                    and test_log.model = model_log.model
                    and test_log.resource_type = 'test'
                    and test_log.status <> 'skipped'
            )
        from meta.model_log
        where run_id = %s and finished_at > greatest(
            (select max(published_at) from meta.publish_log), %s, '-infinity'::timestamptz
        )
        order by model, model_log_id desc
        """,
        (run_id, began_at),
    )
    last = {model: (status, tested) for model, status, tested in cursor.fetchall()}
    built = {model for model, (status, _) in last.items() if status == "success"}
    missing = sorted(set(tables) - built)
    if missing or not tables:
        raise WarehouseRefused(
            f"publish: run {run_id} did not build {', '.join(missing) or 'anything'} since the "
            "last publish, so the marts stay as they are. Run the dbt part (parameter "
            "force_transform); for a model that has no task, run `make manifest` first."
        )
    untested = sorted(model for model in tables if not last[model][1])
    if untested:
        raise WarehouseRefused(
            f"publish: no test of {', '.join(untested)} was run with its build in run {run_id}, so "
            "the marts stay as they are. Every mart needs a test, and dbt has to `build`, not "
            "`run`."
        )
    cursor.execute(
        """
        select test from (
            select distinct on (test) test, status
            from meta.test_log
            where run_id = %s and finished_at > greatest(%s, '-infinity'::timestamptz)
            order by test, test_log_id desc
        ) as newest
        where status in ('fail', 'error')
        order by test
        """,
        (run_id, began_at),
    )
    failed = [str(test) for (test,) in cursor.fetchall()]
    if failed:
        raise WarehouseRefused(
            f"publish: {', '.join(failed)} failed in run {run_id}, so the marts stay as they are."
        )


def _published_by(cursor: Cursor, run_id: str) -> int | None:
    """Return the newest publish where it is of `run_id` and that run built nothing since."""
    cursor.execute(
        """
        select newest.publish_id
        from (select * from meta.publish_log order by publish_id desc limit 1) as newest
        where newest.run_id = %(run_id)s and newest.action = 'publish' and not exists (
            select from meta.model_log
            where model_log.run_id = %(run_id)s and model_log.finished_at > newest.published_at
        )
        """,
        {"run_id": run_id},
    )
    row = cursor.fetchone()
    return int(row[0]) if row else None
