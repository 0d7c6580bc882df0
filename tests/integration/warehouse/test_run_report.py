"""The report of a run: what the tasks, the models and the tests did, as meta.run_log keeps it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from imdb_pipeline.config import DATASET_NAMES, DATASETS
from tests.support.postgres import Database
from warehouse.errors import PermanentError
from warehouse.runs.retention import days_to_keep, prune
from warehouse.runs.run_log import FailingTest, RunSummary, dbt_figures, record_run
from warehouse.runs.summary import summarize, summary_lines

STARTED = datetime(2031, 6, 2, 5, 0, tzinfo=UTC)
FINISHED = STARTED + timedelta(seconds=61.5)
STEPS = {each.name: [f"download.{each.slug}", f"load.{each.slug}"] for each in DATASETS}
GREEN: dict[str, str | None] = {
    **{
        f"{step}.{dataset.slug}": "success" for dataset in DATASETS for step in ("download", "load")
    },
    "dbt.stg_title_crew.run": "success",
    "publish": "success",
}
FIGURES: dict[str, dict[str, object]] = {
    "title.crew": {
        "download": "downloaded", "bytes": 9, "download_seconds": 0.5, "status": "loaded",
        "rows": 4, "rows_inserted": 1, "rows_updated": 2, "rows_deleted": 3, "load_seconds": 0.25,
    }
}  # fmt: skip


def summary(
    database: Database,
    states: dict[str, str | None] = GREEN,
    figures: dict[str, dict[str, object]] = FIGURES,
    *,
    dag_id: str = "imdb_pipeline",
    build_id: int | None = 1,
) -> RunSummary:
    with database.session() as session, session.cursor() as cursor:
        return summarize(
            cursor,
            dag_id=dag_id,
            run_id="run",
            build_id=build_id,
            started_at=STARTED,
            finished_at=FINISHED,
            states=states,
            steps=STEPS,
            figures=figures,
        )


# Two builds were published a year ago and one before; the newest build began today.
YEARS_OF_RECORDS = """
    insert into meta.build_log
        (source, dag_id, run_id, load_id, project_sha256, reason, from_nothing)
    select 'imdb', 'dag', 'run ' || n, n, 'abc', 'a test wants it', false
    from generate_series(1, 4) as n;
    insert into meta.publish_log (source, dag_id, run_id, build_id, load_id, project_sha256)
    select 'imdb', 'dag', 'run ' || n, n, n, 'abc' from generate_series(1, 3) as n;
    insert into meta.model_log (
        dag_id, run_id, build_id, invocation_id, model, resource_type, status, seconds, finished_at
    )
    select 'dag', 'run ' || n, n, 'i', 'mart_one', 'model', 'success', 1,
        now() - make_interval(days => case n when 4 then 1 else 400 end)
    from generate_series(1, 4) as n
    union all
    select 'manual', 'manual', null, 'i', 'mart_one', 'model', 'success', 1,
        now() - make_interval(days => day)
    from unnest(array[10, 89, 91, 500]) as day;
    insert into meta.test_log (
        dag_id, run_id, build_id, invocation_id, test, resource_type, severity, status,
        failures_table, seconds, finished_at
    )
    select dag_id, run_id, build_id, 'i', 'test', 'test', 'warn', 'warn',
        'quality.of_' || coalesce('build_' || build_id, case
            when finished_at < now() - interval '90 days' then 'old' else 'new'
        end), 1, finished_at
    from meta.model_log;
    create table quality.of_build_1 (); create table quality.of_build_3 ();
    create table quality.of_new (); create table quality.of_none ();
    create table quality.of_old (n int);
    create view meta.reads_it as select * from quality.of_old;
    insert into meta.run_log (dag_id, run_id, state, started_at, finished_at, summary)
    select 'dag', 'run ' || day, 'success', now(), now() - make_interval(days => day), '{}'
    from unnest(array[1, 89, 91]) as day;
    insert into meta.load_log (
        source, dataset, rows, rows_inserted, rows_updated, rows_deleted, seconds, dag_id, run_id,
        loaded_at
    )
    select 'imdb', dataset, 1, 1, 0, 0, 1, 'dag', 'run', now() - make_interval(days => day)
    from (values ('title.crew', 70), ('title.basics', 5)) as loads (dataset, n)
    cross join lateral generate_series(n + 95, 96, -1) as day;
    insert into meta.column_log (load_id, source, dataset, column_name, rows, nulls)
    select load_id, source, dataset, 'directors', 1, 0 from meta.load_log;
