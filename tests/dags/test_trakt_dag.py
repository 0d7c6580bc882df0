"""The DAGs of Trakt are the picture in their file; a step that is skipped skips no other."""

from typing import Any

import pytest

ASKED = ("feeds.recent", "feeds.updates", "backfill", "rescan", "deletions")


@pytest.fixture(scope="module")
def dag(trakt_bag: Any) -> Any:
    return trakt_bag.dags["trakt_pipeline"]


def before(dag: Any, task_id: str) -> set[str]:
    found: set[str] = dag.get_task(task_id).upstream_task_ids
    return found


def test_trakt_is_asked_step_by_step_and_then_the_models_are_built(dag: Any) -> None:
    assert before(dag, ASKED[0]) == set()
    for earlier, later in zip(ASKED, (*ASKED[1:], "changed"), strict=True):
        assert before(dag, later) == {earlier}
    assert before(dag, "service_levels") == {"deletions"}


def test_a_publish_is_announced(dag: Any) -> None:
    for task_id in ("announce.comments", "announce.titles"):
        assert before(dag, task_id) == {"publish"}
    assert before(dag, "report") == {task.task_id for task in dag.tasks} - {"changed", "report"}


def test_old_words_go_whatever_becomes_of_the_run(dag: Any) -> None:
    assert before(dag, "prune") == {"deletions"}
    assert dag.get_task("prune").trigger_rule == "all_done"


def test_a_run_without_ingest_or_with_a_paused_backfill_reaches_the_models(dag: Any) -> None:
    for task_id in (*ASKED[1:], "changed"):
        assert dag.get_task(task_id).trigger_rule == "none_failed"


def test_it_runs_once_a_day_and_one_run_at_a_time(trakt_bag: Any, dag: Any) -> None:
    assert dag.schedule == "0 5 * * *"
    assert trakt_bag.dags["trakt_backfill"].schedule is None
    for each in (dag, trakt_bag.dags["trakt_backfill"]):
        assert each.max_active_runs == 1
        assert not each.catchup


def test_parameters_have_defaults_for_a_daily_run_and_for_a_large_backfill(
    trakt_bag: Any, dag: Any
) -> None:
    assert {name: dag.params[name] for name in dag.params} == {
        "backfill": 100,
        "ingest": True,
        "full_refresh": False,
        "force_transform": False,
    }
    large = trakt_bag.dags["trakt_backfill"]
    assert {name: large.params[name] for name in large.params} == {"backfill": 10_000}
    assert large.params.get_param("backfill").schema["minimum"] == 0
    assert large.task_ids == ["backfill"]


def test_faults_that_pass_are_tried_again_where_the_api_is_asked(dag: Any) -> None:
    retried = {task.task_id for task in dag.tasks if task.retries}
    assert set(ASKED) <= retried
    assert not {task_id for task_id in retried if task_id.startswith("dbt.")}


def test_assets_show_what_changed(dag: Any) -> None:
    outlets = {
        task.task_id: [asset.name for asset in task.outlets] for task in dag.tasks if task.outlets
    }
    assert outlets == {
        **{task_id: ["trakt_raw"] for task_id in ASKED},
        "publish": ["trakt_marts"],
        "announce.comments": ["trakt_comments"],
        "announce.titles": ["trakt_titles"],
        "report": ["trakt_warehouse"],
    }


def test_rollback_and_docs_are_dags_of_their_own(trakt_bag: Any) -> None:
    assert set(trakt_bag.dags) == {
        *("trakt_pipeline", "trakt_backfill", "trakt_rollback", "trakt_docs")
    }
    (asset,) = trakt_bag.dags["trakt_docs"].schedule
    assert asset.uri == "x-warehouse://trakt/marts"


def test_every_dag_and_task_says_what_it_is_for_and_whose_it_is(trakt_bag: Any) -> None:
    for each in trakt_bag.dags.values():
        assert each.description, each.dag_id
        assert each.doc_md, each.dag_id
        assert {"trakt", "warehouse"} <= each.tags
        for task in each.tasks:
            assert task.doc_md, task.task_id
            assert task.owner == "warehouse", task.task_id
            assert type(task.retry_policy).__name__ == "RecordError"
