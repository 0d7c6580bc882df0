"""Write, audit, publish: when is a build due, and the swap that makes it visible.

The marts are built and tested in schema `marts_next`. Publishing swaps the names of the two schemas
in one short transaction: readers see the whole old state or the whole new one. The state before
stays in `marts_next` until the next build begins, so going back is the same swap.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from warehouse.connection import Connection
from warehouse.errors import WarehouseRefused
from warehouse.ledger import newest_load_id
from warehouse.locks import hold

_NOT_SOURCES = frozenset({"target", "logs", "dbt_packages", "__pycache__"})


@dataclass(frozen=True, slots=True)
class State:
    """What a build is made from: the newest load of the ledger and the files of the dbt project."""

    load_id: int
    project_sha256: str


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
    """Return what the published marts were made from; None before the first publish."""
    cursor.execute(
        "select load_id, project_sha256 from meta.publish_log order by publish_id desc limit 1"
    )
    row = cursor.fetchone()
    return State(*row) if row else None


def why_build(current: State, published: State | None) -> str | None:
    """Return why the marts have to be built, in words; None where they are up to date."""
    if published is None:
        return "nothing was published yet"
    if current.load_id != published.load_id:
        return f"loads {published.load_id + 1} to {current.load_id} are not in the marts"
    if current.project_sha256 != published.project_sha256:
        return "the dbt project is not the one last published"
    return None


def publish(
    connection: Connection,
    state: State,
    *,
    run_id: str,
    live: str = "marts",
    built: str = "marts_next",
    reader: str = "analyst",
) -> int:
    """Swap `built` into the place of `live` and note it in `meta.publish_log`; return its id.

    Call it only after the build's tests passed. A run that asks again without having built again
    (a task that was cleared) is answered with its publish: a second swap would bring the old state
    back. Raises `WarehouseRefused` where there is nothing built. No table is locked: queries that
    run go on with what they began to read.
    """
    with connection, connection.cursor() as cursor:
        hold(cursor, "publish")
        done = _published_by(cursor, run_id)
        if done is not None:
            return done
        cursor.execute("select count(*) from pg_tables where schemaname = %s", (built,))
        if cursor.fetchone() == (0,):
            raise WarehouseRefused(
                f"publish: schema {built} holds no table, so {live} stays as it is. Run the dbt "
                "part first (parameter force_transform)."
            )
        names = {
            "live": sql.Identifier(live),
            "built": sql.Identifier(built),
            "between": sql.Identifier(f"{live}__swap"),
            "reader": sql.Identifier(reader),
        }
        for statement in (
            "alter schema {live} rename to {between}",
            "alter schema {built} rename to {live}",
            "alter schema {between} rename to {built}",
            "grant usage on schema {live} to {reader}",
            "grant select on all tables in schema {live} to {reader}",
            "revoke usage on schema {built} from {reader}",
        ):
            cursor.execute(sql.SQL(statement).format(**names))
        cursor.execute(
            """
            insert into meta.publish_log (run_id, project_sha256, load_id)
            values (%s, %s, %s)
            returning publish_id
            """,
            (run_id, state.project_sha256, state.load_id),
        )
        row = cursor.fetchone()
    assert row is not None  # noqa: S101 - `returning` always gives a row
    return int(row[0])


def _published_by(cursor: Cursor, run_id: str) -> int | None:
    """Return the newest publish where it is of `run_id` and that run built nothing since."""
    cursor.execute(
        """
        select newest.publish_id
        from (select * from meta.publish_log order by publish_id desc limit 1) as newest
        where newest.run_id = %(run_id)s and not exists (
            select from meta.model_log
            where model_log.run_id = %(run_id)s and model_log.finished_at > newest.published_at
        )
        """,
        {"run_id": run_id},
    )
    row = cursor.fetchone()
    return int(row[0]) if row else None
