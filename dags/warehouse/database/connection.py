"""Connections to the warehouse, and the one place where psycopg2's errors become ours."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from psycopg2 import errorcodes, errors
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import parse_dsn

from warehouse.errors import PipelineError, WarehouseRefused, WarehouseUnavailable

__all__ = ["Connection", "check_readable", "connected", "translated"]

_TRANSIENT_CLASSES = (
    errorcodes.CLASS_CONNECTION_EXCEPTION,
    errorcodes.CLASS_TRANSACTION_ROLLBACK,
    errorcodes.CLASS_OPERATOR_INTERVENTION,
)
_TRANSIENT_CODES = (errorcodes.LOCK_NOT_AVAILABLE, errorcodes.TOO_MANY_CONNECTIONS)
# What psycopg2 raises without a code when a session cannot be had or is gone.
_SESSION_LOST = (psycopg2.OperationalError, psycopg2.InterfaceError)


# Of a connection string, what dbt gets by an environment variable where it is there.
_VARIABLES = {
    "sslmode": "WAREHOUSE_SSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
    "options": "PGOPTIONS",
}


@contextmanager
def connected(url: str, *, purpose: str) -> Iterator[Connection]:
    """Open a session on the warehouse, closed at the end; open transactions are rolled back.

    `url` is any connection string of libpq. `purpose` shows as `application_name` in
    `pg_stat_activity`. Raises `WarehouseUnavailable` or `WarehouseRefused`.
    """
    with translated(purpose):
        check_readable(url, purpose)
        connection = psycopg2.connect(
            url,
            application_name=f"warehouse: {purpose}"[:63],
            connect_timeout=10,
            keepalives_idle=30,
            keepalives_interval=10,
            keepalives_count=3,
        )
    try:
        with translated(purpose):
            yield connection
    finally:
        connection.close()


def for_dbt(url: str) -> dict[str, str]:
    """Return a connection string of libpq as environment variables of the dbt profile.

    What the profile has no place for (certificates, options) libpq itself takes from there.
    """
    parts = parse_dsn(url)
    return {
        "WAREHOUSE_HOST": parts.get("host", "127.0.0.1"),
        "WAREHOUSE_PORT": str(parts.get("port", 5432)),
        "WAREHOUSE_USER": parts.get("user", "pipeline"),
        "WAREHOUSE_PASSWORD": parts.get("password", ""),
        "WAREHOUSE_DATABASE": parts.get("dbname", "warehouse"),
        **{variable: parts[name] for name, variable in _VARIABLES.items() if parts.get(name)},
    }


def check_readable(url: str, purpose: str, name: str = "the connection `warehouse`") -> None:
    """Raise `WarehouseRefused` where libpq would read `url` wrongly; `name` says which it is.

    libpq's messages quote the part that it cannot read, or takes for a host, which may be the
    password: one with a `/` or an `@` in it ends up there.
    """
    try:
        parts = parse_dsn(url)
    except psycopg2.ProgrammingError:
        parts = {"port": "not readable"}
    ports = str(parts.get("port", "")).split(",")
    torn = "@" in parts.get("host", "") or re.search("[@/]", parts.get("dbname", ""))
    if torn or not all(port == "" or port.isdecimal() for port in ports):
        raise WarehouseRefused(
            f"{purpose}: {name} is not a connection string that libpq can "
            "read. Write it as postgresql://user:password@host:port/database, special characters "
            "in the password percent-encoded."
        ) from None


@contextmanager
def translated(purpose: str) -> Iterator[None]:
    """Turn errors of psycopg2 into ours; `purpose` begins the message.

    Raises `WarehouseUnavailable` where trying again can help, `WarehouseRefused` otherwise.
    """
    try:
        yield
    except PipelineError:
        raise
    except psycopg2.Error as error:
        first = _first(error)
        code = first.pgcode or ""
        detail = " ".join((first.diag.message_primary or str(first)).split())
        transient = code[:2] in _TRANSIENT_CLASSES or code in _TRANSIENT_CODES
        if transient or (not code and isinstance(first, _SESSION_LOST)):
            raise WarehouseUnavailable(
                f"{purpose}: the warehouse is not available: {detail.rstrip('.?!')}. {_hope(first)}"
            ) from error
        raise WarehouseRefused(f"{purpose}: Postgres refused: {detail}.{_advice(first)}") from error


def _first(error: psycopg2.Error) -> psycopg2.Error:
    """The reason, where a rollback on the session that it ended failed as well."""
    while isinstance(error, psycopg2.InterfaceError) and isinstance(
        error.__context__, psycopg2.Error
    ):
        error = error.__context__
    return error


def _hope(error: psycopg2.Error) -> str:
    """What can be done where trying again can help."""
    if isinstance(error, errors.QueryCanceled):
        return (
            "It took longer than statement_timeout allows, or it was cancelled; nothing was "
            "changed. Run again, or give the role of the connection more time: alter role ... set "
            "statement_timeout = 0."
        )
    if "too many connections" in str(error) or "remaining connection slots" in str(error):
        return (
            "Nothing was changed. Wait until others leave, let each load open fewer (the setting "
            "COPY_CONNECTIONS of the source), or raise the limit of the server, database or role."
        )
    return (
        "It may pass; if it does not, look at the server's log and at the connection `warehouse`."
    )


def _advice(error: psycopg2.Error) -> str:
    if isinstance(error, errors.UndefinedTable | errors.InvalidSchemaName):
        return " Apply the SQL of include/sql first (make schema)."
    if isinstance(error, errors.DiskFull):
        return " Free space on the server's disk and run again; nothing was changed."
    if isinstance(error, errors.ConfigurationLimitExceeded):
        return " Raise that limit of the server or of the role, and run again; nothing was changed."
    if isinstance(error, errors.InsufficientPrivilege | errors.ReadOnlySqlTransaction):
        return " The role of the connection `warehouse` must be `pipeline` or own its schemas."
    return ""
