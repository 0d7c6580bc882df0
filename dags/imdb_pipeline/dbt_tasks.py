"""The dbt project as a group of Airflow tasks, one per model with its tests, made by Cosmos."""

import os
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import ExecutionMode, InvocationMode, LoadMode, TestBehavior

from warehouse.builds.builds import build_session
from warehouse.builds.project import DbtProject
from warehouse.database.connection import connected, for_dbt
from warehouse.orchestration.connection import connection_string

PROJECT_DIR = Path(__file__).parents[1] / "dbt"
# Where the image keeps the manifest that it was built with; a folder mounted over dags/ hides the
# project's own target/.
MANIFEST_DIR_VARIABLE = "IMDB_DBT_TARGET_DIR"


LOCK_TIMEOUT_MINUTES = 15
# As `changed` decided; a model run by hand (`airflow tasks test`) has no such decision.
_FULL_REFRESH = (
    "{{ (ti.xcom_pull(task_ids='changed') or {}).get('full_refresh', params.full_refresh) }}"
)


def manifest_path() -> Path:
    """Return the newest manifest: that of the project, or that of the image.

    Raises `FileNotFoundError` saying how to make one.
    """
    folders = [PROJECT_DIR / "target", Path(os.environ.get(MANIFEST_DIR_VARIABLE, "/nowhere"))]
    found = [path for path in (folder / "manifest.json" for folder in folders) if path.is_file()]
    if not found:
        raise FileNotFoundError(
            f"no dbt manifest in {' or '.join(map(str, folders))}: run `make manifest`, or build "
            "the image again"
        )
    return max(found, key=lambda path: path.stat().st_mtime)


def dbt_project() -> DbtProject:
    """Return the dbt project of this deployment with its newest manifest."""
    return DbtProject(PROJECT_DIR, manifest_path())


# Until one dbt process builds all models: each model's task holds the turn one after the other.
_turn = ExitStack()


def hand_over_connection(context: Any, operator: Any) -> None:
    """Give dbt the connection `warehouse` and the run's id, as its profile reads them.

    Called by Cosmos right before dbt starts in this very process. Not through the operator's `env`:
    Airflow stores that with the rendered templates.
    """
    url, run_id = connection_string(), context["run_id"]
    begun = context["ti"].xcom_pull(task_ids="changed") or {}
    _turn.close()
    connection = _turn.enter_context(connected(url, purpose=f"dbt {operator.task_id} {run_id}"))
    build = _turn.enter_context(
        build_session(
            connection,
            dbt_project(),
            source="imdb",
            dag_id=context["ti"].dag_id,
            run_id=run_id,
            build_id=begun.get("build_id"),
            patience=3600,
        )
    )
    environment = for_dbt(url)
    os.environ.update(
        environment,
        DBT_ENV_CUSTOM_ENV_DAG_ID=context["ti"].dag_id,
        DBT_ENV_CUSTOM_ENV_RUN_ID=run_id,
        DBT_ENV_CUSTOM_ENV_BUILD_ID=str(build.build_id),
        DO_NOT_TRACK="1",
        # A reader who forgot to end a transaction must not hold up the build for ever.
        PGOPTIONS=f"{environment.get('PGOPTIONS', '')} -c lock_timeout={LOCK_TIMEOUT_MINUTES}min",
    )


def _name(node: Any) -> str:
    """A model's task is called as the model is: `dbt.mart_top_titles`."""
    return str(node.name)


def dbt_task_group() -> DbtTaskGroup:
    """Return the task group `dbt`: seeds, staging, intermediate and marts with their tests.

    No retries: a failed data test fails again.
    """
    return DbtTaskGroup(
        group_id="dbt",
        project_config=ProjectConfig(
            dbt_project_path=PROJECT_DIR,
            manifest_path=manifest_path(),
            install_dbt_deps=False,
        ),
        profile_config=ProfileConfig(
            profile_name="film_warehouse",
            target_name="prod",
            profiles_yml_filepath=PROJECT_DIR / "profiles.yml",
        ),
        execution_config=ExecutionConfig(
            execution_mode=ExecutionMode.LOCAL, invocation_mode=InvocationMode.DBT_RUNNER
        ),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_MANIFEST,
            test_behavior=TestBehavior.BUILD,
            emit_datasets=False,
            normalize_task_id=_name,
            normalize_task_display_name=_name,
            # What is no task: the hook that runs with every dbt command, queries, documentation.
            exclude=[f"resource_type:{kind}" for kind in ("operation", "analysis", "exposure")],
        ),
        operator_args={
            "full_refresh": _FULL_REFRESH,
            # A test runs with the last of its models, when all that it reads is built; the others
            # would each cost a dbt process of their own. Unit tests belong to `make test`.
            "indirect_selection": "buildable",
            "dbt_cmd_flags": ["--exclude-resource-type", "unit_test"],
            "interceptors": [hand_over_connection],
        },
        default_args={"retries": 0, "execution_timeout": timedelta(hours=3)},
    )
