"""The warehouse's server and its schemas: version, settings, and what include/sql makes."""

from collections.abc import Iterator, Mapping

from psycopg2.extensions import cursor as Cursor

from imdb_pipeline.config import DATASETS, Settings
from include.local.checks import ddl
from include.local.checks.finding import Finding, fail, ok, problems, warn
from include.local.checks.place import Place, reading
from include.local.programs import OLDEST
from include.local.warehouse import SCHEMA_STAMP, schema_sha256
from warehouse.errors import PipelineError
from warehouse.raw.raw_table import columns

_APPLY = "make schema"
_APPLY_OUTSIDE = "as the server's superuser: make schema (docs/operations.md)"


def reach(place: Place) -> Iterator[Finding]:
    """Whether pipeline and analyst get in with the URLs that there are."""
    for role in ("pipeline", "analyst"):
        url = place.url(role)
        if url is None:
            yield warn(
                role, "ANALYST_URL is not set, so make psql has no way in", "export ANALYST_URL=…"
            )
            continue
        try:
            with reading(url) as cursor:
                cursor.execute("select current_user, current_database()")
                user, database = cursor.fetchone() or ("?", "?")
        except PipelineError as error:
            do = (
                "make down, make run; if it stays, the server's log says more"
                if place.embedded
                else f"check {'WAREHOUSE' if role == 'pipeline' else 'ANALYST'}_URL and the server."
            )
            yield fail(role, str(error).removeprefix("doctor: "), do)
            continue
        if user != role:
            yield warn(role, f"gets in as {user}", f"put the role {role} into its URL.")
        else:
            yield ok(role, f"gets in, to database {database}")


def server(cursor: Cursor) -> Iterator[Finding]:
    """Whether version and encoding are those that the project was made for."""
    cursor.execute(
        """
        select
            current_setting('server_version_num')::int / 10000, current_setting('server_version'),
            pg_encoding_to_char(encoding), datname
        from pg_database where datname = current_database()
        """
    )
    major, version, encoding, name = cursor.fetchone() or (0, "?", "?", "?")
    yield version_finding(major, version)
    if encoding == "UTF8":
        yield ok("encoding", encoding)
    else:
        yield fail(
            "encoding",
            f"database {name} is {encoding}; titles need UTF8",
            "make another database with encoding 'UTF8' (template template0), then make schema.",
        )


def version_finding(major: int, version: str) -> Finding:
    """Return what to think of a server of this version."""
    if major >= OLDEST:
        return ok("version", f"Postgres {version}")
    return fail(
        "version", f"Postgres {version}; {OLDEST} or newer is needed", "use a newer server."
    )


def settings(cursor: Cursor, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Whether the server's settings are what bulk work wants."""
    connections = Settings.from_environment(environment).copy_connections
    wanted = len(DATASETS) * (connections + 1)
    cursor.execute(
        "select name, setting from pg_settings where name in "
        "('max_connections', 'superuser_reserved_connections', 'fsync', 'full_page_writes')"
    )
    found = dict(cursor.fetchall())
    usable = int(found["max_connections"]) - int(found["superuser_reserved_connections"])
    yield from problems(
        _settings(found, usable, wanted),
        ok("settings", f"{usable} connections, {wanted} wanted when all files are loaded at once"),
    )


def _settings(found: Mapping[str, str], usable: int, wanted: int) -> Iterator[Finding]:
    if usable <= wanted:
        yield warn(
            "settings",
            f"{usable} connections, {wanted} wanted when all files are loaded at once",
            "set max_connections higher or IMDB_COPY_CONNECTIONS lower; a load that gets no "
            "connection is tried again.",
        )
    for name in ("fsync", "full_page_writes"):
        if found[name] != "on":
            yield warn(
                "settings",
                f"{name} is {found[name]}: after a crash of the machine the data may be broken",
                f"alter system set {name} = on; then reload.",
            )


def schema(cursor: Cursor, place: Place) -> Iterator[Finding]:
    """Whether schemas, tables and columns are as include/sql makes them."""
    yield from problems(
        _schema(cursor, place),
        ok("schema", f"{len(ddl.tables())} tables in {len(ddl.schemas())} schemas, as include/sql "
                     "makes them"),
    )  # fmt: skip


def _schema(cursor: Cursor, place: Place) -> Iterator[Finding]:
    do = _APPLY if place.embedded else _APPLY_OUTSIDE
    cursor.execute("select nspname, nspowner::regrole::text from pg_namespace")
    owners = dict(cursor.fetchall())
    for name in ddl.schemas():
        if name not in owners:
            yield fail("schema", f"schema {name} is not there", do)
        elif owners[name] != "pipeline":
            yield fail(
                "schema",
                f"schema {name} belongs to {owners[name]}, so pipeline cannot build in it",
                f"alter schema {name} owner to pipeline",
            )
    for table, wanted in ddl.tables().items():
        found = _columns(cursor, table)
        missing = [column for column in wanted if column not in found]
        if not found:
            yield fail("schema", f"{table} is not there", do)
        elif missing:
            yield fail("schema", f"{table} has no column {', '.join(missing)}", do)
    yield from _raw_layouts(cursor)
    cursor.execute("select from pg_extension where extname = 'pg_trgm'")
    if cursor.fetchone() is None:
        yield fail("schema", "the extension pg_trgm is not there", do)
    stamp = place.data.with_name(SCHEMA_STAMP) if place.embedded and place.data else None
    if stamp and not (stamp.exists() and stamp.read_text("utf-8") == schema_sha256()):
        yield warn(
            "schema", "include/sql is not what was applied last", f"{do}, or the next make run"
        )


def _raw_layouts(cursor: Cursor) -> Iterator[Finding]:
    for dataset in DATASETS:
        found = columns(cursor, dataset.table)
        if found and found != dataset.table_columns:
            yield fail(
                "schema",
                f"raw.{dataset.table} has the columns {', '.join(found)}; {dataset.name} has "
                f"{', '.join(dataset.table_columns)}",
                f"make run DATASETS={dataset.name} FULL_REFRESH=1 loads it anew.",
            )


def _columns(cursor: Cursor, table: str) -> tuple[str, ...]:
    cursor.execute(
        "select attname from pg_attribute "
        "where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped",
        (table,),
    )
    return tuple(name for (name,) in cursor.fetchall())
