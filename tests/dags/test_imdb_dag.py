"""The DAG is the picture in the README, and parses to the same thing every time."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from imdb_pipeline.config import DATASET_NAMES, DATASETS

ROOT = Path(__file__).parents[2]

MODELS = {
    "stg_title_basics",
    "stg_name_basics",
    "stg_title_crew_directors",
    "stg_title_crew_writers",
    "stg_title_episode",
    "stg_title_principals",
    "stg_title_ratings",
    "stg_title_akas",
    "stg_imdb__rating_changes",
    "int_genre_ratings",
    "int_reference_year",
    "int_title_hierarchies",
    "int_person_credits",
    "mart_top_titles",
    "mart_title_genre_ranks",
    "mart_person_career",
    "mart_person_titles",
    "mart_genre_analytics",
    "mart_genre_by_decade",
    "mart_series_analytics",
    "mart_season_analytics",
    "mart_episode_ratings",
    "mart_title_search",
    "mart_rating_history",
    "mart_rating_movers",
    "mart_load_quality",
}
SEEDS = {
    "genre_decisions",
    "label_thresholds",
    "role_families",
    "thresholds",
    "title_types",
    "type_groups",
}


def upstream_of(dag: Any, task_id: str) -> set[str]:
    return {task.task_id for task in dag.get_task(task_id).get_flat_relatives(upstream=True)}


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)
def test_each_load_waits_for_its_own_download_only(dag: Any, dataset: Any) -> None:
    assert dag.get_task(f"load.{dataset.slug}").upstream_task_ids == {f"download.{dataset.slug}"}
    assert dag.get_task(f"download.{dataset.slug}").upstream_task_ids == set()


def test_what_changed_is_asked_after_all_loads(dag: Any) -> None:
    assert dag.get_task("changed").upstream_task_ids == {
        f"load.{dataset.slug}" for dataset in DATASETS
    }


def test_every_model_is_a_task_of_the_dbt_group_behind_the_question(dag: Any) -> None:
    tasks = [task for task in dag.tasks if task.task_id.startswith("dbt.")]
    assert {task.task_id for task in tasks} == {
        f"dbt.{name}" for name in MODELS | SEEDS | {"build"}
    }
    assert all("changed" in upstream_of(dag, task.task_id) for task in tasks)


def test_models_run_in_parallel_where_they_do_not_read_each_other(dag: Any) -> None:
    staging = [task for task in dag.tasks if task.task_id.startswith("dbt.stg_")]
    assert len(staging) == 9
    for task in staging:
        assert not {other for other in upstream_of(dag, task.task_id) if ".stg_" in other}


def test_publish_waits_for_every_dbt_task_and_report_for_every_task(dag: Any) -> None:
    """For each one itself: behind a failed task `all_done` looks no further up. `changed` must not
    be before it: on a quiet day it skips all that follows directly."""
    dbt = {task.task_id for task in dag.tasks if task.task_id.startswith("dbt.")}
    assert dbt <= upstream_of(dag, "publish")
    assert dag.get_task("report").downstream_task_ids == set()
    others = {task.task_id for task in dag.tasks} - {"report", "changed"}
    assert "changed" in set.union(*(dag.get_task(task).upstream_task_ids for task in dbt))
    assert dag.get_task("report").upstream_task_ids == others


def test_the_task_that_builds_gets_a_worker_before_the_tasks_that_wait_for_it(dag: Any) -> None:
    """Else the waiting ones could have all workers."""
    build = dag.get_task("dbt.build")
    # By default a task weighs one more than the number of the tasks behind it.
    assert build.weight_rule == "absolute"
    assert build.priority_weight > len(dag.tasks)


def test_rollback_and_docs_are_dags_of_their_own(bag: Any) -> None:
    assert set(bag.dags) == {"imdb_pipeline", "imdb_rollback", "imdb_docs"}
    assert bag.dags["imdb_rollback"].task_ids == ["rollback"]
    assert bag.dags["imdb_rollback"].schedule is None
    (asset,) = bag.dags["imdb_docs"].schedule
    assert asset.uri == "x-warehouse://imdb/marts"


def test_every_dag_and_task_says_what_it_is_for_and_whose_it_is(bag: Any) -> None:
    for dag in bag.dags.values():
        assert dag.description, dag.dag_id
        assert dag.doc_md, dag.dag_id
        assert {"imdb", "warehouse"} <= dag.tags
        for task in dag.tasks:
            assert task.doc_md, task.task_id
            assert task.owner == "warehouse", task.task_id


def test_assets_show_the_way_from_raw_to_the_published_marts(bag: Any) -> None:
    dag = bag.dags["imdb_pipeline"]
    for dataset in DATASETS:
        outlets = dag.get_task(f"load.{dataset.slug}").outlets
        assert [asset.name for asset in outlets] == ["imdb_raw"]
    publish, report = dag.get_task("publish"), dag.get_task("report")
    assert [asset.name for asset in publish.inlets] == ["imdb_raw"]
    assert [asset.name for asset in publish.outlets] == ["imdb_marts"]
    assert [asset.name for asset in report.inlets] == ["imdb_marts"]
    assert [asset.name for asset in report.outlets] == ["imdb_warehouse"]


def test_the_report_runs_whatever_happened_and_a_failed_dbt_task_stops_the_publish(
    dag: Any,
) -> None:
    assert dag.get_task("report").trigger_rule == "all_done"
    assert dag.get_task("publish").trigger_rule == "none_failed_min_one_success"
    assert dag.get_task("changed").trigger_rule == "none_failed"


def test_every_failed_task_leaves_its_message_and_the_report_tells_the_webhook(dag: Any) -> None:
    policies = {task.task_id: type(task.retry_policy).__name__ for task in dag.tasks}
    assert set(policies.values()) == {"RecordError"}
    told_by = {
        task.task_id: [callback.__name__ for callback in task.on_failure_callback]
        for task in dag.tasks
        if task.on_failure_callback
    }
    assert told_by == {"report": ["alert_when_red"]}
    assert dag.on_failure_callback is None


def test_retries_are_where_a_fault_can_pass_and_nowhere_else(dag: Any) -> None:
    retried = {task.task_id for task in dag.tasks if task.retries}
    assert retried == {"changed", "publish", "report"} | {
        f"{step}.{dataset.slug}" for step in ("download", "load") for dataset in DATASETS
    }
    assert not {task for task in retried if task.startswith("dbt.")}


def test_nothing_may_take_for_ever(dag: Any) -> None:
    """By each task's timeout. One of the run would make a scheduler skip the task of `airflow tasks
    test … 2026-01-01`, whose run is taken to have begun on that day."""
    assert [task.task_id for task in dag.tasks if task.execution_timeout is None] == []
    assert dag.dagrun_timeout is None


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)
def test_each_dataset_has_its_own_timeout(dag: Any, dataset: Any) -> None:
    for step in ("download", "load"):
        assert dag.get_task(f"{step}.{dataset.slug}").execution_timeout == dataset.timeout


def test_one_run_at_a_time_every_day_without_catching_up(dag: Any) -> None:
    assert dag.max_active_runs == 1
    assert dag.catchup is False
    assert dag.schedule == "@daily"


def test_parameters_have_their_defaults_and_refuse_unknown_datasets(dag: Any) -> None:
    assert dag.params.dump() == {
        "datasets": list(DATASET_NAMES),
        "accept_shrink": [],
        "accept_older": [],
        "force_download": False,
        "force_transform": False,
        "full_refresh": False,
    }
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError, match=r"title\.nonsense"):
        dag.params.get_param("datasets").resolve(["title.nonsense"])


def test_ten_parses_give_one_version(dag_environment: dict[str, str]) -> None:
    script = (
        "import json\n"
        "from airflow.dag_processing.dagbag import DagBag\n"
        "from airflow.models.serialized_dag import SerializedDagModel\n"
        "from airflow.serialization.serialized_objects import DagSerialization\n"
        f"path = {str(ROOT / 'dags' / 'imdb_dag.py')!r}\n"
        "dags = [DagBag(path).dags['imdb_pipeline'] for _ in range(5)]\n"
        "print(json.dumps([SerializedDagModel.hash(DagSerialization.to_dict(d)) for d in dags]))\n"
    )
    hashes = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", script],
            env=dag_environment,
            check=True,
            capture_output=True,
            text=True,
        )
        hashes += json.loads(done.stdout.splitlines()[-1])
    assert len(hashes) == 10
    assert len(set(hashes)) == 1


def test_the_ingestion_core_works_without_airflow(dag_environment: dict[str, str]) -> None:
    script = (
        "import sys\n"
        "import imdb_pipeline.downloader, imdb_pipeline.loader, warehouse.runs.summary\n"
        "import warehouse.builds.publish\n"
        "sys.exit([name for name in sys.modules if name.split('.')[0] == 'airflow'] or None)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=dag_environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_without_a_manifest_the_import_error_says_how_to_make_one(
    dag_environment: dict[str, str], tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "dags" / "warehouse", tmp_path / "warehouse")
    done = subprocess.run(
        [sys.executable, "-c", "from warehouse.orchestration.dbt import manifest_path as m; m()"],
        env=dag_environment
        | {
            "PYTHONPATH": str(tmp_path),
            "WAREHOUSE_DBT_TARGET_DIR": "/nowhere",
        },
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode != 0
    assert "make manifest" in done.stderr
