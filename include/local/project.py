"""The dbt project of the local run: its manifest, its docs, and which models read which dataset."""

import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn, cast

import click

from include.local.layout import (
    REPOSITORY,
    Layout,
    LocalError,
    locked,
    read_json,
    read_text,
    run_logged,
    write_private,
)
from include.local.warehouse import Warehouse
from warehouse.builds.build_session import build_session
from warehouse.builds.project import DbtProject, project_sha256
from warehouse.database.connection import connected
from warehouse.errors import PipelineError

PROJECT = REPOSITORY / "dags" / "dbt"
_WRITES = frozenset({"build", "clone", "run", "run-operation", "seed", "snapshot", "test"})


def make_manifest(layout: Layout, environment: Mapping[str, str], warehouse: Warehouse) -> bool:
    """Parse the project for this installation where it changed; return whether it was parsed.

    The manifest is what the DAG is drawn from. The partial parse beside it is what a dbt process
    begins with; it holds for one connection only.
    """
    stamp = layout.dbt / "stamp"
    parts = {**warehouse.parts, "WAREHOUSE_PASSWORD": "", "project": project_sha256(PROJECT)}
    wanted = json.dumps(parts, sort_keys=True)
    fresh = read_text(stamp) == wanted
    if not fresh:
        layout.dbt.mkdir(parents=True, exist_ok=True)
        stamp.unlink(missing_ok=True)
        dbt(["parse"], layout.dbt, environment, layout.logs / "dbt-parse.log")
        write_private(stamp, wanted)
    # The newest of several wins.
    (layout.dbt / "manifest.json").touch()
    return not fresh


def make_plain_manifest() -> Path:
    """Parse the project into dags/dbt/target, as the tests and Airflow by hand read it."""
    target = PROJECT / "target"
    target.mkdir(exist_ok=True)
    with locked(target / ".lock"):
        dbt(["parse"], target, os.environ, target / "parse.log")
    return target / "manifest.json"


def make_docs(layout: Layout, environment: Mapping[str, str]) -> Path:
    """Make the docs site of what is published, one file with everything in it; return it."""
    target = layout.docs / "target"
    target.mkdir(parents=True, exist_ok=True)
    log = layout.logs / "dbt-docs.log"
    dbt(["docs", "generate", "--static"], target, environment, log, profile_target="published")
    page = layout.docs / "index.html"
    shutil.copyfile(target / "static_index.html", page)
    return page


def dbt(
    command: Sequence[str],
    target: Path,
    environment: Mapping[str, str],
    log: Path,
    *,
    profile_target: str = "prod",
) -> None:
    """Run dbt on the project. Raises LocalError with the end of its output."""
    program = str(Path(sys.executable).with_name("dbt"))
    line = [program, *command, "--profile", "film_warehouse", "--target", profile_target]
    switches = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "False", "DO_NOT_TRACK": "1"}
    env = {**environment, **switches, **_folders(target)}
    run_logged(line, log, f"dbt {command[0]}", env, cwd=PROJECT)


def dbt_by_hand(
    layout: Layout, environment: Mapping[str, str], warehouse: Warehouse, words: Sequence[str]
) -> NoReturn:
    """Run dbt with `words` in this process, its output on the terminal, to the process' end.

    The target is `dev` where none is named: what is tried by hand is not published. With the
    target `prod` it is a build of its own, which takes its turn as a run does. Raises LocalError
    where it is not its turn.
    """
    target = layout.dbt / "by-hand"
    target.mkdir(parents=True, exist_ok=True)
    environment = {"DBT_TARGET": "dev", **environment, **_folders(target)}
    with ExitStack() as stack:
        if builds_for_all(words, environment):
            try:
                environment |= _begin_by_hand(stack, dbt_project(layout), warehouse, words[0])
            except PipelineError as error:
                raise LocalError(str(error)) from error
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(REPOSITORY)
        _dbt_cli()(words, prog_name="dbt")
    raise SystemExit


def _begin_by_hand(
    stack: ExitStack, project: DbtProject, warehouse: Warehouse, command: str
) -> dict[str, str]:
    """Hold the turns of all sources until `stack` ends; return what dbt has to know of it."""
    run_id = f"make dbt {datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    builds = []
    for source in project.sources():
        purpose = f"make dbt {command} ({source})"
        connection = stack.enter_context(connected(warehouse.url, purpose=purpose))
        builds.append(
            stack.enter_context(
                build_session(
                    connection,
                    project,
                    source=source,
                    dag_id="manual",
                    run_id=run_id,
                    patience=0.0,
                )
            )
        )
    return {
        "DBT_ENV_CUSTOM_ENV_RUN_ID": run_id,
        "DBT_ENV_CUSTOM_ENV_LOAD_BOUND": str(max(build.state.load_id for build in builds)),
        # A model of one source of several does not say which build it is of.
        **({"DBT_ENV_CUSTOM_ENV_BUILD_ID": str(builds[0].build_id)} if len(builds) == 1 else {}),
    }


def dbt_project(layout: Layout) -> DbtProject:
    """Return the project with the manifest of this installation."""
    return DbtProject(PROJECT, layout.dbt / "manifest.json")


def builds_for_all(words: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Return whether dbt with `words` writes where the pipeline does: target prod.

    dbt's own parser reads the words. Raises LocalError for what is never right there, and what
    dbt's parser raises.
    """
    dbt_group = _dbt_cli()
    folders = {"profiles_dir": str(PROJECT), "project_dir": str(PROJECT)}
    outer = dbt_group.make_context("dbt", [*words], default_map=folders)
    name, command, rest = dbt_group.resolve_command(outer, [*outer._protected_args, *outer.args])
    if name is None or command is None:
        return False
    options = command.make_context(name, rest, parent=outer, default_map=folders).params
    target = options.get("target") or outer.params.get("target") or environment.get("DBT_TARGET")
    if name == "retry":
        raise LocalError("dbt retry would repeat a command with its target: repeat it in full.")
    if target == "prod" and (options.get("empty") or options.get("sample")):
        raise LocalError(
            "--empty and --sample leave rows out, and the next run would publish such tables: "
            "leave the option out, or use the target dev."
        )
    return target == "prod" and name in _WRITES


def _dbt_cli() -> click.Group:
    from dbt.cli.main import cli  # noqa: PLC0415 - takes seconds

    return cast("click.Group", cli)


def _folders(target: Path) -> dict[str, str]:
    return {
        "DBT_PROJECT_DIR": str(PROJECT), "DBT_PROFILES_DIR": str(PROJECT),
        "DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": str(target / "logs"),
    }  # fmt: skip


def models_over(manifest: Mapping[str, Any], tables: Iterable[str]) -> list[str]:
    """Return the models that read the raw `tables`, directly or through others, by name."""
    nodes, sources, children = (
        manifest.get(key, {}) for key in ("nodes", "sources", "child_map")
    )  # fmt: skip
    wanted = set(tables)
    waiting = [key for key, source in sources.items() if source.get("identifier") in wanted]
    seen: set[str] = set()
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in seen and str(child).startswith("model."):
                seen.add(child)
                waiting.append(child)
    return sorted(nodes[key]["name"] for key in seen if key in nodes)


def load_manifest(layout: Layout) -> dict[str, Any]:
    """Return the manifest of this installation, empty where there is none."""
    return read_json(layout.dbt / "manifest.json")
