"""The DAG of TMDb is the picture in its file, and shares with IMDb's what is no source's own."""

from typing import Any

import pytest

from tmdb_pipeline.config import KIND_NAMES, KINDS

LISTS = {f"lists.{kind}" for kind in KIND_NAMES}
DETAILS = {f"details.{kind}" for kind in KIND_NAMES}
GROUPS = {f"announce.{kind.group}" for kind in KINDS}


@pytest.fixture(scope="module")
def dag(tmdb_bag: Any) -> Any:
    return tmdb_bag.dags["tmdb_pipeline"]


def before(dag: Any, task_id: str) -> set[str]:
    found: set[str] = dag.get_task(task_id).upstream_task_ids
    return found


def test_pages_are_read_beside_each_other_and_planned_together(dag: Any) -> None:
    for task_id in ("genres", "changes", *LISTS):
        assert before(dag, task_id) == set()
    assert before(dag, "plan") == {"genres", "changes", *LISTS}


def test_people_are_asked_for_after_the_titles_that_name_them(dag: Any) -> None:
    assert before(dag, "details.movie") == before(dag, "details.tv") == {"plan"}
    assert before(dag, "details.person") == {"plan", "details.movie", "details.tv"}
    assert before(dag, "changed") == {"details.person"}


def test_what_plan_skips_are_the_details_and_nothing_else(dag: Any) -> None:
    """Where nothing is due, what comes directly after it is skipped."""
    assert dag.get_task("plan").downstream_task_ids == DETAILS
    assert dag.get_task("plan").ignore_downstream_trigger_rules is False


def test_a_publish_is_told_and_old_bodies_go_after_it(dag: Any) -> None:
    for task_id in (*GROUPS, "links", "prune"):
        assert before(dag, task_id) == {"publish"}
    # A task that skips what comes directly after it must not skip the report.
    assert before(dag, "report") == {task.task_id for task in dag.tasks} - {
        *("changed", "plan", "report"),
    }


def test_a_run_without_ingest_or_with_some_kinds_reaches_the_models(dag: Any) -> None:
    """A task that is skipped must not skip what comes after it."""
    for task_id in ("plan", "changed", *DETAILS):
        assert dag.get_task(task_id).trigger_rule == "none_failed"


def test_it_runs_once_a_day_and_one_run_at_a_time(dag: Any) -> None:
    assert dag.schedule == "0 6 * * *"
    assert dag.max_active_runs == 1
    assert not dag.catchup


def test_parameters_have_the_bounds_of_the_api(dag: Any) -> None:
    pages = dag.params.get_param("pages").schema
    assert (pages["minimum"], pages["maximum"]) == (1, 500)
    defaults = {name: dag.params[name] for name in dag.params}
    assert defaults == {
        "pages": 20,
        "kinds": list(KIND_NAMES),
        "ingest": True,
        "dry_run": False,
        "full_refresh": False,
        "force_transform": False,
    }


def test_faults_that_pass_are_tried_again_where_the_api_is_asked(dag: Any) -> None:
    retried = {task.task_id for task in dag.tasks if task.retries}
    assert {"genres", "changes", "plan", *LISTS, *DETAILS} <= retried
    assert not {task_id for task_id in retried if task_id.startswith("dbt.")}


def test_assets_tell_what_changed(dag: Any) -> None:
    outlets = {
        task.task_id: [asset.name for asset in task.outlets] for task in dag.tasks if task.outlets
    }
    assert outlets == {
        **{task_id: ["tmdb_raw"] for task_id in ("genres", "changes", *LISTS, *DETAILS)},
        "publish": ["tmdb_marts"],
        "announce.films": ["tmdb_films"],
        "announce.shows": ["tmdb_shows"],
        "announce.people": ["tmdb_people"],
        "report": ["tmdb_warehouse"],
    }


def test_rollback_and_docs_are_dags_of_their_own(tmdb_bag: Any) -> None:
    assert set(tmdb_bag.dags) == {"tmdb_pipeline", "tmdb_rollback", "tmdb_docs"}
    assert tmdb_bag.dags["tmdb_rollback"].task_ids == ["rollback"]
    (asset,) = tmdb_bag.dags["tmdb_docs"].schedule
    assert asset.uri == "x-warehouse://tmdb/marts"


def test_every_dag_and_task_says_what_it_is_for_and_whose_it_is(tmdb_bag: Any) -> None:
    for each in tmdb_bag.dags.values():
        assert each.description, each.dag_id
        assert each.doc_md, each.dag_id
        assert {"tmdb", "warehouse"} <= each.tags
        for task in each.tasks:
            assert task.doc_md, task.task_id
            assert task.owner == "warehouse", task.task_id
            assert type(task.retry_policy).__name__ == "RecordError"
