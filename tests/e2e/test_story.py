"""What `make run` promises: a first run, a quiet day, a day later, a bad file."""

import gzip
import json
import stat
from typing import Any

import pytest

from imdb_pipeline.config import DATASETS
from include.local.layout import Layout
from include.local.task_logs import task_log
from include.sample.maker import SampleManifest
from tests.e2e.conftest import Station, Story
from tests.support.webhook import TOKEN
from warehouse.raw.dataset import Dataset

QUESTIONS = {
    "the best-rated films": """
        select primary_title, average_rating, num_votes, weighted_score, performance_tier
        from mart_top_titles
        where title_type = 'movie' and num_votes >= 10000
        order by weighted_score desc
    """,
    "well-rated people of many talents": """
        select person_name, total_credits, career_span_years, avg_project_rating, dominant_role,
            versatility_level, quality_reputation
        from mart_person_career
        where versatility_level = 'Multi-Talented' and avg_project_rating >= 7.0
        order by total_credits desc
    """,
    "genres to invest in": """
        select genre, market_share, production_trend, quality_trend, investment_priority,
            content_strategy
        from mart_genre_analytics
        where investment_priority in ('High Priority', 'Medium Priority', 'Emerging Opportunity')
        order by market_share desc, avg_rating desc
    """,
    "consistent series of the first rank": """
        select series_title, total_episodes, total_seasons, avg_series_rating, consistency_rating,
            series_performance_tier, engagement_level
        from mart_series_analytics
        where series_performance_tier in ('Premium Franchise', 'Quality Series')
            and consistency_rating in ('Very Consistent', 'Consistent')
    """,
}


def without_memory(tables: dict[str, str]) -> dict[str, str]:
    """All but what remembers each load, a mishap and its mending included."""
    history = {
        *("mart_rating_history", "mart_rating_movers", "mart_load_quality", "high_water_mark"),
    }
    return {
        name: content
        for name, content in tables.items()
        if name.split(".")[1] not in history and not name.endswith("_changes")
    }


def layer(station: Station, name: str) -> dict[str, str]:
    return {table: rows for table, rows in station.tables.items() if table.startswith(f"{name}.")}


def test_the_first_run_is_green_and_says_what_it_did(story: Story) -> None:
    first = story.first
    assert first.command.code == 0, first.command.output
    assert first.summary["state"] == "success"
    assert first.summary["published"] is True
    for words in ("Best-rated films", "marts: published", "make psql", "make run DAY=2"):
        assert words in first.command.output


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)
def test_every_row_of_every_file_is_in_raw(story: Story, dataset: Dataset) -> None:
    report = {row["dataset"]: row for row in story.first.summary["datasets"]}
    with gzip.open(
        story.installation.sample(1) / dataset.file_name, "rt", encoding="utf-8"
    ) as file:
        rows = sum(1 for _ in file) - 1
    assert report[dataset.name]["rows"] == rows
    assert report[dataset.name]["status"] == "loaded"


def nodes_of_the_pipeline(story: Story) -> dict[str, Any]:
    """The nodes of dbt's manifest that IMDb's pipeline builds, and the tests of them."""
    manifest = json.loads((story.installation.folder / "dbt" / "manifest.json").read_text("utf-8"))
    nodes: dict[str, Any] = manifest["nodes"]
    built = {
        name
        for name, node in nodes.items()
        if node["resource_type"] != "test"
        and node["config"]["meta"].get("source") in {"imdb", "warehouse"}
    }
    return {
        name: node
        for name, node in nodes.items()
        if name in built
        or (node["resource_type"] == "test" and built.intersection(node["depends_on"]["nodes"]))
    }


def test_every_data_test_of_the_pipeline_was_run(story: Story) -> None:
    declared = {
        node["name"]
        for node in nodes_of_the_pipeline(story).values()
        if node["resource_type"] == "test"
    }
    run_id = story.first.summary["run_id"]
    ran = story.installation.query(
        f"select distinct test from meta.test_log where run_id = '{run_id}'"
    )
    assert len(declared) >= 100
    assert {name for (name,) in ran} == declared


def test_every_model_was_built_and_every_error_test_passed(story: Story) -> None:
    dbt = story.first.summary["dbt"]
    models = [
        node
        for node in nodes_of_the_pipeline(story).values()
        if node["resource_type"] == "model" and node["config"]["materialized"] != "ephemeral"
    ]
    assert dbt["models"] == len(models) >= 20
    assert dbt["failures"] == []
    assert dbt["tests"]["pass"] >= 100


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_analyst_gets_answers_to_the_questions_as_typed(story: Story, question: str) -> None:
    assert story.installation.query(QUESTIONS[question], role="ANALYST")


def test_the_urls_are_for_their_owner_only(story: Story) -> None:
    path = story.installation.folder / "warehouse.env"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_same_day_again_writes_nothing_and_skips_dbt(story: Story) -> None:
    again = story.again
    assert again.command.code == 0, again.command.output
    assert {row["status"] for row in again.summary["datasets"]} == {"unchanged"}
    assert {row["download"] for row in again.summary["datasets"]} == {"not_modified"}
    assert again.summary["dbt"]["status"] == "skipped"
    assert again.writes == story.first.writes
    assert again.tables == story.first.tables
    assert again.files == story.first.files


def test_one_damaged_file_fails_the_run_and_holds_up_no_other_file(story: Story) -> None:
    damaged = story.damaged
    assert damaged.command.code != 0
    status = {row["dataset"]: row["status"] for row in damaged.summary["datasets"]}
    assert status.pop("title.crew") == "failed"
    assert set(status.values()) == {"unchanged"}
    assert damaged.summary["dbt"]["status"] != "built"
    assert damaged.summary["failed_tasks"] == ["download.title_crew"]
    for words in ("download.title_crew", "the gzip stream is not whole", "is kept"):
        assert words in damaged.command.output


