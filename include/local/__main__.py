"""The verbs of the local run: `python -m include.local run`; `make help` lists them."""
# ruff: noqa: PLC0415 - each verb imports only what it needs, so that every one starts quickly

import contextlib
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "dags")]

from include.local.bootstrap import own_environment  # noqa: E402
from include.local.layout import Layout, LocalError, Ports, Secrets  # noqa: E402
from include.local.options import IMDB, PIPELINES, Options, run_options, variable  # noqa: E402

if TYPE_CHECKING:
    from include.local.airflow import Airflow


@click.group()
def cli() -> None:
    """Run the film warehouse on this machine, without Docker."""


@cli.command()
@run_options
def run(**values: Any) -> int:
    """Set everything up and run the pipeline once."""
    from include.local.run import run

    return run(Options.of(**values))


@cli.command()
@run_options
@variable("UP_PORT", click.IntRange(1024, 65535), default=8080)
def up(up_port: int, **values: Any) -> int:
    """Start Airflow with its UI in the background."""
    from include.local.services import up

    return up(Options.of(**values), up_port)


@cli.command()
def down() -> int:
    """Stop Airflow and the warehouse's server."""
    from include.local.services import down

    return down(Layout.of())


@cli.command()
@variable("SQL")
def psql(sql: str | None) -> NoReturn:
    """Open a prompt as the analyst; SQL= or a pipe runs and ends."""
    from include.local.prompt import become_psql

    become_psql(Layout.of(), sql)


@cli.command()
@variable("QUERY")
def metrics(query: str | None) -> int:
    """List the governed metrics, or answer QUERY from the live marts."""
    from include.local.metrics import metrics

    return metrics(Layout.of(), query)


@cli.command()
@variable("FORGET_USER")
def forget_user(forget_user: str | None) -> int:
    """Erase one person's words and traces; what they did stays counted."""
    from include.local.people import forget

    return forget(Layout.of(), forget_user)


@cli.command()
@variable("BATCH", click.IntRange(min=1), required=True)
@variable("SPEED", default="max")
@variable("SCALE", click.IntRange(min=1), default=1)
@variable("FAULTS", default="")
@variable("SEED", int, default=1)
@variable("PORT", click.IntRange(0, 65535), default=0)
def replay(faults: str, **values: Any) -> int:
    """Serve pages that landed again, on loopback, until Ctrl-C."""
    from include.local.replay import replay

    return replay(Layout.of(), faults=[name for name in faults.split(",") if name], **values)


@cli.command()
def docs() -> int:
    """Make the dbt docs site."""
    from include.local import project

    airflow = _airflow(layout := Layout.of())
    environment = airflow.environment()
    project.make_manifest(layout, environment, airflow.warehouse)
    click.echo(f"docs, with lineage: {layout.shown(project.make_docs(layout, environment))}")
    return 0


@cli.command()
def manifest() -> int:
    """Parse the dbt project into dags/dbt/target."""
    from include.local import project

    click.echo(f"manifest: {Layout.of().shown(project.make_plain_manifest())}")
    return 0


@cli.command()
@variable("PIPELINE_PASSWORD")
@variable("ANALYST_PASSWORD")
def schema(**passwords: str) -> int:
    """Apply include/sql to WAREHOUSE_URL as its owner, or to the embedded warehouse."""
    from include.local import warehouse

    url = os.environ.get("WAREHOUSE_URL", "").strip()
    if url:
        session = warehouse.session_on(url)
        words = {name.removesuffix("_password"): word for name, word in passwords.items()}
    else:
        layout = Layout.of()
        warehouse.start_embedded(layout)
        session = warehouse.embedded_server(layout).connect("warehouse")
        # A role can change its own password; this sets that of the installation's files again.
        secrets = Secrets.of(layout)
        words = {"pipeline": secrets.pipeline, "analyst": secrets.analyst}
    with contextlib.closing(session):
        click.echo(f"applied: {', '.join(warehouse.make_warehouse(session, words))}")
    return 0


@cli.command()
@variable("CMD", default="debug")
def dbt(cmd: str) -> NoReturn:
    """Run dbt by hand on the warehouse, with the words of CMD."""
    from include.local import project

    airflow = _airflow(layout := Layout.of())
    words, environment = shlex.split(cmd), airflow.environment()
    if project.builds_for_all(words, environment):
        project.make_manifest(layout, environment, airflow.warehouse)
    project.dbt_by_hand(layout, environment, airflow.warehouse, words)


