"""A source's dbt models as Airflow tasks: one dbt process builds all of them, one task each shows
how its model ended.

The task `build` of the group holds the build's session and runs `dbt build` once. Every model, seed
and snapshot has a task of its own, with its log and its state: it waits for what `build` reports of
the model and of its tests. A model's task builds the model itself where no such report can come: it
is run by hand (`airflow tasks test`), it was cleared alone, or dbt had skipped the model.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator, TaskGroup
from airflow.sdk.exceptions import AirflowFailException
from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import DbtResourceType, ExecutionMode, LoadMode, TestBehavior

from warehouse.builds.build_session import build_session
from warehouse.builds.project import DbtProject
from warehouse.database.connection import connected, for_dbt
from warehouse.errors import PipelineError
from warehouse.orchestration.connection import connection_string
from warehouse.orchestration.dbt_process import SKIPPED, SUCCESS, run_dbt_build
from warehouse.orchestration.failures import final_where_permanent, record_error
from warehouse.orchestration.lineage import note_model
from warehouse.orchestration.tasks import CHANGED

log = logging.getLogger(__name__)

PROJECT_DIR = Path(__file__).parents[2] / "dbt"
# Where the image keeps the manifest that it was built with; a folder mounted over dags/ hides the
# project's own target/.
MANIFEST_DIR_VARIABLE = "WAREHOUSE_DBT_TARGET_DIR"
LOCK_TIMEOUT_MINUTES = 15
BUILD = "build"
# How often a model's task asks for its result, in seconds, and every how many times it asks whether
# the task that builds is still there.
POLL_SECONDS, LOOKS_PER_STATE = 1.5, 5
_ENDED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})
_KINDS = (DbtResourceType.MODEL, DbtResourceType.SEED, DbtResourceType.SNAPSHOT)


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


def dbt_task_group(source: str) -> TaskGroup:
    """Return the task group `dbt` with the models of `source`.

    The task `changed` of the DAG hands over the build that it began. There are no retries: a failed
    data test fails again.
    """
    arguments: dict[str, Any] = {
        "source": source,
        "retries": 0,
        "execution_timeout": timedelta(hours=3),
    }
    group: TaskGroup = DbtTaskGroup(
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
        execution_config=ExecutionConfig(execution_mode=ExecutionMode.LOCAL),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_MANIFEST,
            select=[f"config.meta.source:{source}"],
            test_behavior=TestBehavior.BUILD,
            emit_datasets=False,
            normalize_task_id=_name,
            node_converters=dict.fromkeys(_KINDS, _model_tasks(arguments)),
        ),
    )
    with group:
        # First of all that wait for a worker: the tasks of the models wait for it.
        DbtBuild(
            task_id=BUILD,
            doc_md="Builds and tests all models in one dbt process. Their tasks show the results.",
            priority_weight=1000,
            weight_rule="absolute",
            **arguments,
        )
    return group


def _name(node: Any) -> str:
    """A model's task is called as the model is: `dbt.mart_top_titles`."""
    return str(node.name)


def _model_tasks(arguments: Mapping[str, Any]) -> Callable[..., "DbtModel | None"]:
    """Return what makes a node's task when Cosmos draws the graph."""

    def model_task(
        *, dag: Any, task_group: Any, node: Any, task_id: str, **_: Any
    ) -> "DbtModel | None":
        if node.has_ephemeral_materialization:
            return None
        return DbtModel(
            task_id=task_id,
            dag=dag,
            task_group=task_group,
            model=node.name,
            doc_md=f"`{node.original_file_path}`, a {node.resource_type.value} of the dbt project. "
            "The task `build` of this group builds it; this one shows how it and its tests ended.",
            **arguments,
        )

    return model_task


