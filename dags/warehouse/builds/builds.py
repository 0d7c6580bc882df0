"""Builds of the marts: when one is due, what it is made from, and whose turn it is.

A build is a row of `meta.build_log`, committed before the first model is built. The newest row says
whose staging and `marts_next` are: a run that comes back after another one began has lost its turn.
"""

import hashlib
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from psycopg2.extensions import cursor as Cursor

from warehouse.database.connection import Connection
from warehouse.database.turns import BUILDING, LOADING, alone, sharing
from warehouse.errors import WarehouseRefused
from warehouse.raw.ledger import newest_load_id

_NOT_SOURCES = frozenset({"target", "logs", "dbt_packages", "__pycache__"})


@dataclass(frozen=True, slots=True)
class State:
    """What a build is made from: the newest load of the ledger and the files of the dbt project."""

    load_id: int
    project_sha256: str


@dataclass(frozen=True, slots=True)
class Build:
    """A build that was begun: by which run, from what, why, and whether from nothing."""

    build_id: int
    run_id: str
    state: State
    reason: str
    from_nothing: bool
    began_at: datetime
    reopened_at: datetime | None = None

    @property
    def last_begun_at(self) -> datetime:
        """When it was begun, or begun again."""
        return self.reopened_at or self.began_at


def project_sha256(project_dir: Path) -> str:
    """Return a hash over the names and contents of the dbt project's own files."""
    digest = hashlib.sha256()
    for path in sorted(project_dir.rglob("*")):
        inside = path.relative_to(project_dir)
        if not path.is_file() or _NOT_SOURCES.intersection(inside.parts) or inside.name[0] == ".":
            continue
        digest.update(f"{inside.as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def current_state(cursor: Cursor, project_dir: Path) -> State:
    """Return what a build begun now would be made from."""
    return State(newest_load_id(cursor), project_sha256(project_dir))


def published_state(cursor: Cursor) -> State | None:
    """Return what the live marts were made from; None before the first publish."""
    cursor.execute(
        "select load_id, project_sha256 from meta.publish_log order by publish_id desc limit 1"
    )
    row = cursor.fetchone()
    return State(*row) if row else None


def rejected_state(cursor: Cursor) -> State | None:
    """Return what the marts were made from that somebody went back from, until the next publish."""
    cursor.execute(
        "select action, load_id, project_sha256 "
        "from meta.publish_log order by publish_id desc limit 2"
    )
    rows = cursor.fetchall()
    if len(rows) < 2 or rows[0][0] != "rollback":
        return None
    return State(*rows[1][1:])


def why_build(current: State, published: State | None, rejected: State | None = None) -> str | None:
    """Return why the marts have to be built, in words; None where they are up to date.

    `rejected` is a state that somebody went back from: it does not come again by itself.
    """
    if published is None:
        return "nothing was published yet"
    if current == rejected:
        return None
    if current.load_id != published.load_id:
        return f"the newest load is {current.load_id}, the marts are made from {published.load_id}"
    if current.project_sha256 != published.project_sha256:
        return "the dbt project is not the one last published"
    return None


def begin_build(
    connection: Connection,
    project_dir: Path,
    *,
    run_id: str,
    asked_for: str | None = None,
    full_refresh: bool = False,
) -> Build | None:
    """Begin a build where one is due, or `asked_for` by a word that says who asks; else None.

    It is committed, and from then on `marts_next` is the run's: what an earlier run still wants to
    do there is refused (`own_build`). Raises `WarehouseUnavailable` naming who loads or builds at
    this moment: a load that is not committed yet may have a lower number than one that is.
    """
    with connection, connection.cursor() as cursor:
        if _why(cursor, project_dir, asked_for) is None:
            return None
        alone(cursor, BUILDING, never_with=LOADING)
        # Who was at work until now may just have published this very state.
        reason = _why(cursor, project_dir, asked_for)
        if reason is None:
            return None
        state = current_state(cursor, project_dir)
        from_nothing = full_refresh or not _can_continue(cursor, state.project_sha256)
        cursor.execute(
            """
            insert into meta.build_log (run_id, load_id, project_sha256, reason, from_nothing)
            values (%s, %s, %s, %s, %s)
            """,
            (run_id, state.load_id, state.project_sha256, reason, from_nothing),
        )
        return newest_build(cursor)


def _why(cursor: Cursor, project_dir: Path, asked_for: str | None) -> str | None:
    return asked_for or why_build(
        current_state(cursor, project_dir), published_state(cursor), rejected_state(cursor)
    )


def _can_continue(cursor: Cursor, project: str) -> bool:
    """Whether all that is there is of `project`, and nothing was begun from nothing and not ended.

    An incremental model does not notice that its own SQL is another.
    """
    cursor.execute(
        """
        select newest.project_sha256 = %(project)s and not exists (
            select from meta.build_log
            where build_id > coalesce(newest.build_id, 0)
                and (from_nothing or project_sha256 <> %(project)s)
        )
        from (
            select * from meta.publish_log
            where action = 'publish'
            order by publish_id desc
            limit 1
        ) as newest
        """,
        {"project": project},
    )
    return cursor.fetchone() == (True,)


def newest_build(cursor: Cursor) -> Build | None:
    """Return the build that was begun last; None before the first."""
    cursor.execute(
        """
        select
            build_id, run_id, load_id, project_sha256, reason, from_nothing, began_at, reopened_at
        from meta.build_log
        order by build_id desc
        limit 1
        """
    )
    row = cursor.fetchone()
    if row is None:
        return None
    build_id, run_id, load_id, project, *told = row
    return Build(build_id, run_id, State(load_id, project), *told)


def own_build(cursor: Cursor, run_id: str, build_id: int | None = None) -> Build | None:
    """Return the newest build, which must be `build_id` of `run_id`; None where there is none.

    The run alone does not tell: every scheduler calls the run of a night the same. Without a number
    any build of the run will do. Raises `WarehouseRefused` naming the build whose turn it is.
    """
    newest = newest_build(cursor)
    if newest is not None and (newest.run_id != run_id or build_id not in {None, newest.build_id}):
        raise WarehouseRefused(
            f"run {run_id}: {_name(newest)} has taken over since: staging and marts_next are its "
            "own now, so this run builds and publishes nothing more. The published marts are as "
            "they were. Wait for that run, or start a new one."
        )
    return newest


def _name(build: Build) -> str:
    return f"run {build.run_id} (build {build.build_id}, begun {build.began_at:%Y-%m-%d %H:%M:%S})"


def refuse_newer_loads(cursor: Cursor, build: Build) -> None:
    """Raise `WarehouseRefused` where a load came in since the build began: name the first."""
    cursor.execute(
        """
        select load_id, dataset, run_id, loaded_at::timestamptz(0)::text
        from meta.load_log
        where load_id > %s
        order by load_id
        limit 1
        """,
        (build.state.load_id,),
    )
    row = cursor.fetchone()
    if row:
        raise WarehouseRefused(
            "run {}: load {} ({}) of run {} came in at {}, after build {} began, so the models "
            "would not all be made from the same rows. The published marts are as they were. "
            "Start a new run.".format(build.run_id, *row, build.build_id)
        )


def begun_by(cursor: Cursor, run_id: str) -> bool:
    """Return whether the run ever began a build."""
    cursor.execute("select exists (select from meta.build_log where run_id = %s)", (run_id,))
    return cursor.fetchone() == (True,)


def at_work(
    connection: Connection, project_dir: Path, *, run_id: str, build_id: int | None = None
) -> ExitStack:
    """Be at work on models of the run's build until the result, or the session, is closed.

    A run that began no build (a model run by hand) begins one. A build that is published already is
    open again from then on: what it builds is no state to go back to. Raises `WarehouseUnavailable`
    where somebody loads, or publishes; `WarehouseRefused` where another run has taken over, a load
    came in, or the dbt project is not the one that the build began with.
    """
    with connection, connection.cursor() as cursor:
        # It is idle while dbt works in sessions of its own.
        cursor.execute("set idle_session_timeout = 0")
        begun = begun_by(cursor, run_id)
    if not begun:
        begin_build(connection, project_dir, run_id=run_id, asked_for="models are run by hand")
    with ExitStack() as stack:
        stack.enter_context(sharing(connection, BUILDING, never_with=LOADING))
        with connection, connection.cursor() as cursor:
            build = own_build(cursor, run_id, build_id)
            if build:
                refuse_newer_loads(cursor, build)
                _refuse_other_project(build, project_dir)
                _reopen(cursor, build)
        return stack.pop_all()


def _reopen(cursor: Cursor, build: Build) -> None:
    cursor.execute(
        """
        update meta.build_log set reopened_at = clock_timestamp()
        where build_id = %(id)s and exists (
            select from meta.publish_log where build_id = %(id)s
        )
        """,
        {"id": build.build_id},
    )


def _refuse_other_project(build: Build, project_dir: Path) -> None:
    if project_sha256(project_dir) != build.state.project_sha256:
        raise WarehouseRefused(
            f"run {build.run_id}: the dbt project in {project_dir} changed after build "
            f"{build.build_id} began. The published marts are as they were. Start a new run."
        )