"""


def test_old_records_are_pruned_and_what_later_runs_need_is_kept(database: Database) -> None:
    database.execute("set role pipeline;" + YEARS_OF_RECORDS)
    tables = ("model_log", "test_log", "run_log", "column_log", "load_log", "build_log")
    counts = "select " + ", ".join(f"(select count(*) from meta.{name})" for name in tables)
    assert database.query(counts) == [(8, 8, 3, 75, 75, 4)]
    with database.session() as session, session, session.cursor() as cursor:
        assert prune(cursor, 0) == {}
        pruned = prune(cursor, 90)
    assert pruned == {
        "meta.run_log": 1, "meta.model_log": 3, "meta.test_log": 3, "meta.column_log": 10,
        "quality": 1,
    }  # fmt: skip
    assert database.query(counts) == [(5, 5, 2, 65, 75, 4)]
    kept = "select distinct build_id from meta.model_log where build_id is not null order by 1"
    assert database.query(kept) == [(2,), (3,), (4,)]
    assert database.value("select count(*) from meta.reads_it") == 0
    left = "select tablename from pg_tables where schemaname = 'quality' order by 1"
    assert database.query(left) == [("of_build_3",), ("of_new",), ("of_none",), ("of_old",)]
    with database.session() as session, session, session.cursor() as cursor:
        assert prune(cursor, 90) == {}


@pytest.mark.parametrize(
    ("text", "days"), [("", 90), ("7", 7), ("0", 0), ("-1", None), ("soon", None), ("9e9", None)]
)
def test_how_long_records_are_kept_is_a_setting(text: str, days: int | None) -> None:
    environment = {"WAREHOUSE_KEEP_RUNS_DAYS": text}
    if days is None:
        with pytest.raises(PermanentError, match="WAREHOUSE_KEEP_RUNS_DAYS must be a number of"):
            days_to_keep(environment)
    else:
        assert days_to_keep(environment) == days


def test_a_green_run(database: Database) -> None:
    content = summary(database).as_json()

    assert content["dag_id"] == "imdb_pipeline"
    assert (content["run_id"], content["state"], content["published"]) == ("run", "success", True)
    assert content["seconds"] == 61.5
    assert content["started_at"] == "2031-06-02T05:00:00+00:00"
    assert content["failed_tasks"] == ()
    assert [row["dataset"] for row in content["datasets"]] == list(DATASET_NAMES)
    crew = next(row for row in content["datasets"] if row["dataset"] == "title.crew")
    assert crew == {"dataset": "title.crew", **FIGURES["title.crew"]}
    assert content["dbt"]["status"] == "built"


def test_a_failed_task_makes_a_failed_run(database: Database) -> None:
    states = {
        **GREEN,
        "download.title_akas": "failed",
        "load.title_akas": "upstream_failed",
        "dbt.stg_title_crew.run": "upstream_failed",
        "publish": "upstream_failed",
    }

    result = summary(database, states)

    assert (result.state, result.published, result.dbt.status) == ("failed", False, "skipped")
    assert result.failed_tasks == ("download.title_akas",)
    statuses = {row["dataset"]: row["status"] for row in result.datasets}
    assert statuses["title.akas"] == "failed"
    assert statuses["title.crew"] == "loaded"


def test_a_dataset_that_was_not_selected_is_no_failed_one(database: Database) -> None:
    states = {**GREEN, "download.title_akas": "skipped", "load.title_akas": "skipped"}

    rows = {row["dataset"]: row for row in summary(database, states).datasets}

    assert rows["title.akas"]["status"] == "not_selected"
    assert rows["title.akas"]["rows"] is None


def test_dbt_that_had_nothing_to_do_is_skipped(database: Database) -> None:
    states = {**GREEN, "dbt.stg_title_crew.run": "skipped", "publish": "skipped"}

    result = summary(database, states)

    assert (result.state, result.published, result.dbt.status) == ("success", False, "skipped")


@pytest.fixture
def with_logs(database: Database) -> Database:
    """What dbt's macro writes of build 1, and of build 2, whose DAG has a run of the same name."""
    database.execute(
        """
        insert into meta.model_log
            (dag_id, run_id, build_id, invocation_id, model, resource_type, status, seconds)
        values
            ('imdb_pipeline', 'run', 1, 'a', 'stg_one', 'model', 'success', 1.5),
            ('imdb_pipeline', 'run', 1, 'b', 'stg_one', 'model', 'success', 0.5),
            ('imdb_pipeline', 'run', 1, 'b', 'stg_two', 'model', 'success', 2.0),
            ('imdb_pipeline', 'run', 1, 'b', 'stg_bad', 'model', 'error', 4.0),
            ('imdb_pipeline', 'run', 1, 'b', 'label_thresholds', 'seed', 'success', 8.0),
            ('toy', 'run', 2, 'c', 'stg_three', 'model', 'success', 16.0);
        insert into meta.test_log (
            dag_id, run_id, build_id, invocation_id, test, model, resource_type, severity, status,
            failures, failures_table, seconds
        )
        select dag, 'run', build, invocation, test, model, kind, severity, status, failures, tbl, 1
        from (values
            ('imdb', 1, 'a', 'again', 'stg_one', 'test', 'error', 'fail', 9, 'quality.again'),
            ('imdb', 1, 'b', 'again', 'stg_one', 'test', 'error', 'pass', 0, null),
            ('imdb', 1, 'b', 'unit', 'stg_one', 'unit_test', 'error', 'pass', 0, null),
            ('imdb', 1, 'b', 'left_out', 'stg_one', 'test', 'error', 'skipped', null, null),
            ('imdb', 1, 'b', 'warned', 'stg_two', 'test', 'warn', 'warn', 3, 'quality.warned'),
            ('imdb', 1, 'b', 'failed', 'stg_two', 'test', 'error', 'fail', 2, 'quality.failed'),
            ('imdb', 1, 'b', 'broken', null, 'test', 'error', 'error', null, null),
            ('toy', 2, 'c', 'elsewhere', 'stg_three', 'test', 'error', 'fail', 1, null)
        ) as logged
            (dag, build, invocation, test, model, kind, severity, status, failures, tbl)
        """
    )
    return database


