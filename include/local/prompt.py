"""`make psql`: the prompt of Postgres on the warehouse, as the analyst."""

import os
import sys
from typing import NoReturn

from psycopg2.extensions import make_dsn, parse_dsn

from include.local.layout import Layout, LocalError
from include.local.programs import psql_program
from include.local.warehouse import analyst_of, open_warehouse


def become_psql(layout: Layout, sql: str | None) -> NoReturn:
    """Replace this process by psql, which runs `sql` or else its input. Raises LocalError."""
    program = psql_program()
    if program is None:
        raise LocalError("There is no psql: install Postgres' client.")
    parts = parse_dsn(analyst_of(open_warehouse(layout)))
    # Of a terminal whose locale is not known, psql would take the encoding.
    own = {"PGCLIENTENCODING": "UTF8", "PGPASSWORD": str(parts.pop("password", ""))}
    command = [str(program), "--dbname", make_dsn(**parts)]
    command += ["--command", sql] if sql else []
    command += ["--set", "ON_ERROR_STOP=1"] if sql or not sys.stdin.isatty() else []
    os.execve(command[0], command, os.environ | own)  # noqa: S606