class DbtTask(BaseOperator):
    """What both kinds of tasks do: run dbt on models of a source in the session of its build."""

    ui_color = "#fff3ee"

    def __init__(self, *, source: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.source = source

    def begun(self, context: Any) -> dict[str, Any]:
        """Return the build that the run began; empty where a task is run by hand."""
        return dict(context["ti"].xcom_pull(task_ids=CHANGED) or {})

    def run_dbt(self, context: Any, select: str, report: Any) -> None:
        """Run `dbt build` on what `select` names, from the first to the last moment as the only
        builder of the source; `report(model, result)` is called for each model that ended."""
        begun, url = self.begun(context), connection_string()
        purpose = f"dbt {self.task_id.rpartition('.')[2]} {context['run_id']}"
        # A model by hand has the run's parameter only.
        full_refresh = begun.get("full_refresh", context["params"].get("full_refresh", False))
        with (
            final_where_permanent(),
            connected(url, purpose=purpose) as connection,
            build_session(
                connection,
                dbt_project(),
                source=self.source,
                dag_id=context["ti"].dag_id,
                run_id=context["run_id"],
                build_id=begun.get("build_id"),
            ) as build,
            dbt_environment(
                url,
                DBT_ENV_CUSTOM_ENV_RUN_ID=build.run_id,
                DBT_ENV_CUSTOM_ENV_DAG_ID=build.dag_id,
                DBT_ENV_CUSTOM_ENV_BUILD_ID=str(build.build_id),
                DBT_ENV_CUSTOM_ENV_LOAD_BOUND=str(build.state.load_id or 0),
            ),
        ):
            log.info("build %s: %s", build.build_id, build.reason)
            run_dbt_build(
                PROJECT_DIR, manifest_path(), select, full_refresh=full_refresh, report=report
            )


class DbtBuild(DbtTask):
    """Builds and tests all models of a source in one dbt process, and hands on each result.

    It is green when dbt worked to its end; which models failed, their own tasks say.
    """

    def execute(self, context: Any) -> None:
        """Run dbt; each result is an XCom with the model's name as its key."""
        ti = context["ti"]

        def report(model: str, result: dict[str, Any]) -> None:
            ti.xcom_push(key=model, value=result | {"try_number": ti.try_number})

        # With the models of the ledger and the logs, which all sources read.
        selected = f"config.meta.source:{self.source} config.meta.source:warehouse"
        self.run_dbt(context, selected, report)


class DbtModel(DbtTask):
    """Shows how its model and the model's tests ended in the dbt process of the task `build`."""

    def __init__(self, *, model: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.model = model

    def execute(self, context: Any) -> None:
        """Take the result over, or build the model where there is none for this try."""
        result = self._reported(context) if self.begun(context) else None
        if result is None:
            result = self._built(context)
        else:
            for line in result["lines"]:
                log.info(line)
        if result["status"] != SUCCESS:
            error = PipelineError(result["message"])
            record_error(error, context)
            raise AirflowFailException(str(error))
        log.info("%s: %s", self.model, result["message"])
        note_model(manifest_path(), self.model)

    def _reported(self, context: Any) -> dict[str, Any] | None:
        """Wait for the result; None where this task has to build the model itself."""
        ti, looks = context["ti"], 0
        builder = f"{self.task_id.rpartition('.')[0]}.{BUILD}"
        while True:
            result = ti.xcom_pull(task_ids=builder, key=self.model)
            if result and result["try_number"] >= ti.try_number and result["status"] != SKIPPED:
                return dict(result)
            state = self._state_of(builder, context) if looks % LOOKS_PER_STATE == 0 else None
            if state in _ENDED:
                # What a task that has ended reported is all there.
                result = result or ti.xcom_pull(task_ids=builder, key=self.model)
                if result is None:
                    raise AirflowFailException(
                        f"{self.model}: the task {builder} ended before dbt had finished this "
                        f"model. Its log says why. Clear {builder} and all that follows it."
                    )
                if result["try_number"] < ti.try_number or result["status"] == SKIPPED:
                    return None
                continue
            looks += 1
            time.sleep(POLL_SECONDS)

    def _state_of(self, task_id: str, context: Any) -> str | None:
        run_id, ti = context["run_id"], context["ti"]
        states = ti.get_task_states(dag_id=ti.dag_id, task_ids=[task_id], run_ids=[run_id])
        state = states.get(run_id, {}).get(task_id)
        return None if state is None else str(state)

    def _built(self, context: Any) -> dict[str, Any]:
        found: dict[str, dict[str, Any]] = {}
        self.run_dbt(context, self.model, found.__setitem__)
        if self.model not in found:
            raise AirflowFailException(f"{self.model}: dbt did not build it, see the lines above.")
        return found[self.model]


@contextmanager
def dbt_environment(url: str, **more: str) -> Iterator[None]:
    """Give dbt in this very process the warehouse at `url`, as its profile reads it.

    Airflow stores the fields of an operator with the rendered templates; these it does not see.
    """
    before, found = dict(os.environ), for_dbt(url)
    # A reader who forgot to end a transaction must not hold up the build without limit.
    options = f"{found.get('PGOPTIONS', '')} -c lock_timeout={LOCK_TIMEOUT_MINUTES}min".strip()
    os.environ.update({**found, "PGOPTIONS": options, "DO_NOT_TRACK": "1", **more})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
