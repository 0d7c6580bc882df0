"""`make psql`: the prompt of the analyst."""

import os
import sys
from typing import NoReturn

from psycopg2.extensions import make_dsn, parse_dsn

from include.local.layout import Layout, LocalError
from include.local.programs import psql_program
from include.local.warehouse import open_warehouse


def psql(layout: Layout, statement: str | None) -> NoReturn:
    """Replace this process by psql; `statement` or a pipe runs and ends. Raises LocalError."""
    program = psql_program()
    if program is None:
        raise LocalError("There is no psql: install Postgres' client.")
    if os.environ.get("WAREHOUSE_URL") and not os.environ.get("ANALYST_URL"):
        raise LocalError("WAREHOUSE_URL is for the pipeline: set ANALYST_URL, too.")
    parts = parse_dsn(open_warehouse(layout).analyst_url)
    # Of a terminal whose locale is not known, psql would take the encoding.
    environment = {**os.environ, "PGCLIENTENCODING": "UTF8",
                   "PGPASSWORD": str(parts.pop("password", ""))}  # fmt: skip
    command = [str(program), "--dbname", make_dsn(**parts)]
    if statement:
        command += ["--command", statement]
    if statement or not sys.stdin.isatty():
        command += ["--set", "ON_ERROR_STOP=1"]
    os.execve(command[0], command, environment)  # noqa: S606