def test_models_and_tests_of_the_build_are_counted(with_logs: Database) -> None:
    with with_logs.session() as session, session.cursor() as cursor:
        figures = dbt_figures(cursor, 1, status="failed")

    assert (figures.models, figures.seconds) == (2, 4.0)
    assert figures.tests == {"pass": 2, "warn": 1, "fail": 2}
    assert figures.warnings == (FailingTest("warned", "stg_two", 3, "quality.warned"),)
    assert set(figures.failures) == {
        FailingTest("failed", "stg_two", 2, "quality.failed"),
        FailingTest("broken", None, None, None),
    }


def test_two_dags_with_the_same_run_id_have_reports_of_their_own(with_logs: Database) -> None:
    """The second report is written after the first, which failed, and leaves it as it is."""
    red = {**GREEN, "dbt.stg_two": "failed", "publish": "upstream_failed"}
    for states, dag_id, build_id in ((red, "imdb_pipeline", 1), (GREEN, "toy", 2)):
        with with_logs.session() as session, session, session.cursor() as cursor:
            record_run(cursor, summary(with_logs, states, dag_id=dag_id, build_id=build_id))

    first, second = with_logs.query(
        "select dag_id, state, summary from run_log order by dag_id", role="analyst"
    )
    assert first[:2] == ("imdb_pipeline", "failed")
    assert second[:2] == ("toy", "success")
    figures = [
        (each[2]["dbt"]["models"], each[2]["dbt"]["tests"]["fail"]) for each in (first, second)
    ]
    assert figures == [(2, 2), (1, 1)]
    assert [error["task"] for error in first[2]["errors"]] == ["dbt.stg_two"]
    assert second[2]["errors"] == []


