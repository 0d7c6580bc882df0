"""The Airflow connection `warehouse` as a connection string of libpq, wherever it was made."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk import BaseHook
from psycopg2.extensions import make_dsn

from warehouse.errors import PermanentError

CONNECTION_ID = "warehouse"
# What of the connection's extra is meant for libpq; the UI and other providers add their own.
_LIBPQ_EXTRAS = frozenset(
    {
        "connect_timeout",
        "options",
        "sslcert",
        "sslkey",
        "sslmode",
        "sslrootcert",
        "target_session_attrs",
    }
)


def connection_string() -> str:
    """Return the connection as a libpq connection string.

    Raises `PermanentError` naming what the connection lacks.
    """
    connection = BaseHook.get_connection(CONNECTION_ID)
    extras = {
        name: str(value)
        for name, value in (connection.extra_dejson or {}).items()
        if name in _LIBPQ_EXTRAS and value not in (None, "")
    }
    return make_dsn(**_fields(connection), **extras)


def _fields(connection: Any) -> Mapping[str, str]:
    given = {
        "host": connection.host,
        "user": connection.login,
        "password": connection.password,
        "dbname": connection.schema,
    }
    missing = [name for name, value in given.items() if not value]
    if missing:
        raise PermanentError(
            f"The Airflow connection `{CONNECTION_ID}` has no {', no '.join(missing)}: fill in "
            "host, schema (the database), login and password in the UI, or set "
            f"AIRFLOW_CONN_{CONNECTION_ID.upper()}."
        )
    return given | {"port": str(connection.port or 5432)}
