"""The publish log `meta.publish_log`: the newest row of a source says what is live of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import cursor as Cursor

from warehouse.raw.ledger import scalar


@dataclass(frozen=True, slots=True)
class State:
    """What a source's marts are made from: its loads up to `load_id`, and the dbt project."""

    load_id: int
    project_sha256: str

    def covers(self, other: "State") -> bool:
        """Whether it is of the same project and of all loads of `other`."""
        return self.load_id >= other.load_id and self.project_sha256 == other.project_sha256


@dataclass(frozen=True, slots=True)
class Live:
    """A publish or rollback: which build of `source` is live since then, made from what.

    `build_id` and `marts` (the tables of the source that are live) are None in rows that an earlier
    version wrote.
    """

    source: str
    state: State
    marts: tuple[str, ...] | None
    publish_id: int
    dag_id: str
    run_id: str
    action: str
    build_id: int | None
    published_at: datetime


def newest_publishes(cursor: Cursor, source: str, *, most: int = 2) -> list[Live]:
    """Return the newest rows of `source`, newest first: what is live, and what was before."""
    cursor.execute(
        """
        select
            load_id, project_sha256, marts,
            publish_id, dag_id, run_id, action, build_id, published_at
        from meta.publish_log
        where source = %s
        order by publish_id desc
        limit %s
        """,
        (source, most),
    )
    return [
        Live(source, State(load_id, sha256), None if marts is None else tuple(marts), *rest)
        for load_id, sha256, marts, *rest in cursor.fetchall()
    ]


def published_state(cursor: Cursor, source: str) -> State | None:
    """Return what the live marts of `source` were made from; None before the first publish."""
    newest = newest_publishes(cursor, source, most=1)
    return newest[0].state if newest else None


def changed_since(cursor: Cursor, source: str, others: Sequence[str]) -> list[str]:
    """Return those of `others` whose live marts were exchanged after the live build of `source`
    began, sorted: it may have read their marts as they were before.

    A reader waits for an exchange until it has committed, so a publish that was noted before the
    build began is one that the build read.
    """
    cursor.execute(
        """
        select distinct other.source
        from meta.publish_log as other
        inner join (
            select coalesce(build.began_at, newest.published_at) as began_at
            from meta.publish_log as newest
            left join meta.build_log as build using (build_id)
            where newest.source = %s
            order by newest.publish_id desc
            limit 1
        ) as live on other.published_at > live.began_at
        where other.source = any(%s)
        order by other.source
        """,
        (source, list(others)),
    )
    return [str(name) for (name,) in cursor.fetchall()]


def rejected_state(cursor: Cursor, source: str) -> State | None:
    """Return what a rollback rejected; None where the newest row of `source` is no rollback."""
    newest = newest_publishes(cursor, source)
    return newest[1].state if len(newest) == 2 and newest[0].action == "rollback" else None


def what_is_live(cursor: Cursor, source: str) -> str:
    """Say which build of `source` is live, in words: its number, its load, when it was built."""
    cursor.execute(
        """
        select
            coalesce('build ' || live.build_id || ' of run ' || build.run_id, 'a build'),
            live.load_id,
            coalesce(build.began_at, (
                select max(published_at) from meta.publish_log as earlier
                where source = live.source and action = 'publish'
                    and (load_id, project_sha256) = (live.load_id, live.project_sha256)
            ))::timestamptz(0)::text
        from (
            select * from meta.publish_log where source = %s order by publish_id desc limit 1
        ) as live
        left join meta.build_log as build using (build_id)
        """,
        (source,),
    )
    row = cursor.fetchone()
    return "{}, made from load {}, built at {}".format(*row) if row else "nothing yet"


def note(
    cursor: Cursor,
    action: str,
    *,
    source: str,
    dag_id: str,
    run_id: str,
    build_id: int | None,
    state: State,
    marts: Sequence[str],
    stale: Sequence[str] = (),
) -> int:
    """Write a row in the caller's transaction; return its `publish_id`.

    `stale` are the objects of others that refer to the tables that were live before, in words.
    """
    cursor.execute(
        """
        insert into meta.publish_log
            (action, source, dag_id, run_id, build_id, load_id, project_sha256, marts, stale)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
        returning publish_id
        """,
        (
            *(action, source, dag_id, run_id, build_id, state.load_id, state.project_sha256),
            sorted(marts),
            list(stale),
        ),
    )
    return scalar(cursor)


def stale_objects(cursor: Cursor, build_id: int | None) -> tuple[str, ...]:
    """Return the objects of others that the newest publish of the build left on the old marts."""
    cursor.execute(
        """
        select stale from meta.publish_log
        where build_id = %s and action = 'publish'
        order by publish_id desc
        limit 1
        """,
        (build_id,),
    )
    row = cursor.fetchone()
    return tuple(row[0]) if row else ()


def tables_to_leave(cursor: Cursor, source: str) -> set[str]:
    """Return the tables that earlier publishes of `source` listed and no other source has now."""
    cursor.execute(
        """
        select unnest(marts) from meta.publish_log where source = %(source)s
        except
        select unnest(marts) from (
            select distinct on (source) marts
            from meta.publish_log
            where source <> %(source)s
            order by source, publish_id desc
        ) as live_of_others
        """,
        {"source": source},
    )
    return {str(table) for (table,) in cursor.fetchall()}


@dataclass(frozen=True, slots=True)
class PublishedChange:
    """What the newest publish of a source brought of one dataset; counts of rows, seconds."""

    rows_inserted: int
    rows_updated: int
    rows_deleted: int
    seconds: float

    @property
    def is_empty(self) -> bool:
        """Whether nothing came, changed or left."""
        return not (self.rows_inserted or self.rows_updated or self.rows_deleted)


def published_change(cursor: Cursor, source: str, dataset: str) -> PublishedChange:
    """Return what the loads of the dataset changed between the last two publishes of the source."""
    bounds = [each.state.load_id for each in newest_publishes(cursor, source)]
    newest, before = (*bounds, 0, 0)[:2]
    cursor.execute(
        """
        select
            coalesce(sum(rows_inserted), 0)::bigint, coalesce(sum(rows_updated), 0)::bigint,
            coalesce(sum(rows_deleted), 0)::bigint, coalesce(sum(seconds), 0)
        from meta.load_log
        where source = %s and dataset = %s and load_id > %s and load_id <= %s
        """,
        (source, dataset, before, newest),
    )
    return PublishedChange(*(cursor.fetchone() or (0, 0, 0, 0.0)))
