"""What other people made over the marts: views, foreign keys, grants, comments.

A publish exchanges tables, and everything that refers to a table goes with it. So the exchange
gives the grants and comments of the live table to its successor, and makes each view over the live
marts again, over the new tables. What it cannot make again is named: it keeps the rows of the state
before, and goes with them when dbt drops that table (`drop table ... cascade`) in a later build.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

log = logging.getLogger(__name__)

# The layers whose own views read each other; dbt makes them again.
LAYERS = ("staging", "intermediate")


def dependents(
    cursor: Cursor, schemas: Collection[str], tables: Collection[str] | None = None
) -> list[str]:
    """Return the objects of others that refer to tables of `schemas` (all or `tables`), in words.

    That are views, materialized views, foreign keys and functions, e.g. `view analytics.best`.
    """
    cursor.execute(
        """
        select distinct
            case
                when rule.oid is null
                    then pg_describe_object(depends.classid, depends.objid, 0)
                else pg_describe_object('pg_class'::regclass, rule.ev_class, 0)
            end
            || ' on ' || mart.relnamespace::regnamespace || '.' || quote_ident(mart.relname)
        from pg_class as mart
        inner join pg_depend as depends
            on depends.deptype = 'n'
            and (
                (depends.refclassid = 'pg_class'::regclass and depends.refobjid = mart.oid)
                or (depends.refclassid = 'pg_type'::regclass and depends.refobjid = mart.reltype)
            )
        left join pg_rewrite as rule
            on depends.classid = 'pg_rewrite'::regclass and rule.oid = depends.objid
        left join pg_class as reader on reader.oid = rule.ev_class
        where
            mart.relnamespace::regnamespace::text = any (%(schemas)s)
            and (%(tables)s::text[] is null or mart.relname = any (%(tables)s))
            and depends.classid in (
                'pg_rewrite'::regclass, 'pg_constraint'::regclass, 'pg_proc'::regclass
            )
            and mart.oid is distinct from reader.oid
            and coalesce(reader.relnamespace::regnamespace::text <> all (%(layers)s), true)
        order by 1
        """,
        {
            "schemas": list(schemas),
            "tables": None if tables is None else list(tables),
            "layers": list(LAYERS),
        },
    )
    return [str(described) for (described,) in cursor.fetchall()]


def warn_of_stale(described: Collection[str]) -> None:
    """Name in the log the objects of others that did not move to the new marts."""
    for each in described:
        log.warning(
            "%s: it keeps the rows of the marts before this publish, and a later build drops it. "
            "Make it a plain view, of a role whose rights the role pipeline has, or make it again "
            "after each publish.",
            each,
        )


def warn_of_what_a_build_drops(cursor: Cursor, built: str) -> None:
    """Name in the log the objects of others that dbt drops when it builds its tables again."""
    for described in dependents(cursor, [*LAYERS, built]):
        log.warning(
            "%s: dbt drops it when it builds that table again. Make it a view on a published mart, "
            "or a model of the dbt project.",
            described,
        )


@dataclass(frozen=True, slots=True)
class View:
    """A view over a live mart that this role may make again, as `create view` needs it."""

    schema: str
    name: str
    options: Sequence[str]
    query: str

    @property
    def identifier(self) -> sql.Identifier:
        """Its name in a statement."""
        return sql.Identifier(self.schema, self.name)


def own_views(cursor: Cursor, schema: str, tables: Collection[str]) -> list[View]:
    """Return the views on `tables` of `schema` that belong to a role whose rights this one has."""
    # Then every name of the query has its schema.
    cursor.execute(
        "select current_setting('search_path'), set_config('search_path', 'pg_catalog', true)"
    )
    (search_path, _) = cursor.fetchone() or ("", "")
    cursor.execute(
        """
        select
            reader.relnamespace::regnamespace::text, reader.relname,
            coalesce(reader.reloptions, '{}'), pg_get_viewdef(reader.oid)
        from pg_class as reader
        where
            reader.relkind = 'v'
            and pg_has_role(reader.relowner, 'usage')
            and reader.oid in (
                select rule.ev_class
                from pg_class as mart
                inner join pg_depend as depends
                    on depends.refclassid = 'pg_class'::regclass and depends.refobjid = mart.oid
                inner join pg_rewrite as rule
                    on depends.classid = 'pg_rewrite'::regclass and rule.oid = depends.objid
                where
                    mart.relnamespace::regnamespace::text = %s
                    and mart.relname = any (%s)
                    and mart.relkind = 'r'
            )
        order by 1, 2
        """,
        (schema, list(tables)),
    )
    found = [
        View(schema_name, name, options, str(query).rstrip("; "))
        for schema_name, name, options, query in cursor.fetchall()
    ]
    cursor.execute("select set_config('search_path', %s, true)", (search_path,))
    return found


def make_again(cursor: Cursor, views: Collection[View]) -> None:
    """Make the views again after the exchange: their names mean the new tables now.

    A view keeps its owner, its grants and its comment. One that the new tables do not fit (a column
    is gone or has another type) stays as it is, and the log says why.
    """
    for view in views:
        options = sql.SQL(" with ({})").format(sql.SQL(", ").join(map(sql.SQL, view.options)))
        statement = sql.SQL("create or replace view {}{} as {}").format(
            view.identifier, options if view.options else sql.SQL(""), sql.SQL(view.query)
        )
        cursor.execute("savepoint make_again")
        try:
            cursor.execute(statement)
        except psycopg2.ProgrammingError as error:
            cursor.execute("rollback to savepoint make_again")
            log.warning("view %s.%s: %s", view.schema, view.name, str(error).split("\n")[0])
        cursor.execute("release savepoint make_again")


def take_over(cursor: Cursor, table: str, *, live: str, built: str) -> None:
    """Give `table` of `built` the grants of the one in `live`, and its comments where it has none.

    It gets these grants and no others. The descriptions of the dbt project win over other comments.
    """
    old, new = sql.Identifier(live, table), sql.Identifier(built, table)
    cursor.execute(
        sql.SQL("revoke all on {} from {}").format(
            new, sql.SQL(", ").join([sql.SQL("public"), *_grantees(cursor, new)])
        )
    )
    cursor.execute(
        """
        select privilege, column_name, grantable, role from (
            select
                acl.privilege_type as privilege, null as column_name, acl.is_grantable as grantable,
                coalesce(quote_ident(pg_roles.rolname), 'public') as role
            from pg_class
            cross join aclexplode(pg_class.relacl) as acl
            left join pg_roles on pg_roles.oid = acl.grantee
            where pg_class.oid = %(old)s::regclass and acl.grantee <> pg_class.relowner
            union all
            select
                acl.privilege_type, old.attname, acl.is_grantable,
                coalesce(quote_ident(pg_roles.rolname), 'public')
            from pg_attribute as old
            inner join pg_attribute as new
                on new.attrelid = %(new)s::regclass and old.attname = new.attname
                and not new.attisdropped
            cross join aclexplode(old.attacl) as acl
            left join pg_roles on pg_roles.oid = acl.grantee
            where old.attrelid = %(old)s::regclass and not old.attisdropped
        ) as grants
        """,
        {"old": old.as_string(cursor), "new": new.as_string(cursor)},
    )
    for privilege, column, grantable, role in cursor.fetchall():
        cursor.execute(
            sql.SQL("grant {}{} on {} to {}{}").format(
                sql.SQL(privilege),
                sql.SQL(" ({})").format(sql.Identifier(column)) if column else sql.SQL(""),
                new,
                sql.SQL(role),
                sql.SQL(" with grant option") if grantable else sql.SQL(""),
            )
        )
    _take_over_comments(cursor, old, new)


def _grantees(cursor: Cursor, table: sql.Identifier) -> list[sql.Composable]:
    """The roles with grants on `table` but its owner."""
    cursor.execute(
        """
        select distinct pg_roles.rolname
        from pg_class
        left join pg_attribute on attrelid = pg_class.oid and attacl is not null
        cross join aclexplode(relacl || attacl) as acl
        inner join pg_roles on pg_roles.oid = acl.grantee
        where pg_class.oid = %s::regclass and acl.grantee <> pg_class.relowner
        order by 1
        """,
        (table.as_string(cursor),),
    )
    return [sql.Identifier(role) for (role,) in cursor.fetchall()]


def _take_over_comments(cursor: Cursor, old: sql.Identifier, new: sql.Identifier) -> None:
    cursor.execute(
        """
        select after.attname, before.description
        from pg_description as before
        left join pg_attribute as column_before
            on column_before.attrelid = before.objoid and column_before.attnum = before.objsubid
        left join pg_attribute as after
            on after.attrelid = %(new)s::regclass and after.attname = column_before.attname
            and before.objsubid > 0 and not after.attisdropped
        where
            before.classoid = 'pg_class'::regclass
            and before.objoid = %(old)s::regclass
            and (before.objsubid = 0 or after.attnum is not null)
            and not exists (
                select from pg_description
                where classoid = 'pg_class'::regclass and objoid = %(new)s::regclass
                    and objsubid = coalesce(after.attnum, 0)
            )
        """,
        {"old": old.as_string(cursor), "new": new.as_string(cursor)},
    )
    for column, description in cursor.fetchall():
        kind, name = (
            ("column", sql.SQL("{}.{}").format(new, sql.Identifier(column)))
            if column
            else ("table", new)
        )
        cursor.execute(
            sql.SQL("comment on {} {} is {}").format(sql.SQL(kind), name, sql.Literal(description))
        )