def test_why_a_task_failed_is_in_its_own_log_too(story: Story) -> None:
    summary = story.damaged.summary
    (error,) = summary["errors"]
    folder = Layout(story.installation.folder)
    own = task_log(folder, "imdb_pipeline", summary["run_id"], error["task"], count=200)
    assert "the gzip stream is not whole" in error["message"]
    assert error["message"][:100] in own


def test_one_damaged_file_changes_no_table(story: Story) -> None:
    assert story.damaged.tables == story.again.tables
    assert story.damaged.writes == story.again.writes


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)
def test_a_day_later_as_many_rows_change_as_the_maker_says(story: Story, dataset: Dataset) -> None:
    made = SampleManifest.load(story.installation.sample(2)).datasets[dataset.name]
    told = {row["dataset"]: row for row in story.second_day.summary["datasets"]}[dataset.name]
    found = tuple(told[f"rows_{kind}"] for kind in ("inserted", "updated", "deleted"))
    assert found == (made.added, made.changed, made.removed)
    assert sum(found) > 0


@pytest.mark.parametrize(
    ("table", "raw_key", "key"),
    [
        ("title_principals", "tconst, ordering::int", "tconst, ordering"),
        ("title_akas", "title_id, ordering::int", "tconst, ordering"),
        ("title_basics", "tconst", "tconst"),
        ("title_episode", "tconst", "tconst"),
        ("title_ratings", "tconst", "tconst"),
        ("name_basics", "nconst", "nconst"),
    ],
)
def test_a_day_later_staging_has_the_keys_of_the_new_files_and_no_others(
    story: Story, table: str, raw_key: str, key: str
) -> None:
    in_file = set(story.installation.query(f"select {raw_key} from raw.imdb_{table}"))
    in_staging = set(story.installation.query(f"select {key} from staging.stg_{table}"))
    assert in_file == in_staging


def test_the_incremental_model_touches_only_what_changed(story: Story) -> None:
    made = SampleManifest.load(story.installation.sample(2)).datasets["title.principals"]
    table = "staging.stg_title_principals"
    before, after = story.again.writes[table], story.second_day.writes[table]
    inserted, updated, deleted = (after[at] - before[at] for at in range(3))
    assert (inserted, deleted) == (made.added, made.removed)
    assert updated <= made.changed
    assert after[3] == before[3], "the table was made anew"


def test_a_red_test_fails_the_run_and_leaves_the_published_marts(story: Story) -> None:
    red = story.red
    assert red.command.code != 0
    assert red.summary["state"] == "failed"
    assert red.summary["published"] is False
    assert layer(red, "marts") == layer(story.second_day, "marts")


def test_a_red_run_names_the_task_the_test_and_the_table_with_the_rows(story: Story) -> None:
    failures = story.red.summary["dbt"]["failures"]
    assert failures
    for failure in failures:
        assert failure["test"] in story.red.command.output
        assert failure["failures_table"] in story.red.command.output
        assert story.kept_rows[failure["failures_table"]] == failure["failures"] > 0
    assert "dbt.stg_title_ratings" in story.red.command.output


def test_each_red_run_sends_one_message_to_the_webhook_and_a_green_run_none(story: Story) -> None:
    told = {name: len(station.alerts) for name, station in story.stations.items()}
    assert {name for name, count in told.items() if count} == {"damaged", "red"}
    assert told["damaged"] == told["red"] == 1


@pytest.mark.parametrize(
    ("name", "task", "words"),
    [
        ("damaged", "download.title_crew", ("title.crew", "the gzip stream is not whole")),
        ("red", "dbt.stg_title_ratings", ("test ", "Got ", "rows are in quality.")),
    ],
)
def test_a_red_run_says_the_same_to_the_person_the_records_and_the_webhook(
    story: Story, name: str, task: str, words: tuple[str, ...]
) -> None:
    station = getattr(story, name)
    (alert,) = station.alerts
    (error,) = station.summary["errors"]
    assert error["task"] == task
    for word in words:
        assert word in error["message"]
    assert f"What is wrong:\n  {task}: {error['message']}\n" in station.command.output
    for key in ("run_id", "state", "published", "started_at", "finished_at"):
        assert alert[key] == station.summary[key]
    assert alert["failed"] == [error]
    assert task in alert["text"]


def test_the_address_of_the_webhook_is_in_no_output_and_no_log(story: Story) -> None:
    for station in (story.first, story.damaged, story.red):
        assert TOKEN not in station.command.output
    folder = story.installation.folder
    seen = [
        path
        for path in (*(folder / "logs").rglob("*"), *(folder / "airflow" / "logs").rglob("*"))
        if path.is_file() and TOKEN.encode() in path.read_bytes()
    ]
    assert seen == []


def test_every_run_is_in_the_records(story: Story) -> None:
    """Also the one that ended at its first task."""
    runs = [station.summary["run_id"] for station in story.stations.values()]
    rows = story.installation.query(
        "select run_id, state from meta.run_log order by finished_at", role="ANALYST"
    )
    assert rows == [
        (run, "failed" if place in (2, 4) else "success") for place, run in enumerate(runs)
    ]
    for table in ("load_log", "model_log", "test_log"):
        found = story.installation.query(f"select distinct run_id from meta.{table}")
        # What another test does by hand is in the records, too.
        assert {run for (run,) in found} - {"manual"} == {runs[0], *runs[3:]}


@pytest.mark.full
def test_after_the_mending_everything_is_as_if_nothing_had_happened(story: Story) -> None:
    assert story.mended is not None
    assert story.mended.command.code == 0, story.mended.command.output
    assert without_memory(story.mended.tables) == without_memory(story.second_day.tables)
