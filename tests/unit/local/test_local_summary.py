"""The end of a run as a person reads it."""

import json
from pathlib import Path
from typing import Any

import pytest

from include.local.layout import Layout
from include.local.project import models_over
from include.local.summary import (
    Film,
    LeftOut,
    render_failure,
    render_films,
    render_left_out,
    render_summary,
)
from include.local.task_logs import log_lines, task_log


def dataset(name: str, status: str = "loaded", **figures: object) -> dict[str, Any]:
    return {"dataset": name, "status": status, "rows": None, **figures}


def summary(**changes: object) -> dict[str, Any]:
    return {
        "state": "success",
        "datasets": [
            dataset("title.ratings", rows=3382, rows_inserted=3382, rows_updated=0,
                    rows_deleted=0, download_seconds=1.25, load_seconds=0.75),
            dataset("title.basics", "unchanged", rows=12_345_678, rows_inserted=0,
                    rows_updated=0, rows_deleted=0, download_seconds=0.4, load_seconds=0.0),
            dataset("title.crew", "not_selected"),
        ],
        "dbt": {"status": "built", "models": 19, "seconds": 9.5, "warnings": [], "failures": [],
                "tests": {"pass": 150, "warn": 0, "fail": 0}},
        "published": True,
        "failed_tasks": [],
        **changes,
    }  # fmt: skip


def line_of(text: str, word: str) -> list[str]:
    return next(line for line in text.splitlines() if line.startswith(word)).split()


def test_each_dataset_has_its_figures() -> None:
    text = render_summary(summary())
    assert line_of(text, "title.ratings") == ["title.ratings", "loaded", "3,382", "+3,382", "2.0"]
    assert line_of(text, "title.basics") == ["title.basics", "unchanged", "12,345,678", "0.4"]
    assert line_of(text, "title.crew") == ["title.crew", "left", "out"]


def test_service_levels_are_shown_where_they_were_measured() -> None:
    counted = {"linked to IMDb": {"films": "1 of 2"}, "service levels": {"validity": "met: 100 %"}}
    blocks = render_summary(summary(figures=counted)).split("\n\n")
    assert blocks[2:] == ["service levels:\n  validity: met: 100 %"]
    assert len(render_summary(summary()).split("\n\n")) == 2


def test_answers_of_an_api_have_a_table_of_their_own() -> None:
    movies = dataset(
        "movies", rows=1990, rows_inserted=1000, rows_updated=20, rows_deleted=3,
        requests=2010, answers=1999, written=1020, unchanged=970, gone=3, quarantined=6,
        failed=2, followed=0, due=2, load_seconds=65.04,
    )  # fmt: skip
    people = dataset("people", "failed")
    lines = render_summary(summary(datasets=[movies, people])).splitlines()
    assert lines[0].split() == [
        "answers", "asked", "new", "changed", "unchanged", "gone", "refused", "failed", "due", "s"
    ]  # fmt: skip
    assert lines[1].split() == [
        "movies", "loaded", "2,010", "+1,000", "~20", "970", "3", "6", "2", "2", "65.0"
    ]  # fmt: skip
    assert lines[2].split() == ["people", "FAILED"]
    assert lines[3].split()[:2] == ["movies:", "6"]
    assert len(lines[1]) == len(lines[0])


def test_changed_and_gone_rows_are_told_apart() -> None:
    row = dataset("title.akas", rows=90, rows_inserted=3, rows_updated=2000, rows_deleted=1)
    text = render_summary(summary(datasets=[row]))
    assert line_of(text, "title.akas")[2:] == ["90", "+3", "~2,000", "-1", "0.0"]


def test_tests_that_did_not_pass_are_named_with_their_rows() -> None:
    finding = {"test": "ratings_in_range", "model": "stg_title_ratings", "failures": 1200,
               "failures_table": "quality.ratings_in_range"}  # fmt: skip
    dbt = summary()["dbt"] | {
        "tests": {"pass": 148, "warn": 1, "fail": 1},
        "warnings": [finding | {"examples": ["title.ratings: rows is 7"]}],
        "failures": [finding | {"test": "keys", "failures": None, "failures_table": None}],
    }
    text = render_summary(summary(dbt=dbt, state="failed", published=False))
    assert "19 models, tests: 148 passed, 1 warned, 1 failed" in text
    assert "warned: ratings_in_range (1,200 rows, see quality.ratings_in_range)" in text
    assert "see quality.ratings_in_range)\n    title.ratings: rows is 7\n" in text
    assert "failed: keys (? rows)" in text
    assert "not published" in text


