"""What happened is kept: one row per run, load, model and test, found quickly, for the analyst."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.postgres import Database

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
RUNS = 2000

FILLED = f"""
    insert into meta.run_log (dag_id, run_id, state, started_at, finished_at, summary)
    select
        'imdb_pipeline',
        'run ' || n,
        case n % 7 when 0 then 'failed' else 'success' end,
        now() - make_interval(hours => n) - interval '1 minute',
        now() - make_interval(hours => n),
        jsonb_build_object('errors', case n % 7 when 0 then jsonb_build_array(
            jsonb_build_object('task', 'load.title_crew', 'message', 'why ' || n)
        ) else '[]'::jsonb end)
    from generate_series(1, {RUNS}) as n;

    insert into meta.load_log (
        source, dag_id, dataset, snapshot_sha256, rows, rows_inserted, rows_updated,
        rows_deleted, bytes, seconds, run_id, loaded_at
    )
    select
        'imdb', 'imdb_pipeline', 'title.' || d, 'sha', 10, 1, 2, 3, 10, 0.5, 'run ' || n,
        now() - make_interval(hours => n)
    from generate_series(1, {RUNS}) as n, unnest(array['crew', 'akas', 'basics']) as d;

    insert into meta.model_log (
        dag_id, run_id, build_id, invocation_id, model, resource_type, relation, status,
        rows_affected, seconds, finished_at
    )
    select
        'imdb_pipeline', 'run ' || n, n, 'i',
        case m when 0 then 'mart_person_career' else 'model_' || m end, 'model', 'marts_next.m',
        'success', m, m, now() - make_interval(hours => n)
    from generate_series(1, {RUNS}) as n, generate_series(0, 9) as m;

    insert into meta.test_log (
        dag_id, run_id, build_id, invocation_id, test, model, resource_type, severity, status,
        failures, failures_table, seconds, finished_at
    )
    select
        'imdb_pipeline', 'run ' || n, n, 'i', 'test_' || m, 'model_' || m, 'test', 'warn',
        case when m = 3 then 'warn' else 'pass' end, 5, 'quality.test_' || m, 0.1,
        now() - make_interval(hours => n)
    from generate_series(1, {RUNS}) as n, generate_series(0, 9) as m;

    analyze meta.run_log, meta.load_log, meta.model_log, meta.test_log;
"""


@pytest.fixture(scope="module")
def history(postgres: Any) -> Iterator[Database]:
    """Records of thousands of runs."""
    with postgres.database() as database:
        database.execute(FILLED)
        yield database


def documented() -> list[str]:
    """The queries of the chapter, as they stand there."""
    chapter = OPERATIONS.read_text("utf-8").split("## What the records answer")[1].split("\n## ")[0]
    return re.findall(r"```sql\n(.*?)```", chapter, re.DOTALL)


@pytest.mark.parametrize("number", range(6))
def test_the_documented_questions_have_answers_for_the_analyst(
    history: Database, number: int
) -> None:
    queries = documented()
    assert len(queries) == 6
    assert history.query(queries[number], role="analyst")


def test_the_answers_are_those_of_the_records(history: Database) -> None:
    errors, models, one, tests, rows, weeks = (
        history.query(query, role="analyst") for query in documented()
    )
    assert [(run, message) for run, _, _, message in errors[:2]] == [
        ("run 7", "why 7"),
        ("run 14", "why 14"),
    ]
    assert models[0][:2] == ("model_9", 30 * 24 - 1)
    assert (models[0][2], models[-1][0]) == (9, "mart_person_career")
    assert len(one) == 30
    assert [row[:4] for row in tests] == [("test_3", "model_3", "warn", 30)]
    assert {row[1] for row in rows} == {"title.crew", "title.akas", "title.basics"}
    assert {row[2] * 2 == row[3] for row in rows} == {True}
    assert sum(green + red for _, green, red, _ in weeks) == RUNS


NEWEST = "order by finished_at desc limit 9"


@pytest.mark.parametrize(
    ("question", "index"),
    [
        (f"run_log {NEWEST}", "run_log_finished_at"),
        ("run_log where dag_id = 'imdb_pipeline' and run_id = 'run 7'", "run_log_pkey"),
        (
            "load_log where source = 'imdb' and dataset='title.crew' order by load_id desc limit 9",
            "load_log_source_dataset",
        ),
        ("load_log where loaded_at > now() - interval '1 day'", "load_log_loaded_at"),
        ("load_log where run_id = 'run 7'", "load_log_run_id"),
        (f"model_log where model = 'model_1' {NEWEST}", "model_log_model"),
        (f"model_log {NEWEST}", "model_log_finished_at"),
        ("model_log where build_id = 7", "model_log_build_id"),
        (f"test_log where test = 'test_1' {NEWEST}", "test_log_test"),
        (f"test_log where model = 'model_1' {NEWEST}", "test_log_model"),
        (f"test_log {NEWEST}", "test_log_finished_at"),
        ("test_log where build_id = 7 and status = 'warn'", "test_log_build_id"),
    ],
)
def test_each_question_is_answered_by_an_index(
    history: Database, question: str, index: str
) -> None:
    query = f"explain select * from meta.{question}"
    plan = "\n".join(line for (line,) in history.query(query, role="analyst"))
    assert re.search(rf"\b{index}\b", plan), plan
    assert "Seq Scan" not in plan


@pytest.mark.parametrize("table", ["run_log", "load_log", "model_log", "test_log"])
def test_the_analyst_reads_the_records_and_changes_nothing(history: Database, table: str) -> None:
    assert history.value(f"select count(*) from meta.{table}", role="analyst") >= RUNS
    (allowed,) = history.query(
        "select has_table_privilege('analyst', %s, 'insert, update, delete, truncate')",
        f"meta.{table}",
    )
    assert allowed == (False,)
