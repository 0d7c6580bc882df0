"""`make backup` and `make restore`: the embedded warehouse as one file of pg_dump.

The file has what cannot be had again: raw with the changes of every load, meta, the published
marts, and what users made. The rows of staging, the marts before the last publish and the failing
rows of tests are left out: the next build after a restore makes them from raw. pg_dump reads
everything at one moment, so a run may work at the same time.
"""

import contextlib
import os
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from include.local.airflow import API_SERVER
from include.local.layout import LOOPBACK, Layout, LocalError, Secrets
from include.local.postgres import SUPERUSER
from include.local.processes import Processes
from include.local.programs import find_programs
from include.local.warehouse import (
    SCHEMA_STAMP,
    embedded_server,
    make_warehouse,
    start_embedded,
)

_LEFT_OUT = ("--exclude-schema=marts_next", "--exclude-schema=quality",
             "--exclude-table-data=staging.*", "--exclude-table-data=dev_*.*")  # fmt: skip
_RESTORED = "warehouse_restored"


def backup(layout: Layout, path: Path | None = None) -> Path:
    """Write a backup to `path`, by default named after the time; return it. Raises LocalError."""
    _require_embedded("backup")
    target = path or layout.backups / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.dump"
    if target.exists():
        raise LocalError(f"BACKUP={target} exists already: name a file that does not.")
    start_embedded(layout)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        _run(layout, "pg_dump", "--dbname=warehouse", "--format=custom", "--compress=1",
             f"--file={part}", *_LEFT_OUT)  # fmt: skip
        part.rename(target)
    except OSError as error:
        raise LocalError(f"BACKUP={target} cannot be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)
    return target


def restore(layout: Layout, path: Path, *, force: bool = False) -> None:
    """Replace the embedded warehouse by that of a backup; a failure changes nothing.

    Raises LocalError: Airflow is up, or the warehouse has loads and `force` is not set.
    """
    _require_embedded("restore")
    if not path.is_file():
        raise LocalError(f"BACKUP={path}: there is no such file.")
    if set(Processes(layout.pids).running()) - {API_SERVER}:
        raise LocalError("Airflow is up (make up): make down, then restore.")
    start_embedded(layout)
    server = embedded_server(layout)
    with contextlib.closing(server.connect("warehouse")) as session, session.cursor() as cursor:
        cursor.execute("select count(*) from meta.load_log")
        (loads,) = cursor.fetchone() or (0,)
    if loads and not force:
        raise LocalError(
            f"The warehouse in {layout.root} has data ({loads} loads), which a restore replaces: "
            "say FORCE=1, or name another installation with LOCAL_DIR=<folder>."
        )
    with contextlib.closing(server.connect()) as session:
        session.autocommit = True
        _do(session, "drop database if exists {} with (force)", _RESTORED)
        _do(session, "create database {} template template0", _RESTORED)
        try:
            _run(layout, "pg_restore", f"--dbname={_RESTORED}", "--exit-on-error", "--jobs=2", path)
            with contextlib.closing(server.connect(_RESTORED)) as restored:
                make_warehouse(restored, {})
                # The planner has no statistics of a restored table.
                restored.autocommit = True
                _do(restored, "analyze")
        except LocalError:
            _do(session, "drop database {} with (force)", _RESTORED)
            raise
        # If this breaks off, the next start makes an empty warehouse, for a second try.
        server.data.with_name(SCHEMA_STAMP).unlink(missing_ok=True)
        _do(session, "drop database if exists warehouse with (force)")
        _do(session, "alter database {} rename to warehouse", _RESTORED)


def _require_embedded(verb: str) -> None:
    if os.environ.get("WAREHOUSE_URL", "").strip():
        raise LocalError(
            f"make {verb} is for the embedded warehouse. For WAREHOUSE_URL use the programs of "
            "your server: docs/operations.md, Backups."
        )


def _do(session: Connection, statement: str, *names: str) -> None:
    with session.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _run(layout: Layout, program: str, *words: str | Path) -> None:
    port = embedded_server(layout).port()
    place = (f"--host={LOOPBACK}", f"--port={port}", f"--username={SUPERUSER}", "--no-password")
    line: Sequence[str] = [str(find_programs().folder / program), *place, *map(str, words)]
    secret = {"PGPASSWORD": Secrets.of(layout).superuser}
    done = subprocess.run(
        line, env=os.environ | secret, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-5:]
        raise LocalError("\n".join([f"{program} failed:", *said]))
