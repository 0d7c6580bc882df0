"""The warehouse of the local run: embedded, or the one that WAREHOUSE_URL names.

Here are its databases, roles and schemas (include/sql) and the URLs to reach them.
"""

import contextlib
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import encrypt_password

from include.local.layout import (
    LOOPBACK,
    REPOSITORY,
    Layout,
    LocalError,
    Ports,
    Secrets,
    locked,
    write_private,
)
from include.local.postgres import EmbeddedPostgres
from warehouse.database.connection import check_readable, for_dbt
from warehouse.errors import WarehouseRefused

SQL_FOLDER = REPOSITORY / "include" / "sql"
# Beside the cluster: the hash of the DDL that was applied to it.
SCHEMA_STAMP = "schema.sha256"


@dataclass(frozen=True, slots=True)
class Warehouse:
    """How to reach the warehouse: as `pipeline`, as `analyst`, and where Airflow's metadata is.

    `metadata_url` is None where Airflow keeps its metadata in SQLite.
    """

    url: str
    analyst_url: str
    metadata_url: str | None
    embedded: bool

    @property
    def parts(self) -> dict[str, str]:
        """The connection as the dbt profile reads it from the environment."""
        return for_dbt(self.url)


def open_warehouse(layout: Layout, environment: Mapping[str, str] = os.environ) -> Warehouse:
    """Return the warehouse, up and with its schemas; the embedded one is started where needed.

    Raises LocalError.
    """
    url = environment.get("WAREHOUSE_URL", "").strip()
    if url:
        return _external(url, environment.get("ANALYST_URL", "").strip() or url)
    return start_embedded(layout)


def start_embedded(layout: Layout) -> Warehouse:
    """Start the embedded warehouse of `layout` where it does not run."""
    layout.make()
    with locked(layout.root / "warehouse.lock"):
        secrets = Secrets.of(layout)
        server = embedded_server(layout)
        ports = Ports(layout)
        port = server.start(ports.remembered("postgres"))
        if port != ports.remembered("postgres"):
            ports.remember("postgres", port)
        _prepare(server, secrets)

        def url(user: str, word: str, database: str) -> str:
            return f"postgresql://{user}:{word}@{LOOPBACK}:{port}/{database}"

        warehouse = Warehouse(
            url=url("pipeline", secrets.pipeline, "warehouse"),
            analyst_url=url("analyst", secrets.analyst, "warehouse"),
            metadata_url=url("airflow", secrets.airflow, "airflow"),
            embedded=True,
        )
        content = f"WAREHOUSE_URL={warehouse.url}\nANALYST_URL={warehouse.analyst_url}\n"
        if _text(layout.warehouse_env) != content:
            write_private(layout.warehouse_env, content)
    return warehouse


def embedded_server(layout: Layout) -> EmbeddedPostgres:
    """Return the embedded server of `layout`, running or not."""
    return EmbeddedPostgres(layout.postgres, Secrets.of(layout).superuser)


def sql_files(folder: Path = SQL_FOLDER) -> list[Path]:
    """Return the DDL in `folder` in its order: the warehouse's files, then those of each source."""
    return sorted(
        folder.glob("*/*.sql"),
        key=lambda path: (path.parent.name != "warehouse", path.parent.name, path.name),
    )


def apply_schema(session: Connection, folder: Path = SQL_FOLDER) -> list[str]:
    """Apply the DDL in `folder` in its order, each file in one transaction.

    Returns the names of the files. Raises LocalError naming the file that failed.
    """
    applied = []
    for path in sql_files(folder):
        name = f"{path.parent.name}/{path.name}"
        try:
            with session, session.cursor() as cursor:
                cursor.execute("set local client_min_messages = warning")
                cursor.execute(path.read_text("utf-8"))
        except psycopg2.Error as error:
            raise LocalError(f"{name} was refused: {str(error).strip()}") from error
        applied.append(name)
    return applied


def schema_sha256(folder: Path = SQL_FOLDER) -> str:
    """Return a hash over the DDL in `folder`."""
    digest = hashlib.sha256()
    for path in sql_files(folder):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def set_password(session: Connection, role: str, word: str) -> None:
    """Give `role` a password; only its scram verifier goes to the server and its log."""
    verifier = encrypt_password(word, role, session, "scram-sha-256")
    with session, session.cursor() as cursor:
        cursor.execute(
            sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(verifier))
        )


def _prepare(server: EmbeddedPostgres, secrets: Secrets) -> None:
    """Make databases, roles and schemas; nothing where this very DDL was applied before."""
    stamp = server.data.with_name(SCHEMA_STAMP)
    digest = schema_sha256()
    if _text(stamp) == digest:
        return
    with contextlib.closing(server.connect()) as session:
        session.autocommit = True
        with session.cursor() as cursor:
            cursor.execute(
                """
                do $$ begin
                    if not exists (select from pg_roles where rolname = 'airflow') then
                        create role airflow login;
                    end if;
                end $$
                """
            )
            for name, owner in (("warehouse", "postgres"), ("airflow", "airflow")):
                cursor.execute("select from pg_database where datname = %s", (name,))
                if cursor.fetchone() is None:
                    cursor.execute(
                        sql.SQL("create database {} owner {}").format(
                            sql.Identifier(name), sql.Identifier(owner)
                        )
                    )
            # The analyst has no business in Airflow's metadata, nor where what they make would be
            # in every new database.
            for name in ("airflow", "postgres", "template1"):
                cursor.execute(
                    sql.SQL("revoke connect, temporary on database {} from public").format(
                        sql.Identifier(name)
                    )
                )
    with contextlib.closing(server.connect("warehouse")) as session:
        apply_schema(session)
        set_password(session, "pipeline", secrets.pipeline)
        set_password(session, "analyst", secrets.analyst)
        set_password(session, "airflow", secrets.airflow)
    write_private(stamp, digest)


def session_on(url: str) -> Connection:
    """Open a session on the server that WAREHOUSE_URL names. Raises LocalError."""
    try:
        require_readable(url, "WAREHOUSE_URL")
        return psycopg2.connect(url, connect_timeout=10)
    except psycopg2.Error as error:
        raise LocalError(f"WAREHOUSE_URL: {str(error).strip()}") from error


def require_readable(url: str, variable: str) -> None:
    """Raise LocalError, without quoting it, where libpq or urllib would misread `url`."""
    try:
        check_readable(url, "the set-up", variable)
        urlsplit(url).port  # noqa: B018 - raises where it is no number
    except (WarehouseRefused, ValueError) as error:
        said = str(error) if isinstance(error, WarehouseRefused) else f"{variable} is no URL."
        raise LocalError(said) from None


def _external(url: str, analyst_url: str) -> Warehouse:
    require_readable(url, "WAREHOUSE_URL")
    require_readable(analyst_url, "ANALYST_URL")
    with contextlib.closing(session_on(url)) as session, session.cursor() as cursor:
        cursor.execute("select to_regclass('meta.load_log') is not null, current_user")
        found, user = cursor.fetchone() or (False, "?")
    if not found:
        raise LocalError(
            f"WAREHOUSE_URL is reached as {user}, but the warehouse's schemas are not there. As a "
            "superuser, once: export WAREHOUSE_URL, PIPELINE_PASSWORD, ANALYST_PASSWORD, then "
            "make schema. Then WAREHOUSE_URL is that of pipeline, ANALYST_URL that of analyst."
        )
    if not urlsplit(url).password:
        raise LocalError("WAREHOUSE_URL must carry the password: Airflow's dbt profile needs it.")
    return Warehouse(url=url, analyst_url=analyst_url, metadata_url=None, embedded=False)


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None
