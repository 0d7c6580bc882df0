"""The warehouse of the local run: the embedded one, or the server that WAREHOUSE_URL names.

This module makes its databases, roles and schemas (include/sql) and knows their URLs.
"""

import contextlib
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extensions import encrypt_password

from include.local.layout import (
    LOOPBACK,
    REPOSITORY,
    Layout,
    LocalError,
    Ports,
    Secrets,
    locked,
    read_text,
    write_private,
)
from include.local.postgres import EmbeddedPostgres
from warehouse.database.connection import check_readable, for_dbt
from warehouse.errors import WarehouseRefused

SQL_FOLDER = REPOSITORY / "include" / "sql"
# A file beside the cluster: the hash of the DDL that was applied to it.
SCHEMA_STAMP = "schema.sha256"
_APPLIED = "include/sql: "


@dataclass(frozen=True, slots=True)
class Warehouse:
    """The URLs of the warehouse for `pipeline` and `analyst`, and of Airflow's metadata.

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
    """Return the warehouse, ready for use; the embedded one is started if it does not run.

    Raises LocalError.
    """
    url = environment.get("WAREHOUSE_URL", "").strip()
    if url:
        return _external(url, environment.get("ANALYST_URL", "").strip() or url)
    return start_embedded(layout)


def analyst_of(warehouse: Warehouse, environment: Mapping[str, str] = os.environ) -> str:
    """Return the URL for the role analyst. Raises LocalError where only the pipeline's is given."""
    if environment.get("WAREHOUSE_URL") and not environment.get("ANALYST_URL"):
        raise LocalError("WAREHOUSE_URL is for the pipeline: set ANALYST_URL, too.")
    return warehouse.analyst_url


def start_embedded(layout: Layout) -> Warehouse:
    """Start the embedded warehouse of `layout` if it does not run."""
    layout.make()
    with locked(layout.root / "warehouse.lock"):
        secrets = Secrets.of(layout)
        server = embedded_server(layout)
        ports = Ports(layout)
        port = server.start(ports.remembered("postgres"))
        ports.remember("postgres", port)
        _prepare(server, secrets)
        warehouse = embedded_warehouse(secrets, port)
        content = f"WAREHOUSE_URL={warehouse.url}\nANALYST_URL={warehouse.analyst_url}\n"
        if read_text(layout.warehouse_env) != content:
            write_private(layout.warehouse_env, content)
    return warehouse


def embedded_warehouse(secrets: Secrets, port: int) -> Warehouse:
    """Return the URLs of the embedded warehouse on `port`."""

    def url(user: str, password: str, database: str) -> str:
        return f"postgresql://{user}:{password}@{LOOPBACK}:{port}/{database}"

    return Warehouse(
        url=url("pipeline", secrets.pipeline, "warehouse"),
        analyst_url=url("analyst", secrets.analyst, "warehouse"),
        metadata_url=url("airflow", secrets.airflow, "airflow"),
        embedded=True,
    )


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


def set_password(session: Connection, role: str, password: str) -> None:
    """Give `role` a password; the server and its log get the scram verifier only."""
    verifier = encrypt_password(password, role, session, "scram-sha-256")
    with session, session.cursor() as cursor:
        cursor.execute(
            sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(verifier))
        )


def make_warehouse(session: Connection, passwords: Mapping[str, str]) -> list[str]:
    """Apply include/sql and give roles their passwords, by role; return what was done.

    The comment of schema meta keeps the hash of include/sql. Raises LocalError.
    """
    done = apply_schema(session)
    with session, session.cursor() as cursor:
        comment = f"{_comment(cursor)} {_APPLIED}{schema_sha256()}"
        cursor.execute("comment on schema meta is %s", (comment,))
    for role, password in passwords.items():
        if password:
            set_password(session, role, password)
            done.append(f"the password of {role}")
    return done


def schema_is_current(cursor: Cursor) -> bool | None:
    """Return whether the newest include/sql is applied; None where the database does not say."""
    _, known, digest = _comment(cursor).partition(_APPLIED)
    return digest == schema_sha256() if known else None


