"""Builds of a source's marts: when one is due, what it is made from, and whose turn it is.

A build is a row of `meta.build_log`, committed before the first model is built. The newest row of a
source says which build its tables in staging and `marts_next` belong to: an older build cannot
continue. One dbt process works on a build at a time (`build_session`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import cursor as Cursor

from warehouse.builds.dependents import warn_of_what_a_build_drops
from warehouse.builds.project import DbtProject
from warehouse.builds.publish_log import (
    State,
    changed_since,
    published_state,
    rejected_state,
)
from warehouse.database.connection import Connection
from warehouse.database.turns import building_lock, hold
from warehouse.errors import WarehouseRefused
from warehouse.raw.ledger import newest_change, scalar


@dataclass(frozen=True, slots=True)
class Build:
    """A build of `source` that began: by which run, from what, why, and whether from nothing.

    `state.load_id` is the newest load that the build takes in; it is final once `bound_at` is set.
    """

    build_id: int
    source: str
    dag_id: str
    run_id: str
    state: State
    reason: str
    from_nothing: bool
    began_at: datetime
    bound_at: datetime | None = None
    reopened_at: datetime | None = None

    @property
    def last_begun_at(self) -> datetime:
        """When it began, or when one of its models was last built again after the publish."""
        return self.reopened_at or self.began_at


def current_state(cursor: Cursor, project: DbtProject, source: str) -> State:
    """Return what a build of `source` that begins now would be made from.

    That is up to the newest load that changed a line; later loads of the same lines do not matter.
    """
    return State(newest_change(cursor, source), project.sha256(source))


def why_build(
    current: State,
    published: State | None,
    rejected: State | None = None,
    exchanged: Sequence[str] = (),
) -> str | None:
    """Return why the marts have to be built, in words; None where they are up to date.

    `rejected` is a state that a rollback rejected: it does not come again by itself. `exchanged`
    are the sources whose marts the models read and that published after the live build began.
    """
    if published is None:
        return "nothing was published yet"
    if rejected and rejected.covers(current):
        return None
    if current.load_id > published.load_id:
        return f"the newest load is {current.load_id}, the marts are made from {published.load_id}"
    if current.project_sha256 != published.project_sha256:
        return "the dbt project is not the one last published"
    if exchanged:
        return f"the marts read those of {', '.join(exchanged)}, which were published again"
    return None


def begin_build(
    connection: Connection,
    project: DbtProject,
    *,
    source: str,
    dag_id: str,
    run_id: str,
    asked_for: str | None = None,
    full_refresh: bool = False,
    built: str = "marts_next",
) -> Build | None:
    """Begin a build where one is due, or `asked_for` by a word that says who asks; else None.

    It is committed. From then on the source's tables in `marts_next` are this build's; an earlier
    build can neither continue nor be published. Raises `WarehouseUnavailable` naming the session
    that builds or publishes the source at this moment, and as `DbtProject.marts` does.
    """
    with connection, connection.cursor() as cursor:
        if _why(cursor, project, source, asked_for) is None:
            return None
        hold(cursor, building_lock(source))
        # The publish that ended a moment ago may be of this very state.
        reason = _why(cursor, project, source, asked_for)
        if reason is None:
            return None
        # Better now than after hours of building: the manifest must know all models.
        project.marts(source)
        warn_of_what_a_build_drops(cursor, built)
        return insert_build(
            cursor,
            current_state(cursor, project, source),
            source=source,
            dag_id=dag_id,
            run_id=run_id,
            reason=reason,
            full_refresh=full_refresh,
        )


def _why(
    cursor: Cursor, project: DbtProject, source: str, asked_for: str | None = None
) -> str | None:
    return asked_for or why_build(
        current_state(cursor, project, source),
        published_state(cursor, source),
        rejected_state(cursor, source),
        changed_since(cursor, source, project.reads_marts_of(source)),
    )


def insert_build(
    cursor: Cursor,
    state: State,
    *,
    source: str,
    dag_id: str,
    run_id: str,
    reason: str,
    full_refresh: bool = False,
) -> Build:
    """Insert the row of a build that begins now from `state`; return the build."""
    from_nothing = full_refresh or not _can_continue(cursor, source, state.project_sha256)
    cursor.execute(
        """
        insert into meta.build_log
            (source, dag_id, run_id, load_id, project_sha256, reason, from_nothing)
        values (%s, %s, %s, %s, %s, %s, %s)
        returning build_id
        """,
        (source, dag_id, run_id, state.load_id, state.project_sha256, reason, from_nothing),
    )
    return read_build(cursor, scalar(cursor))


def _can_continue(cursor: Cursor, source: str, sha256: str) -> bool:
    """Whether the newest publish of `source` and every later build used the project `sha256`, and
    none of these builds began from nothing.

    Otherwise the source's tables are not what this project made of its loads, and an incremental
    model does not notice that its own SQL changed.
    """
    cursor.execute(
        """
        select newest.project_sha256 = %(sha256)s and not exists (
            select from meta.build_log
            where source = %(source)s
                and build_id > coalesce(newest.build_id, 0)
                and (from_nothing or project_sha256 <> %(sha256)s)
        )
        from (
            select * from meta.publish_log
            where source = %(source)s and action = 'publish'
            order by publish_id desc
            limit 1
        ) as newest
        """,
        {"source": source, "sha256": sha256},
    )
    return cursor.fetchone() == (True,)


def newest_build(cursor: Cursor, source: str) -> Build | None:
    """Return the build of `source` that began last; None before the first."""
    cursor.execute("select max(build_id) from meta.build_log where source = %s", (source,))
    row = cursor.fetchone()
    return read_build(cursor, row[0]) if row and row[0] is not None else None


def read_build(cursor: Cursor, build_id: int) -> Build:
    """Return the build with this id, which must exist."""
    cursor.execute(
        """
        select
            source, dag_id, run_id, load_id, project_sha256, reason, from_nothing, began_at,
            bound_at, reopened_at
        from meta.build_log
        where build_id = %s
        """,
        (build_id,),
    )
    ((source, dag_id, run_id, load_id, sha256, *rest),) = cursor.fetchall()
    return Build(build_id, source, dag_id, run_id, State(load_id, sha256), *rest)


def own_build(
    cursor: Cursor, *, source: str, dag_id: str, run_id: str, build_id: int | None = None
) -> Build:
    """Return the newest build of `source`, which must be `build_id`, or of the run without one.

    Raises `WarehouseRefused` naming the build that took over, or where there is no build.
    """
    newest = newest_build(cursor, source)
    if newest is None:
        raise WarehouseRefused(
            f"run {run_id}: no build of {source} has begun, so there is nothing to publish. The "
            "published marts are as they were. Start a new run."
        )
    is_own = (newest.dag_id, newest.run_id) == (dag_id, run_id)
    if newest.build_id != build_id and not (build_id is None and is_own):
        raise WarehouseRefused(
            f"run {run_id}: {_name(newest)} has taken over since. The tables of {source} in "
            "staging and marts_next belong to that build, so this run builds and publishes nothing "
            "more. The published marts are as they were. Wait for that run, or start a new one."
        )
    return newest


def _name(build: Build) -> str:
    return f"run {build.run_id} (build {build.build_id}, begun {build.began_at:%Y-%m-%d %H:%M:%S})"
