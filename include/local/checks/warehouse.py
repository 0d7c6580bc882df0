"""The warehouse: whether its roles get in, its version and schemas, and what the roles may do."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg2.extensions import cursor as Cursor

from include.local.checks.diagnosis import Diagnosis, fail, megabytes, ok, warn
from include.local.warehouse import Warehouse, schema_is_current
from warehouse.database.connection import connected
from warehouse.errors import PipelineError

# Each row: what a role may do and should not, and the statement that corrects it.
_TOO_MUCH = """
    select format('%I is %s', rolname, power), format('alter role %I no%s', rolname, power)
    from pg_roles
    cross join lateral (values
        ('superuser', rolsuper), ('createrole', rolcreaterole), ('createdb', rolcreatedb),
        ('replication', rolreplication), ('bypassrls', rolbypassrls)
    ) as powers (power, has)
    where rolname in ('pipeline', 'analyst') and has
    union all
    select 'the analyst can become pipeline', 'revoke pipeline from analyst'
    where pg_has_role('analyst', 'pipeline', 'member')
    union all
    select
        format('the analyst can create in schema %I', nspname),
        format('revoke create on schema %I from analyst, public', nspname)
    from pg_namespace
    where nspname !~ '^pg_' and has_schema_privilege('analyst', oid, 'create')
    union all
    select
        format('the analyst can read in schema %I', nspname),
        format('revoke usage on schema %I from analyst, public', nspname)
    from pg_namespace
    where nspowner = 'pipeline'::regrole and nspname not in ('marts', 'meta')
        and has_schema_privilege('analyst', oid, 'usage')
    union all
    select
        format('the analyst can write to %s', pg_class.oid::regclass),
        format('revoke all on %s from analyst, public', pg_class.oid::regclass)
    from pg_class
    inner join pg_namespace on pg_namespace.oid = relnamespace
    where nspowner = 'pipeline'::regrole and relkind in ('r', 'v', 'm', 'p')
        and has_table_privilege('analyst', pg_class.oid, 'insert, update, delete, truncate')
"""


@contextmanager
def reading(url: str, *, full: bool = False) -> Iterator[Cursor]:
    """Yield a cursor that cannot write; each statement is its own transaction.

    Statements end after a minute, unless `full`. Raises as `connected` does.
    """
    with connected(url, purpose="doctor") as session:
        session.set_session(readonly=True, autocommit=True)
        with session.cursor() as cursor:
            cursor.execute("set lock_timeout = '3s'")
            limit = "0" if full else "60s"
            cursor.execute("select set_config('statement_timeout', %s, false)", (limit,))
            yield cursor


def reach(warehouse: Warehouse) -> Iterator[Diagnosis]:
    """Check that pipeline and analyst get in with their passwords."""
    for role, url in (("pipeline", warehouse.url), ("analyst", warehouse.analyst_url)):
        name = f"{'WAREHOUSE' if role == 'pipeline' else 'ANALYST'}_URL"
        try:
            with reading(url) as cursor:
                cursor.execute("select current_user")
                (user,) = cursor.fetchone() or ("?",)
        except PipelineError as error:
            do = "make schema sets the passwords again." if warehouse.embedded else f"check {name}."
            yield fail(role, str(error).removeprefix("doctor: "), do)
        else:
            if user == role:
                yield ok(role, "gets in")
            else:
                yield warn(role, f"{name} gets in as {user}", f"put the role {role} into {name}.")


def server(cursor: Cursor) -> Iterator[Diagnosis]:
    """Check the encoding and that include/sql is applied."""
    cursor.execute(
        "select pg_encoding_to_char(encoding) from pg_database where datname = current_database()"
    )
    (encoding,) = cursor.fetchone() or ("?",)
    if encoding != "UTF8":
        yield fail("encoding", f"the database is {encoding}; titles need UTF8",
                   "make a database with encoding 'UTF8', then make schema there.")  # fmt: skip
    current = schema_is_current(cursor)
    if not current:
        yield warn(
            "schema",
            "another include/sql is applied"
            if current is False
            else "it is not known whether the newest include/sql is applied",
            "make schema; on your own Postgres with the superuser's WAREHOUSE_URL.",
        )


def sizes(cursor: Cursor, metadata_url: str | None = None) -> Iterator[Diagnosis]:
    """Report what each schema takes, and Airflow's metadata where it is in the same server."""
    cursor.execute(
        """
        select relnamespace::regnamespace::text, sum(pg_total_relation_size(oid))::bigint
        from pg_class
        where relkind in ('r', 'm') and relnamespace::regnamespace::text !~ '^(pg_|information_)'
        group by 1
        order by 2 desc
        """
    )
    found = dict(cursor.fetchall())
    if metadata_url:
        with reading(metadata_url) as other:
            other.execute("select pg_database_size(current_database())")
            found["Airflow's metadata"] = (other.fetchone() or (0,))[0]
    yield ok("sizes", ", ".join(f"{name} {megabytes(size)}" for name, size in found.items()))


def roles(cursor: Cursor) -> Iterator[Diagnosis]:
    """Check that the roles have no right that they do not need."""
    cursor.execute(
        "select array_agg(rolname) from pg_roles where rolname in ('pipeline', 'analyst')"
    )
    (found,) = cursor.fetchone() or ([],)
    missing = [role for role in ("pipeline", "analyst") if role not in (found or [])]
    for role in missing:
        yield fail("roles", f"there is no role {role}", "make schema, as a superuser")
    if not missing:
        cursor.execute(_TOO_MUCH)
        for may, do in cursor.fetchall():
            yield fail("roles", may, do)
