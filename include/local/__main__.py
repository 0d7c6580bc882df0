"""The verbs of the local run: `python -m include.local run`; `make help` lists them."""

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "dags")]

from psycopg2.extensions import make_dsn, parse_dsn  # noqa: E402

from imdb_pipeline.config import Settings  # noqa: E402
from include.local import project, source  # noqa: E402
from include.local.airflow import Airflow  # noqa: E402
from include.local.audit import audit  # noqa: E402
from include.local.doctor import doctor  # noqa: E402
from include.local.layout import OWNED, LocalError, Ports, Secrets  # noqa: E402
from include.local.options import Options, layout_of  # noqa: E402
from include.local.programs import psql_program  # noqa: E402
from include.local.run import run, say  # noqa: E402
from include.local.services import down, up  # noqa: E402
from include.local.warehouse import (  # noqa: E402
    apply_schema,
    embedded_server,
    open_warehouse,
    session_on,
    set_password,
    start_embedded,
)
from warehouse.builds import publish as publishing  # noqa: E402
from warehouse.database.connection import connected  # noqa: E402
from warehouse.errors import PipelineError  # noqa: E402

ROLES = ("pipeline", "analyst")


def psql() -> NoReturn:
    """Become psql, as the analyst; SQL= or a pipe runs and ends."""
    program = psql_program()
    if program is None:
        raise LocalError("There is no psql: install Postgres' client.")
    if (
        os.environ.get("WAREHOUSE_URL", "").strip()
        and not os.environ.get("ANALYST_URL", "").strip()
    ):
        raise LocalError(
            "WAREHOUSE_URL is the pipeline's way in: set ANALYST_URL, too, to be the analyst."
        )
    parts = parse_dsn(open_warehouse(layout_of(os.environ)).analyst_url)
    environment = dict(os.environ)
    environment["PGPASSWORD"] = str(parts.pop("password", ""))
    command = [str(program), "--dbname", make_dsn(**parts)]
    statement = os.environ.get("SQL", "").strip()
    if statement:
        command += ["--command", statement]
    if statement or not sys.stdin.isatty():
        command += ["--set", "ON_ERROR_STOP=1"]
    os.execve(command[0], command, environment)  # noqa: S606


def docs() -> int:
    """Make the dbt docs site."""
    layout = layout_of(os.environ)
    layout.make()
    warehouse = open_warehouse(layout)
    environment = Airflow(layout, warehouse, api_port=0).environment()
    project.make_manifest(layout, environment, warehouse)
    say(f"docs, with lineage: {layout.shown(project.make_docs(layout, environment))}")
    return 0


def manifest() -> int:
    """Parse the dbt project."""
    say(f"manifest: {layout_of(os.environ).shown(project.make_plain_manifest())}")
    return 0


def schema() -> int:
    """Apply include/sql to WAREHOUSE_URL as its owner, or to the embedded warehouse."""
    url = os.environ.get("WAREHOUSE_URL", "").strip()
    if url:
        session = session_on(url)
        words = {role: os.environ.get(f"{role.upper()}_PASSWORD", "") for role in ROLES}
    else:
        layout = layout_of(os.environ)
        start_embedded(layout)
        session = embedded_server(layout).connect("warehouse")
        # A role may change its own password; here it is what the installation's files say.
        words = {role: getattr(Secrets.of(layout), role) for role in ROLES}
    with contextlib.closing(session):
        applied = apply_schema(session)
        for role, word in words.items():
            if word:
                set_password(session, role, word)
                applied.append(f"the password of {role}")
    say(f"applied: {', '.join(applied)}")
    return 0


def lock() -> int:
    """Pin the environment anew from requirements.in."""
    folder = REPOSITORY / "include" / "local"
    uv = Path(sys.prefix) / "uv" / "bin" / "uv"
    return subprocess.run(
        [
            str(uv) if uv.exists() else "uv", "pip", "compile", "requirements.in",
            "--universal", "--python-version", "3.11", "--no-annotate", "--no-header",
            "--quiet", "--output-file", "requirements.txt",
            *(["--upgrade"] if os.environ.get("UPGRADE") else []),
        ],
        cwd=folder,
        check=False,
    ).returncode  # fmt: skip