def _comment(cursor: Cursor) -> str:
    cursor.execute("select obj_description(to_regnamespace('meta'), 'pg_namespace')")
    row = cursor.fetchone()
    return str(row[0] or "") if row else ""


def _prepare(server: EmbeddedPostgres, secrets: Secrets) -> None:
    """Make databases, roles and schemas, unless this very DDL was applied before."""
    stamp = server.data.with_name(SCHEMA_STAMP)
    digest = schema_sha256()
    if read_text(stamp) == digest:
        return
    with contextlib.closing(server.connect()) as session:
        session.autocommit = True
        with session.cursor() as cursor:
            cursor.execute("select from pg_roles where rolname = 'airflow'")
            if cursor.fetchone() is None:
                cursor.execute("create role airflow login")
            for name, owner in (("warehouse", "postgres"), ("airflow", "airflow")):
                cursor.execute("select from pg_database where datname = %s", (name,))
                if cursor.fetchone() is None:
                    statement = sql.SQL("create database {} owner {}")
                    cursor.execute(statement.format(sql.Identifier(name), sql.Identifier(owner)))
            # The analyst has no rights in the other databases, nor in new ones.
            for name in ("airflow", "postgres", "template1"):
                statement = sql.SQL("revoke connect, temporary on database {} from public")
                cursor.execute(statement.format(sql.Identifier(name)))
            # For a server that an earlier version started in a shell with PGCLIENTENCODING.
            cursor.execute("alter system set client_encoding = 'UTF8'")
            cursor.execute("select pg_reload_conf()")
    with contextlib.closing(server.connect("warehouse")) as session:
        roles = ("pipeline", "analyst", "airflow")
        make_warehouse(session, {role: getattr(secrets, role) for role in roles})
    write_private(stamp, digest)


def rows(url: str, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Return the rows of a query; none where the warehouse does not answer it."""
    try:
        with (
            contextlib.closing(psycopg2.connect(url, connect_timeout=10)) as session,
            session,
            session.cursor() as cursor,
        ):
            cursor.execute("set local search_path = marts, meta, public")
            cursor.execute(query, values or None)
            return cursor.fetchall()
    except psycopg2.Error:
        return []


def session_on(url: str) -> Connection:
    """Open a session on the server of WAREHOUSE_URL. Raises LocalError."""
    try:
        require_readable(url, "WAREHOUSE_URL")
        return psycopg2.connect(url, connect_timeout=10)
    except psycopg2.Error as error:
        raise LocalError(f"WAREHOUSE_URL: {str(error).strip()}") from error


def require_readable(url: str, variable: str) -> None:
    """Raise LocalError where libpq or urllib would misread `url`; the message does not quote it."""
    try:
        check_readable(url, "the set-up", variable)
        urlsplit(url).port  # noqa: B018 - raises if it is not a number
    except (WarehouseRefused, ValueError) as error:
        said = str(error) if isinstance(error, WarehouseRefused) else f"{variable} is no URL."
        raise LocalError(said) from None


def _external(url: str, analyst_url: str) -> Warehouse:
    require_readable(url, "WAREHOUSE_URL")
    require_readable(analyst_url, "ANALYST_URL")
    with contextlib.closing(session_on(url)) as session, session.cursor() as cursor:
        cursor.execute("select to_regclass('meta.load_log') is not null, current_user")
        found, user = cursor.fetchone() or (False, "?")
        if not found or schema_is_current(cursor) is False:
            raise LocalError(
                f"WAREHOUSE_URL works as user {user}, but the warehouse's schemas are missing or "
                "of another version of include/sql. As a superuser: export WAREHOUSE_URL, "
                "PIPELINE_PASSWORD, ANALYST_PASSWORD, then make schema. After that set "
                "WAREHOUSE_URL for the role pipeline and ANALYST_URL for the role analyst."
            )
    if not urlsplit(url).password:
        raise LocalError("WAREHOUSE_URL needs the password in it, for Airflow's dbt profile.")
    return Warehouse(url=url, analyst_url=analyst_url, metadata_url=None, embedded=False)
