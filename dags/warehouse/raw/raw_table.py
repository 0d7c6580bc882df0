"""A raw table on the server: what it holds, and how a new one takes its place.

A new table is made and filled beside the old one under another name; it is the dataset's table from
the transaction on that renames it. What a load that was killed left there is dropped by the next.
"""

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from warehouse.database.parallel_copy import Target
from warehouse.database.table_locks import lock_table_patiently, wait_for_table
from warehouse.errors import WarehouseRefused
from warehouse.raw.dataset import Dataset
from warehouse.raw.ledger import scalar

SCHEMA = "raw"


class RawTable:
    """The raw table of `dataset`, and its successor while that is being filled."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.name = dataset.table
        self.new_name = f"{dataset.table}__new"
        self.table = sql.Identifier(SCHEMA, self.name)
        self.new = sql.Identifier(SCHEMA, self.new_name)
        self.changes = sql.Identifier(SCHEMA, dataset.changes_table)
        self.columns = sql.SQL(", ").join(map(sql.Identifier, dataset.table_columns))
        self.key = sql.SQL(", ").join(map(sql.Identifier, dataset.table_key))

    def columns_of(self, alias: str) -> sql.Composable:
        """The columns as those of `alias` in a query."""
        names = (sql.Identifier(alias, column) for column in self.dataset.table_columns)
        return sql.SQL(", ").join(names)

    def exists(self, cursor: Cursor) -> bool:
        """Whether the table is there."""
        return bool(columns(cursor, self.name))

    def holds_rows(self, cursor: Cursor) -> bool:
        """Whether the table is there and not empty."""
        if not self.exists(cursor):
            return False
        cursor.execute(sql.SQL("select exists (select from {})").format(self.table))
        return cursor.fetchone() == (True,)

    def has_layout(self, cursor: Cursor) -> bool:
        """Whether the table has the columns of the dataset, in their order."""
        return columns(cursor, self.name) == self.dataset.table_columns

    def check_changes(self, cursor: Cursor) -> None:
        """Raise `WarehouseRefused` where the change table is not there as include/sql makes it."""
        found = columns(cursor, self.dataset.changes_table)
        if not found:
            raise WarehouseRefused(
                f"{SCHEMA}.{self.dataset.changes_table} is not there. Apply the SQL of include/sql "
                "first (make schema). Nothing was changed."
            )
        if set(found) != {"load_id", "change", "is_new", *self.dataset.table_columns}:
            raise WarehouseRefused(
                f"{SCHEMA}.{self.dataset.changes_table} does not have the columns of "
                f"{self.dataset.name}: found {', '.join(found)}. Rename or drop it and apply the "
                "SQL of include/sql (make schema). Nothing was changed."
            )

    def wait_to_read(self, cursor: Cursor, *, patience: float) -> None:
        """Wait until the table can be read; raise `WarehouseUnavailable` naming who locks it."""
        if self.exists(cursor):
            wait_for_table(cursor, self.table, mode="access share", patience=patience)

    def wait_to_write(self, cursor: Cursor, *, patience: float) -> None:
        """Wait until the table and its change table can be written; else as `wait_to_read`."""
        for table in (self.table, self.changes) if self.exists(cursor) else (self.changes,):
            wait_for_table(cursor, table, mode="row exclusive", patience=patience)

    def create_new(self, cursor: Cursor) -> Target:
        """Make an empty successor; commit it before others are to fill it.

        The server's autovacuum is kept away from it until it is in place: it would read half a
        table and stand in the way of the rename.
        """
        self.refuse_dependants(cursor)
        texts = (
            sql.SQL("{} text").format(sql.Identifier(column))
            for column in self.dataset.table_columns
        )
        cursor.execute(
            sql.SQL("create table {} ({}) with (autovacuum_enabled = false)").format(
                self.new, sql.SQL(", ").join(texts)
            )
        )
        cursor.execute("select %s::regclass::oid", (_quoted(cursor, self.new_name),))
        return Target(SCHEMA, self.new_name, scalar(cursor), self.dataset.table_columns)

    def drop_new(self, cursor: Cursor, *, patience: float) -> None:
        """Drop the successor where there is one; sessions that a killed load left may hold it."""
        if columns(cursor, self.new_name):
            lock_table_patiently(cursor, self.new, patience=patience)
            cursor.execute(sql.SQL("drop table {}").format(self.new))

    def swap(self, cursor: Cursor, *, patience: float) -> None:
        """Put the successor in the table's place with its grants and its comment."""
        if self.exists(cursor):
            _carry_over(cursor, self.name, self.new_name)
            lock_table_patiently(cursor, self.table, patience=patience)
            self.refuse_dependants(cursor)
            cursor.execute(sql.SQL("drop table {}").format(self.table))
        cursor.execute(sql.SQL("alter table {} reset (autovacuum_enabled)").format(self.new))
        cursor.execute(
            sql.SQL("alter table {} rename to {}").format(self.new, sql.Identifier(self.name))
        )

    def refuse_dependants(self, cursor: Cursor) -> None:
        """Raise `WarehouseRefused` where views read the table: they would go, or keep old rows."""
        cursor.execute(
            """
            select distinct pg_rewrite.ev_class::regclass::text
            from pg_depend
            inner join pg_rewrite on pg_rewrite.oid = pg_depend.objid
            where
                pg_depend.refobjid = to_regclass(%s)
                and pg_depend.classid = 'pg_rewrite'::regclass
            """,
            (_quoted(cursor, self.name),),
        )
        dependants = [str(row[0]) for row in cursor.fetchall()]
        if dependants:
            raise WarehouseRefused(
                f"raw.{self.name} cannot be replaced: {', '.join(dependants)} read it. Drop them, "
                "or make them models of the dbt project, and run again. Nothing was changed."
            )


def columns(cursor: Cursor, table: str) -> tuple[str, ...]:
    """Return the columns of a table in schema raw in their order; none where it is not there."""
    cursor.execute(
        """
        select attname from pg_attribute
        where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped
        order by attnum
        """,
        (_quoted(cursor, table),),
    )
    return tuple(name for (name,) in cursor.fetchall())


def _quoted(cursor: Cursor, table: str) -> str:
    """Return the name of a table in schema raw as `regclass` reads it."""
    return sql.Identifier(SCHEMA, table).as_string(cursor)


def _carry_over(cursor: Cursor, old: str, new: str) -> None:
    """Give the new table the grants and the comments of the old one."""
    cursor.execute(
        """
        select acl.privilege_type, acl.is_grantable, coalesce(pg_roles.rolname, 'public')
        from pg_class
        cross join aclexplode(pg_class.relacl) as acl
        left join pg_roles on pg_roles.oid = acl.grantee
        where pg_class.oid = %s::regclass and acl.grantee <> pg_class.relowner
        """,
        (_quoted(cursor, old),),
    )
    for privilege, grantable, role in cursor.fetchall():
        cursor.execute(
            sql.SQL("grant {} on {} to {}{}").format(
                sql.SQL(privilege),
                sql.Identifier(SCHEMA, new),
                sql.SQL("public") if role == "public" else sql.Identifier(role),
                sql.SQL(" with grant option") if grantable else sql.SQL(""),
            )
        )
    cursor.execute("select obj_description(%s::regclass)", (_quoted(cursor, old),))
    comment = cursor.fetchone()
    if comment and comment[0]:
        cursor.execute(
            sql.SQL("comment on table {} is %s").format(sql.Identifier(SCHEMA, new)), comment
        )