def test_findings_in_words_are_in_the_report(with_logs: Database) -> None:
    with_logs.execute(
        "create table quality.warned (finding text); "
        "insert into quality.warned select 'file ' || n || ': 0 rows' from generate_series(1, 4) n;"
        "create table quality.failed (value int); insert into quality.failed values (1)",
        role="pipeline",
    )
    lines = summary_lines(summary(with_logs))

    at = lines.index("test warned warned: 3 rows in quality.warned")
    assert lines[at + 1 : at + 4] == [f"  file {n}: 0 rows" for n in (1, 2, 3)]
    assert lines[at + 4] == "test broken FAILED: None rows in None"
    assert "test failed FAILED: 2 rows in quality.failed" in lines


def test_a_run_without_dbt_has_zeros(database: Database) -> None:
    with database.session() as session, session.cursor() as cursor:
        figures = dbt_figures(cursor, None, status="skipped")

    assert (figures.status, figures.models, figures.seconds) == ("skipped", 0, 0.0)
    assert figures.tests == {"pass": 0, "warn": 0, "fail": 0}


def test_the_run_is_kept_as_json(with_logs: Database) -> None:
    result = summary(with_logs)
    with with_logs.session() as session, session, session.cursor() as cursor:
        record_run(cursor, result)

    ((state, started, finished, content),) = with_logs.query(
        "select state, started_at, finished_at, summary from run_log", role="analyst"
    )
    assert (state, started, finished) == ("success", STARTED, FINISHED)
    assert content == json.loads(json.dumps(result.as_json()))
    assert content["dbt"]["warnings"] == [
        {"test": "warned", "model": "stg_two", "failures": 3, "failures_table": "quality.warned",
         "examples": []}
    ]  # fmt: skip


def test_a_run_that_is_reported_again_replaces_its_row(database: Database) -> None:
    for states in ({**GREEN, "publish": "failed"}, GREEN):
        with database.session() as session, session, session.cursor() as cursor:
            record_run(cursor, summary(database, dict(states)))

    assert database.query("select dag_id, run_id, state from meta.run_log") == [
        ("imdb_pipeline", "run", "success")
    ]


def test_the_log_has_a_line_for_each_thing_a_person_asks(with_logs: Database) -> None:
    lines = summary_lines(summary(with_logs))

    assert lines[0] == "title.crew: loaded, 4 rows (+1 ~2 -3), download 0.5 s, load 0.25 s"
    assert "test warned warned: 3 rows in quality.warned" in lines
    assert "test failed FAILED: 2 rows in quality.failed" in lines
    assert lines[-1] == (
        "dbt built: 2 models in 4.0 s, tests 2 passed, 1 warned, 2 failed; published; 61.5 s in all"
    )


def test_the_log_of_a_run_that_published_nothing_says_so(database: Database) -> None:
    lines = summary_lines(summary(database, {**GREEN, "publish": "skipped"}, {}))

    assert len(lines) == 1
    assert "nothing published" in lines[0]


def test_what_a_source_counts_in_its_marts_is_in_log_and_record(database: Database) -> None:
    counted = replace(summary(database), figures={"linked": {"a kind": "2 of 3", "b": "0 of 1"}})

    assert "linked: a kind 2 of 3, b 0 of 1" in summary_lines(counted)
    assert counted.as_json()["figures"] == counted.figures
