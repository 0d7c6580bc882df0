"""It says what is wrong: one line per failed task, in the run's summary, without secrets."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from include.local import run, warehouse
from include.local.layout import Layout
from include.local.progress import Runs
from include.local.summary import render_summary
from tests.support.airflow_api import running_api
from tests.support.postgres import PASSWORD, Database
from warehouse.database.connection import connected
from warehouse.errors import DamagedFile, PipelineError, WarehouseRefused
from warehouse.runs.messages import LONGEST, TaskError, message_of, one_line
from warehouse.runs.run_log import RunSummary, record_run
from warehouse.runs.summary import failure_of, summarize, summary_lines

AT = datetime(2031, 6, 2, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (DamagedFile("x.gz: cut short. Run again."), "x.gz: cut short. Run again."),
        (
            WarehouseRefused("two\n  lines\tand\x00 a \x1b[31mcolour\x1b[0m"),
            "two lines and a colour",
        ),
        (KeyError("tconst"), "KeyError: 'tconst'"),
        (ZeroDivisionError(), "ZeroDivisionError, without a message"),
        (PipelineError(), "PipelineError, without a message"),
        (ValueError("line\r\nbreak\u2028here"), "ValueError: line break here"),
        (TimeoutError("30 s"), "TimeoutError: 30 s"),
    ],
)
def test_an_error_becomes_one_line(error: BaseException, message: str) -> None:
    assert message_of(error) == message


def test_a_message_is_never_longer_than_it_may_be() -> None:
    message = message_of(RuntimeError("word " * 10_000))
    assert len(message) <= LONGEST
    assert message.startswith("RuntimeError: word word")
    assert message.endswith(" …")
    assert one_line("x" * LONGEST) == "x" * LONGEST


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://pipeline:{}@db:5432/warehouse is not there",
        "https://{}@hooks.example.com",
        "postgresql://pipeline:a/{}/b@db",
        "connection to `host=db password={} user=pipeline` failed",
        "password = '{}' port=1",
        '{{"login": "pipeline", "password": "{}"}}',
        "PGPASSWORD is wrong, Password: {}",
        "nobody names it, but it is known: {}",
    ],
)
def test_no_message_holds_a_password(text: str) -> None:
    secret = "s3cret-of-ours"
    known = (secret,) if "known" in text else ()
    message = message_of(RuntimeError(text.format(secret)), secrets=known)
    assert secret not in message
    assert "***" in message


def test_what_is_no_secret_stays() -> None:
    text = "https://datasets.imdbws.com/title.crew.tsv.gz: 5 rows in quality.not_null_x, see line 3"
    assert one_line(text, secrets=["", "row"]) == text


def test_a_wrong_password_or_address_is_told_without_it(database: Database) -> None:
    for url in (
        database.url_of("pipeline", "wrong-word-here"),
        f"postgresql://pipeline:{PASSWORD}@127.0.0.1:1/{database.name}",
        f"postgresql://pipeline:{PASSWORD}@[broken/{database.name}",
    ):
        with pytest.raises(PipelineError) as caught, connected(url, purpose="load"):
            pass
        message = message_of(caught.value)
        assert message.startswith("load: ")
        assert PASSWORD not in message
        assert "wrong-word-here" not in message


# The rows that dbt leaves: (run, invocation, model, status, message) and
# (run, invocation, test, status, message).
MODELS = [
    (1, "a", "stg_broken", "success", "INSERT 0 1"),
    (1, "b", "stg_broken", "error", 'Database Error in model\n  column "x" is not there'),
    (1, "c", "stg_tested", "success", "INSERT 0 5"),
    (1, "d", "label_thresholds", "error", "Database Error in seed"),
    (1, "e", "mart_many", "success", "INSERT 0 5"),
    (1, "f", "stg_mended", "error", "once"),
    (1, "g", "stg_mended", "success", "INSERT 0 5"),
    (2, "h", "stg_elsewhere", "error", "another build"),
    # One process that built several models.
    (1, "i", "mart_left", "success", "INSERT 0 5"),
    (1, "i", "mart_right", "success", "INSERT 0 5"),
]
TESTS = [
    (1, "c", "not_null_x", "fail", "Got 3 results; the failing rows are in quality.not_null_x"),
    (1, "c", "fine", "pass", None),
    (1, "c", "warned", "warn", "Got 1 result"),
    (1, "c", "unique_x", "error", None),
    (1, "f", "again", "fail", "before the mending"),
    *(
        (1, "e", f"test_{n:02}", "fail", f"Got {n} {'results ' * 10}; in quality.test_{n:02}")
        for n in range(20)
    ),
]


@pytest.fixture
def after_dbt(database: Database) -> Database:
    """What dbt has logged of a run and of another."""
    for row in MODELS:
        database.execute(
            "insert into meta.model_log "
            "(dag_id, run_id, build_id, invocation_id, model, status, message, resource_type, "
            "seconds) "
            "values ('dag', 'run', %s, %s, %s, %s, %s, 'model', 1)",
            *row,
        )
    for test in TESTS:
        database.execute(
            "insert into meta.test_log "
            "(dag_id, run_id, build_id, invocation_id, test, model, status, message, "
            "resource_type, severity, seconds) "
            "values ('dag', 'run', %s, %s, %s, null, %s, %s, 'test', 'error', 1)",
            *test,
        )
    database.execute(
        "insert into meta.test_log (dag_id, run_id, build_id, invocation_id, test, model, status, "
        "resource_type, severity, seconds) select 'dag', 'run', 1, 'i', 'of_' || model, model, "
        "'fail', 'test', 'error', 1 from unnest(array['mart_left', 'mart_right']) as model"
    )
    return database


def summary(database: Database, messages: Mapping[str, str | None]) -> RunSummary:
    """The summary of a run in which these tasks failed and handed these messages on."""
    with database.session() as session, session.cursor() as cursor:
        return summarize(
            cursor,
            dag_id="imdb_pipeline",
            run_id="run",
            build_id=1,
            started_at=AT,
            finished_at=AT,
            steps={},
            states={"publish": "skipped", **dict.fromkeys(messages, "failed")},
            figures={},
            messages={task: text for task, text in messages.items() if text is not None},
        )


COSMOS = "CosmosDbtRunError: dbt invocation completed with errors"


@pytest.mark.parametrize(
    ("task", "handed_on", "message"),
    [
        ("download.title_crew", "title.crew: cut short", "title.crew: cut short"),
        (
            "dbt.stg_broken",
            COSMOS,
            'model stg_broken: Database Error in model column "x" is not there',
        ),
        (
            "dbt.stg_tested",
            COSMOS,
            (
                "test not_null_x: Got 3 results; the failing rows are in quality.not_null_x; "
                "test unique_x: error"
            ),
        ),
        ("dbt.label_thresholds", COSMOS, "model label_thresholds: Database Error in seed"),
        ("dbt.mart_left", COSMOS, "test of_mart_left: fail"),
        ("dbt.mart_right.run", COSMOS, "test of_mart_right: fail"),
        # dbt ended before it could write: what the task said.
        ("dbt.stg_unwritten", f"{COSMOS}: no connection", f"{COSMOS}: no connection"),
        ("dbt.stg_elsewhere", COSMOS, COSMOS),
        ("dbt.stg_mended", "AirflowTaskTimeout: 3 h", "AirflowTaskTimeout: 3 h"),
    ],
)
def test_each_failed_task_has_its_message(
    after_dbt: Database, task: str, handed_on: str, message: str
) -> None:
    assert summary(after_dbt, {task: handed_on}).errors == (TaskError(task, message),)


@pytest.mark.parametrize("task", ["load.title_crew", "dbt.stg_broken", "publish"])
def test_a_task_that_was_killed_is_said_to_have_left_nothing_but_its_log(
    after_dbt: Database, task: str
) -> None:
    (error,) = summary(after_dbt, {task: None}).errors
    assert error.task == task
    assert "without a message" in error.message
    assert f"dag_id=imdb_pipeline/run_id=run/task_id={task}" in error.message


def test_of_many_failed_tests_as_many_are_named_as_one_line_holds(after_dbt: Database) -> None:
    (error,) = summary(after_dbt, {"dbt.mart_many": COSMOS}).errors
    assert len(error.message) <= LONGEST
    named = error.message.count("; in quality.test_")
    assert 0 < named < 20
    assert error.message.endswith(f"; and {20 - named} more, see meta.test_log")


def test_a_green_run_has_no_errors(after_dbt: Database) -> None:
    with after_dbt.session() as session, session.cursor() as cursor:
        green = summarize(
            cursor, dag_id="imdb_pipeline", run_id="run", build_id=1, started_at=AT,
            finished_at=AT, steps={}, states={"dbt.stg_broken": "success", "publish": "success"},
            figures={},
        )  # fmt: skip
    assert green.errors == ()
    assert green.as_json()["errors"] == ()


MESSAGES = {"download.title_crew": "title.crew: cut short", "load.title_akas": "KeyError: 'x'"}


def test_the_messages_are_in_the_log_and_the_red_task_says_them(database: Database) -> None:
    red = summary(database, MESSAGES)
    lines = summary_lines(red)
    assert "download.title_crew FAILED: title.crew: cut short" in lines
    assert "load.title_akas FAILED: KeyError: 'x'" in lines
    said = failure_of(red)
    assert "the published marts are as they were" in said
    assert "download.title_crew: title.crew: cut short" in said
    assert "\n" not in said


def test_the_messages_are_in_the_run_log_for_the_analyst(database: Database) -> None:
    red = summary(database, MESSAGES)
    with database.session() as session, session, session.cursor() as cursor:
        record_run(cursor, red)
    ((state, content),) = database.query("select state, summary from run_log", role="analyst")
    assert state == "failed"
    assert content == json.loads(json.dumps(red.as_json()))
    assert content["errors"] == [
        {"task": task, "message": message} for task, message in sorted(MESSAGES.items())
    ]


def test_make_run_prints_them(database: Database) -> None:
    text = render_summary(summary(database, MESSAGES).as_json())
    assert "What is wrong:\n  download.title_crew: title.crew: cut short\n" in text
    green = summary(database, {}).as_json()
    assert "What is wrong" not in render_summary(green)
    # The summary of an earlier version.
    del green["errors"]
    assert "What is wrong" not in render_summary(green)


def test_make_run_says_what_was_killed_and_left_no_message(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    airflow: Any = SimpleNamespace(
        warehouse=warehouse.Warehouse(database.url, database.url, None, embedded=False)
    )
    source: Any = SimpleNamespace(kept="What was loaded stays.")
    with running_api() as api:
        api.runs = {"run": "failed"}
        api.tasks = {"run": {"load.title_crew": "failed", "load.title_akas": "failed"}}
        run.report(
            Layout(tmp_path), airflow, Runs(api.url, "imdb_pipeline"), "run", source,
            ["load.title_akas"], "It was ended by signal 9.",
        )  # fmt: skip

    said = capsys.readouterr().out
    assert "What is wrong:\n  load.title_crew: It ended without a message: it was killed" in said
    assert "\n  Airflow: It was ended by signal 9.\n" in said
    assert "FAILED  load.title_crew" in said
    assert "FAILED  load.title_akas" not in said