def dbt() -> int:
    """Run dbt by hand on the warehouse, with the words of CMD."""
    layout = layout_of(os.environ)
    layout.make()
    warehouse = open_warehouse(layout)
    environment = Airflow(layout, warehouse, api_port=0).environment()
    words = shlex.split(os.environ.get("CMD", "")) or ["debug"]
    return project.dbt_by_hand(layout, environment, warehouse, words)


def rollback() -> int:
    """Put the marts before the last publish back, without Airflow."""
    warehouse = open_warehouse(layout_of(os.environ))
    run_id = f"make rollback {datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    try:
        patience = Settings.from_environment().lock_patience
        with connected(warehouse.url, purpose="make rollback") as connection:
            began = time.monotonic()
            publishing.rollback(connection, run_id=run_id, patience=patience)
            seconds = time.monotonic() - began
            with connection.cursor() as cursor:
                live = publishing.what_is_live(cursor)
            say(f"rolled back in {seconds:.1f} s: live is {live}")
    except PipelineError as error:
        raise LocalError(str(error)) from error
    return 0


def airflow() -> int:
    """Run Airflow's command line in this installation, with the words of CMD."""
    options = Options.of(os.environ)
    chosen = source.choose(options)
    layout = options.layout
    layout.make()
    warehouse = open_warehouse(layout)
    commands = Airflow(layout, warehouse, api_port=Ports(layout).spare("api"))
    commands.prepare()
    project.make_manifest(layout, commands.environment(), warehouse)
    source.make_ready(options, chosen)
    words = shlex.split(os.environ.get("CMD", "")) or ["version"]
    with source.served(layout, chosen, by_hand=True) as base_url:
        return subprocess.run(
            commands.command(*words),
            env=commands.task_environment(base_url, chosen.name),
            cwd=REPOSITORY,
            check=False,
        ).returncode


def bench() -> NoReturn:
    """Become the benchmark that NAME names, else the table of ONLY's sections.

    Each works on a cluster of its own; nothing is asked of the warehouse or told about it.
    """
    name = os.environ.get("NAME", "").strip()
    known = sorted(
        path.stem
        for path in (REPOSITORY / "bench").glob("*.py")
        if "\ndef main(" in path.read_text("utf-8") and path.stem != "__main__"
    )
    if name and name not in known:
        raise LocalError(f"NAME={name}: the benchmarks are {', '.join(known)}; without NAME, all.")
    _become(f"bench.{name}" if name else "bench")


def soak() -> NoReturn:
    """Become the soak, which works with installations of its own."""
    _become("bench.soak")


def _become(module: str) -> NoReturn:
    layout = layout_of(os.environ)
    layout.make()
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in {"WAREHOUSE_URL", "ANALYST_URL", "LOCAL_DIR"}
    }
    environment["BENCH_DIR"] = str(layout.root / "bench")
    environment["PYTHONPATH"] = os.pathsep.join(map(str, (REPOSITORY, REPOSITORY / "dags")))
    os.chdir(REPOSITORY)
    command = [sys.executable, "-m", module]
    # In the place of this process, so that Ctrl-C reaches it alone and it can tidy up.
    os.execve(command[0], command, environment)  # noqa: S606


def clean() -> int:
    """End everything and remove the installation's folder, if it is one."""
    layout = layout_of(os.environ)
    down()
    if layout.postgres.exists():
        home = embedded_server(layout).data.parent
        if home != layout.postgres:
            shutil.rmtree(home)
    if layout.is_installation():
        for name in OWNED:
            path = layout.root / name
            # A link to a folder is ours, what it leads to is not.
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            layout.root.rmdir()
        say(f"removed {layout.shown(layout.root)}")
    return 0


VERBS: dict[str, Callable[[], int]] = {
    "run": run,
    "up": up,
    "down": down,
    "psql": psql,
    "rollback": rollback,
    "dbt": dbt,
    "airflow": airflow,
    "bench": bench,
    "soak": soak,
    "docs": docs,
    "manifest": manifest,
    "schema": schema,
    "doctor": doctor,
    "lock": lock,
    "audit": audit,
    "clean": clean,
}


def main() -> int:
    """Do one verb; return the exit code."""
    verb = VERBS.get(sys.argv[1] if len(sys.argv) == 2 else "")
    if verb is None:
        say(f"one of: {', '.join(VERBS)} (make help says more)")
        return 2
    try:
        return verb()
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