def test_a_run_that_built_nothing_says_why() -> None:
    dbt = summary()["dbt"] | {"status": "skipped", "models": 0}
    assert "nothing to build" in render_summary(summary(dbt=dbt, published=False))
    failed = render_summary(summary(dbt=dbt, published=False, state="failed"))
    assert "nothing to build" not in failed
    assert "not begun" in failed


def test_films_are_listed_best_first_as_given() -> None:
    films = [Film("The Long Tide", 1971, 9.1, 1_204_511, 9.0), Film("Ñandú", None, 8, 10_000, 7.5)]
    text = render_summary(summary(), render_films(films))
    assert text.index("The Long Tide  1971   9.1    1,204,511 votes") < text.index("Ñandú")


def test_what_was_left_out_says_what_the_models_read_instead() -> None:
    left = [LeftOut("title.akas", None, ("mart_title_search", "stg_title_akas")),
            LeftOut("title.crew", "2026-05-01 10:00:00+00", ())]  # fmt: skip
    text = render_summary(summary(), render_left_out(left))
    assert "title.akas: no rows: it was never loaded; read by mart_title_search" in text
    assert "title.crew: rows of 2026-05-01 10:00:00+00; read by no model" in text


def test_the_models_over_a_table_are_found_through_others() -> None:
    manifest = {
        "sources": {"source.p.imdb.a": {"identifier": "imdb_a"}, "source.p.imdb.b": {}},
        "nodes": {f"model.p.{name}": {"name": name} for name in ("stg_a", "mart_a", "stg_b")},
        "child_map": {
            "source.p.imdb.a": ["model.p.stg_a", "test.p.not_null_a"],
            "model.p.stg_a": ["model.p.mart_a"],
            "source.p.imdb.b": ["model.p.stg_b"],
        },
    }
    assert models_over(manifest, ["imdb_a"]) == ["mart_a", "stg_a"]
    assert models_over({}, ["imdb_a"]) == []


@pytest.mark.parametrize(
    ("record", "lines"),
    [
        ('{"event": "rows: 5\\nseconds: 1"}', ["rows: 5", "seconds: 1"]),
        ('{"event": "::group::Pre Execute"}', []),
        ('{"event": "\\u001b[31mred\\u001b[0m"}', ["red"]),
        ("not json", ["not json"]),
        ("17", ["17"]),
        (
            json.dumps({"event": "Task failed", "error_detail": [
                {"exc_type": "AirflowFailException", "exc_value": "the file is cut short"}]}),
            ["Task failed", "AirflowFailException: the file is cut short"],
        ),
    ],
)  # fmt: skip
def test_a_log_record_is_told_in_lines(record: str, lines: list[str]) -> None:
    assert log_lines(record) == lines


def test_the_last_try_of_a_failed_task_is_shown(tmp_path: Path) -> None:
    folder = tmp_path / "airflow/logs/dag_id=imdb_pipeline/run_id=manual__1/task_id=load.a"
    folder.mkdir(parents=True)
    for number in (2, 9, 10):
        (folder / f"attempt={number}.log").write_text(
            "\n".join(
                json.dumps({"event": event})
                for event in (
                    "how the DAG was read",
                    "Worker startup parse complete",
                    *(f"try {number} line {line}" for line in range(30)),
                )
            )
        )
    text = task_log(Layout(tmp_path), "imdb_pipeline", "manual__1", "load.a", count=2)
    assert text.splitlines()[:2] == ["    try 10 line 28", "    try 10 line 29"]
    assert "attempt=10.log" in text
    assert "how the DAG was read" not in task_log(
        Layout(tmp_path), "imdb_pipeline", "manual__1", "load.a", 99
    )
    assert "no log" in task_log(Layout(tmp_path), "imdb_pipeline", "manual__1", "load.b")


def test_a_failure_names_each_task_with_its_log_and_then_the_advice() -> None:
    text = render_failure({"load.a": "    gone", "load.b": "    full"}, "Correct it.")
    assert text.splitlines()[:2] == ["FAILED  load.a", "    gone"]
    assert text.endswith("Correct it.")
