"""Who caused how much WAL: the records between two positions, by the schema of their relation.

Read with the extension pg_walinspect, so exact: other databases of the cluster (Airflow's) and
other schemas do not blur the figure.
"""

import contextlib
from dataclasses import dataclass

from psycopg2.extensions import connection as Connection

from bench.workspace import Workspace

DATA_SCHEMAS = ("raw", "staging", "marts", "marts_next")
GONE = "relations no longer there"
# TOAST tables and indexes count for the schema of their table. A record of several blocks counts
# whole for the first one.
_BY_SCHEMA = """
    with blocks as (
        select
            block_fpi_length + case when block_id = 0 then record_length else block_data_length end
                as bytes,
            pg_filenode_relation(
                case when reltablespace = 1663 then 0 else reltablespace end, relfilenode
            ) as relation
        from pg_get_wal_block_info(%s, %s, false)
        where reldatabase in (0, (select oid from pg_database where datname = current_database()))
    ),

    tables as (
        select blocks.bytes, coalesce(pg_index.indrelid, blocks.relation::oid) as relation
        from blocks
        left join pg_index on pg_index.indexrelid = blocks.relation
    )

    select coalesce(pg_namespace.nspname, %s), sum(tables.bytes)::bigint
    from tables
    left join pg_class as owner on owner.reltoastrelid = tables.relation and tables.relation <> 0
    left join pg_class as own on own.oid = tables.relation
    left join pg_namespace on pg_namespace.oid = coalesce(owner.relnamespace, own.relnamespace)
    group by 1
"""


@dataclass(frozen=True)
class Position:
    """A position in the WAL, and the bytes written until then."""

    lsn: str
    bytes: int


class WalMeter:
    """Reads positions and what is between them."""

    def __init__(self, space: Workspace, database: str = "warehouse") -> None:
        self._session: Connection = space.admin(database)
        self._session.autocommit = True
        self._session.cursor().execute("create extension if not exists pg_walinspect")

    def __enter__(self) -> "WalMeter":
        """Return the meter."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close its session."""
        with contextlib.suppress(Exception):
            self._session.close()

    def settle(self) -> None:
        """Do what autovacuum and the checkpointer would do some time: it belongs to no run."""
        cursor = self._session.cursor()
        cursor.execute("vacuum (analyze)")
        cursor.execute("checkpoint")

    def position(self) -> Position:
        """Return the end of the WAL, all of it flushed."""
        cursor = self._session.cursor()
        cursor.execute("select pg_logical_emit_message(true, 'bench', '')")  # its commit flushes
        cursor.execute(
            "select lsn, lsn - '0/0'::pg_lsn from (select pg_current_wal_flush_lsn() as lsn) as now"
        )
        lsn, count = cursor.fetchone() or ("0/0", 0)
        return Position(str(lsn), int(count))

    def by_schema(self, begin: Position, end: Position) -> dict[str, int]:
        """Return the bytes of WAL by schema of this database, shared catalogs included."""
        cursor = self._session.cursor()
        cursor.execute(_BY_SCHEMA, (begin.lsn, end.lsn, GONE))
        return {str(schema): int(count) for schema, count in cursor.fetchall()}