@cli.command()
@variable("PIPELINES", click.Choice(PIPELINES), default=IMDB)
def rollback(pipelines: str) -> int:
    """Put the marts before the last publish of one pipeline back, without Airflow."""
    from include.local.rollback import rollback

    return rollback(Layout.of(), pipelines)


@cli.command()
@variable("BACKUP", click.Path(path_type=Path, resolve_path=True))
def backup(backup: Path | None) -> int:
    """Write a backup of the embedded warehouse."""
    from include.local.backup import backup as write

    layout = Layout.of()
    path = write(layout, backup)
    click.echo(f"backup: {layout.shown(path)} ({path.stat().st_size / 1e6:.1f} MB)")
    return 0


@cli.command()
@variable("BACKUP", click.Path(path_type=Path, resolve_path=True), required=True)
@variable("FORCE", bool, is_flag=True)
def restore(backup: Path, force: bool) -> int:
    """Replace the embedded warehouse by that of a backup."""
    from include.local.backup import restore as read
    from include.local.run import one_command

    layout = Layout.of()
    layout.make()
    with one_command(layout):
        read(layout, backup, force=force)
    click.echo(f"restored {layout.shown(backup)}; the next build makes the rest from it")
    return 0


@cli.command()
@run_options
@variable("CMD", default="version")
def airflow(cmd: str, **values: Any) -> int:
    """Run Airflow's command line in this installation, with the words of CMD."""
    from include.local import project
    from include.local.sources.source import choose

    options = Options.of(**values)
    chosen = choose(options)
    layout = options.layout
    airflow = _airflow(layout)
    for source in chosen:
        source.require_loaded(airflow.warehouse)
    airflow.prepare()
    project.make_manifest(layout, airflow.environment(), airflow.warehouse)
    with contextlib.ExitStack() as servers:
        for source in chosen:
            source.make_ready()
        given = [servers.enter_context(source.served(by_hand=True)) for source in chosen]
        command = airflow.command(*shlex.split(cmd))
        environment = airflow.task_environment(*given)
        return subprocess.run(command, env=environment, cwd=REPOSITORY, check=False).returncode


def _airflow(layout: Layout) -> "Airflow":
    from include.local.airflow import Airflow
    from include.local.warehouse import open_warehouse

    layout.make()
    return Airflow(layout, open_warehouse(layout), api_port=Ports(layout).spare("api"))


@cli.command()
@variable("NAME")
def bench(name: str | None) -> NoReturn:
    """Run the benchmark bench/NAME.py, else all sections of ONLY, each on its own cluster."""
    if name and not (REPOSITORY / "bench" / f"{name}.py").is_file():
        raise LocalError(f"NAME={name}: there is no bench/{name}.py; without NAME, all run.")
    _become(f"bench.{name}" if name else "bench")


@cli.command()
def soak() -> NoReturn:
    """Run the soak test, in its own installations."""
    _become("bench.soak")


def _become(module: str) -> NoReturn:
    """Replace this process, so that Ctrl-C reaches `module` alone and it can clean up."""
    layout = Layout.of()
    layout.make()
    dropped = {"WAREHOUSE_URL", "ANALYST_URL", "LOCAL_DIR"}
    environment = {key: value for key, value in os.environ.items() if key not in dropped}
    environment["BENCH_DIR"] = str(layout.root / "bench")
    environment["PYTHONPATH"] = os.pathsep.join(map(str, (REPOSITORY, REPOSITORY / "dags")))
    os.chdir(REPOSITORY)
    os.execve(sys.executable, [sys.executable, "-m", module], environment)  # noqa: S606


@cli.command()
@variable("CHECK", click.Choice(["quick", "full"]), default="quick")
def doctor(check: str) -> int:
    """Look at machine, installation and warehouse; change nothing."""
    from include.local.doctor import doctor

    return doctor(os.environ, full=check == "full")


@cli.command()
def clean() -> int:
    """Stop everything and remove the installation, but no backup and no other file."""
    from include.local.services import clean

    return clean(Layout.of())


def main() -> int:
    """Run one verb; return the exit code."""
    own = own_environment(os.environ)
    os.environ.clear()
    os.environ.update(own)
    try:
        return cli.main(prog_name="include.local", standalone_mode=False) or 0
    except click.Abort:
        return 130
    except click.BadParameter as error:
        name = str(error.param.envvar) if error.param else ""
        given = os.environ.get(name)
        click.echo(f"{name}={given}: {error.message}" if given else str(error), err=True)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except LocalError as error:
        click.echo(str(error), err=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
