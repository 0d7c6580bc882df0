"""The turn of one dbt process on a build, and the upper bound of the loads that it takes in."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from warehouse.builds.builds import Build, current_state, insert_build, own_build, read_build
from warehouse.builds.project import DbtProject
from warehouse.database.connection import Connection
from warehouse.database.turns import building
from warehouse.errors import WarehouseRefused
from warehouse.raw.ledger import IS_CHANGE, newest_load_id

# How long a dbt session waits for the one before it, or for a load, in seconds.
SESSION_PATIENCE = 60.0


@contextmanager
def build_session(
    connection: Connection,
    project: DbtProject,
    *,
    source: str,
    dag_id: str,
    run_id: str,
    build_id: int | None = None,
    patience: float = SESSION_PATIENCE,
) -> Iterator[Build]:
    """Hold the turn of `source` for one dbt process, from its start to its end.

    The first session of a build fixes the upper bound: loads that committed since the build began
    are taken in. `connection` must be used for nothing else meanwhile; the turn ends with the block
    or the connection. Without `build_id` (models run by hand) the run's newest build continues, or
    a new build begins. A build that is published already counts as open again from then on: what is
    in `marts_next` is no state to roll back to.

    Waits up to `patience` seconds for the source's other builder and for its loads, then raises
    `WarehouseUnavailable` naming them. Raises `WarehouseRefused` where another build took over, the
    dbt project changed since the build began, or, in a later session of the same build, a load came
    in after the bound.
    """
    with connection, connection.cursor() as cursor:
        # The connection is idle while dbt works in connections of its own.
        cursor.execute("set idle_session_timeout = 0")
    with building(connection, source, patience=patience):
        with connection, connection.cursor() as cursor:
            build = _build_to_work_on(
                cursor, project, source=source, dag_id=dag_id, run_id=run_id, build_id=build_id
            )
            build = _with_bound(cursor, build)
            _reopen(cursor, build)
        yield build


def _build_to_work_on(
    cursor: Cursor,
    project: DbtProject,
    *,
    source: str,
    dag_id: str,
    run_id: str,
    build_id: int | None,
) -> Build:
    if build_id is None and not _begun_by(cursor, source, dag_id, run_id):
        return insert_build(
            cursor,
            current_state(cursor, project, source),
            source=source,
            dag_id=dag_id,
            run_id=run_id,
            reason="models are run by hand",
        )
    build = own_build(cursor, source=source, dag_id=dag_id, run_id=run_id, build_id=build_id)
    if project.sha256(source) != build.state.project_sha256:
        raise WarehouseRefused(
            f"run {run_id}: the dbt project in {project.project_dir} changed after build "
            f"{build.build_id} began. The published marts are as they were. Start a new run."
        )
    return build


def _begun_by(cursor: Cursor, source: str, dag_id: str, run_id: str) -> bool:
    cursor.execute(
        "select exists (select from meta.build_log where (source, dag_id, run_id) = (%s, %s, %s))",
        (source, dag_id, run_id),
    )
    return cursor.fetchone() == (True,)


def _with_bound(cursor: Cursor, build: Build) -> Build:
    """Fix the bound where this is the build's first session; no load is at work now."""
    if build.bound_at is None:
        cursor.execute(
            "update meta.build_log set load_id = %s, bound_at = clock_timestamp() "
            "where build_id = %s",
            (newest_load_id(cursor, build.source), build.build_id),
        )
        return read_build(cursor, build.build_id)
    cursor.execute(
        sql.SQL(
            "select load_id, dataset, run_id, loaded_at::timestamptz(0)::text "
            "from meta.load_log where source = %s and load_id > %s and {} "
            "order by load_id limit 1"
        ).format(IS_CHANGE),
        (build.source, build.state.load_id),
    )
    row = cursor.fetchone()
    if row:
        raise WarehouseRefused(
            "run {}: load {} ({}) of run {} came in at {}, after the first models of build {} were "
            "built, so the others would be made from other rows. The published marts are as they "
            "were. Start a new run.".format(build.run_id, *row, build.build_id)
        )
    return build


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
