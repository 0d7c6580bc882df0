"""Write, audit, publish: when is a build due, and the swap that makes it visible.

The marts are built and tested in schema `marts_next`. Publishing swaps the names of the two schemas
in one short transaction: readers see the whole old state or the whole new one. The state before
stays in `marts_next` until the next build begins, so going back is the same swap.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from warehouse.connection import Connection
from warehouse.errors import WarehouseRefused
from warehouse.ledger import newest_load_id, scalar
from warehouse.locks import hold

_NOT_SOURCES = frozenset({"target", "logs", "dbt_packages", "__pycache__"})
# Where incremental models keep what they have processed; it travels with its schema.
_MARKS = "high_water_mark"
_LIVE = "What analysts and BI read (mart_*): the last published state."
_BUILT = "Where the next marts are built and tested; after a publish, the state before."
_SWAP = (
    "alter schema {live} rename to {between}",
    "alter schema {built} rename to {live}",
    "alter schema {between} rename to {built}",
    "comment on schema {live} is {live_comment}",
    "comment on schema {built} is {built_comment}",
    "grant usage on schema {live} to {reader}",
    "grant select on all tables in schema {live} to {reader}",
    "revoke usage on schema {built} from {reader}",
)


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
        return f"the newest load is {current.load_id}, the marts are made from {published.load_id}"
    if current.project_sha256 != published.project_sha256:
        return "the dbt project is not the one last published"
    return None


def mart_names(project_dir: Path) -> tuple[str, ...]:
    """Return the tables that the dbt project builds to be published: its models in marts/."""
    return tuple(sorted(path.stem for path in (project_dir / "models" / "marts").glob("*.sql")))


def publish(
    connection: Connection,
    state: State,
    *,
    run_id: str,
    tables: Collection[str],
    from_nothing: bool = False,
    live: str = "marts",
    built: str = "marts_next",
    reader: str = "analyst",
) -> int:
    """Swap `built` into the place of `live` and note it in `meta.publish_log`; return its id.

    Takes nobody's word for it: the log tables must show that `run_id` built each of `tables` since
    the last publish and that no test of severity error failed. A run that asks again without having
    built again (a task that was cleared) is answered with its publish. Tables that the project does
    not know are dropped. Raises `WarehouseRefused` saying what is missing. No table that is read is
    locked: queries that run go on with what they began to read.

    `from_nothing` says that the build began from nothing, since what was there was of another
    project or not to be relied on. The state before is then one to go back to, but not one to go on
    from: the next build begins from nothing as well.
    """
    with connection, connection.cursor() as cursor:
        hold(cursor, "publish")
        done = _published_by(cursor, run_id)
        if done is not None:
            return done
        _audit(cursor, run_id, tables)
        cursor.execute("set local lock_timeout = '30s'")
        for stranger in _strangers(cursor, built, tables):
            cursor.execute(
                sql.SQL("drop table if exists {}").format(sql.Identifier(built, stranger))
            )
        names = {
            "live": sql.Identifier(live),
            "built": sql.Identifier(built),
            "between": sql.Identifier(f"{live}__swap"),
            "reader": sql.Identifier(reader),
            "live_comment": sql.Literal(_LIVE),
            "built_comment": sql.Literal(_BUILT),
        }
        for statement in _SWAP:
            cursor.execute(sql.SQL(statement).format(**names))
        if from_nothing:
            cursor.execute(sql.SQL("drop table if exists {}").format(sql.Identifier(built, _MARKS)))
        cursor.execute(
            """
            insert into meta.publish_log (run_id, project_sha256, load_id)
            values (%s, %s, %s)
            returning publish_id
            """,
            (run_id, state.project_sha256, state.load_id),
        )
        return scalar(cursor)


def _audit(cursor: Cursor, run_id: str, tables: Collection[str]) -> None:
    """Raise `WarehouseRefused` unless `run_id` built and tested all `tables` since the last."""
    cursor.execute(
        """
        select distinct on (model) model, status
        from meta.model_log
        where run_id = %s and finished_at > coalesce(
            (select max(published_at) from meta.publish_log), '-infinity'
        )
        order by model, model_log_id desc
        """,
        (run_id,),
    )
    built = {model for model, status in cursor.fetchall() if status == "success"}
    missing = sorted(set(tables) - built)
    if missing or not tables:
        raise WarehouseRefused(
            f"publish: run {run_id} did not build {', '.join(missing) or 'anything'} since the "
            "last publish, so the marts stay as they are. Run the dbt part (parameter "
            "force_transform); for a model that has no task, run `make manifest` first."
        )
    cursor.execute(
        """
        select test from (
            select distinct on (test) test, status
            from meta.test_log
            where run_id = %s
            order by test, test_log_id desc
        ) as newest
        where status in ('fail', 'error')
        order by test
        """,
        (run_id,),
    )
    failed = [str(test) for (test,) in cursor.fetchall()]
    if failed:
        raise WarehouseRefused(
            f"publish: {', '.join(failed)} failed in run {run_id}, so the marts stay as they are."
        )


def _strangers(cursor: Cursor, built: str, tables: Collection[str]) -> list[str]:
    """Return the tables of schema `built` that are neither `tables` nor the models' own marks."""
    cursor.execute(
        "select tablename from pg_tables where schemaname = %s and tablename <> all(%s)",
        (built, [*tables, _MARKS]),
    )
    return [str(table) for (table,) in cursor.fetchall()]


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
