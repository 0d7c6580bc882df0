"""The two roles: pipeline without a superuser's rights, the analyst without any but to read."""

from collections.abc import Iterator

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from include.local.checks import ddl
from include.local.checks.finding import Finding, fail, ok, problems, warn

READABLE = frozenset({"marts", "meta"})
# What include/sql sets for the analyst.
BOUNDS = ("statement_timeout", "idle_in_transaction_session_timeout",
          "default_transaction_read_only", "search_path")  # fmt: skip
_POWERS = {"rolsuper": "superuser", "rolcreaterole": "createrole", "rolcreatedb": "createdb",
           "rolreplication": "replication", "rolbypassrls": "bypassrls"}  # fmt: skip


def roles(cursor: Cursor) -> Iterator[Finding]:
    """Whether neither role may more than its work asks for."""
    yield from problems(
        _roles(cursor),
        ok("roles", "pipeline is no superuser; the analyst reads marts and meta, nothing else"),
    )


def _roles(cursor: Cursor) -> Iterator[Finding]:
    cursor.execute(
        sql.SQL(
            "select rolname, {} from pg_roles "
            "where rolname in ('pipeline', 'analyst') order by rolname desc"
        ).format(sql.SQL(", ").join(map(sql.Identifier, _POWERS)))
    )
    found = {name: powers for name, *powers in cursor.fetchall()}
    for role in ("pipeline", "analyst"):
        if role not in found:
            yield fail("roles", f"there is no role {role}", "make schema, as a superuser")
            continue
        held = [word for word, has in zip(_POWERS.values(), found[role], strict=True) if has]
        if held:
            yield fail(
                "roles",
                f"{role} is {', '.join(held)}",
                f"alter role {role} {' '.join(f'no{word}' for word in held)}",
            )
    if len(found) == 2:
        yield from _analyst(cursor)


def _analyst(cursor: Cursor) -> Iterator[Finding]:
    cursor.execute("select rolsuper from pg_roles where rolname = 'analyst'")
    if cursor.fetchone() == (True,):
        return  # may everything, which was said
    cursor.execute("select pg_has_role('analyst', 'pipeline', 'member')")
    if cursor.fetchone() == (True,):
        yield fail("roles", "the analyst can become pipeline", "revoke pipeline from analyst")
    cursor.execute(
        "select current_database(), has_database_privilege('analyst', current_database(), 'create')"
    )
    database, creates = cursor.fetchone() or ("?", False)
    if creates:
        yield fail(
            "roles",
            f"the analyst can make schemas in {database}",
            f"revoke create on database {database} from analyst, public",
        )
    yield from _schemas(cursor)
    yield from _tables(cursor)
    yield from _bounds(cursor)


def _schemas(cursor: Cursor) -> Iterator[Finding]:
    cursor.execute(
        """
        select
            nspname, has_schema_privilege('analyst', oid, 'usage'),
            has_schema_privilege('analyst', oid, 'create')
        from pg_namespace
        where nspname = any (%s)
        """,
        ([*ddl.schemas(), "public"],),
    )
    for name, uses, creates in sorted(cursor.fetchall()):
        if creates:
            yield fail(
                "roles",
                f"the analyst can create in schema {name}",
                f"revoke create on schema {name} from analyst, public",
            )
        if uses and name not in READABLE | {"public"}:
            yield warn(
                "roles",
                f"the analyst can look into schema {name}",
                f"revoke usage on schema {name} from analyst, unless that was meant.",
            )
        if name in READABLE and not uses:
            yield fail(
                "roles",
                f"the analyst cannot look into schema {name}",
                f"grant usage on schema {name} to analyst",
            )


def _tables(cursor: Cursor) -> Iterator[Finding]:
    cursor.execute(
        """
        select
            format('%%I.%%I', nspname, relname),
            has_table_privilege('analyst', pg_class.oid, 'insert, update, delete, truncate'),
            has_table_privilege('analyst', pg_class.oid, 'select')
        from pg_class
        inner join pg_namespace on pg_namespace.oid = relnamespace
        where relkind in ('r', 'v', 'm', 'p') and nspname = any (%s)
        order by 1
        """,
        (list(ddl.schemas()),),
    )
    for table, writes, reads in cursor.fetchall():
        if writes:
            yield fail(
                "roles",
                f"the analyst can write to {table}",
                f"revoke insert, update, delete, truncate on {table} from analyst, public",
            )
        if not reads and table.split(".")[0] in READABLE:
            yield warn(
                "roles",
                f"the analyst cannot read {table}",
                f"grant select on {table} to analyst",
            )


def _bounds(cursor: Cursor) -> Iterator[Finding]:
    cursor.execute(
        """
        select split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1)
        from pg_db_role_setting
        cross join unnest(setconfig) as setting
        where setrole = 'analyst'::regrole
        """
    )
    kept = {name for name, value in cursor.fetchall() if value not in ("", "0", "off")}
    missing = [name for name in BOUNDS if name not in kept]
    if missing:
        yield warn(
            "roles",
            f"the analyst has no {', '.join(missing)}",
            "make schema sets it again; else a query of theirs may run for ever.",
        )
