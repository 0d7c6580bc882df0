"""The other commands of the README, on the installation of the story."""

import json
import os
import re
import time
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
import requests

from include.local.airflow import Airflow
from include.local.layout import Layout, Ports, locked
from include.local.pruning import EVERY, prune_if_due
from include.local.warehouse import open_warehouse
from tests.e2e.conftest import PROXY, Installation, Story, run
from tests.e2e.service import secrets_of

ROOT = Path(__file__).parents[2]


def test_psql_is_the_analyst(story: Story) -> None:
    asked = story.installation.make(
        "psql", SQL="select current_user, count(*) > 0 from mart_top_titles"
    )
    assert asked.code == 0, asked.output
    assert asked.output.split()[-4:-2] == ["|", "t"], asked.output
    assert "analyst" in asked.output
    refused = story.installation.make("psql", SQL="select count(*) from raw.imdb_title_basics")
    assert refused.code != 0
    assert "permission denied" in refused.output


def test_metrics_are_listed_and_asked_of_the_live_marts(story: Story) -> None:
    listed = story.installation.make("metrics")
    assert listed.code == 0, listed.output
    assert "imdb_votes: Votes that titles have now" in listed.output
    asked = story.installation.make("metrics", QUERY="--metrics imdb_votes --group-by type_group")
    assert asked.code == 0, asked.output
    votes = dict(
        story.installation.query(
            "select type_group, sum(num_votes)::text from marts.mart_top_titles "
            "where not is_adult group by 1"
        )
    )
    lines = [line.split("|") for line in asked.output.splitlines() if line.count("|") == 1]
    assert {name.strip(): sum_.strip() for name, sum_ in lines[1:]} == votes
    refused = story.installation.make("metrics", QUERY="--metrics imdb_voters")
    assert refused.code != 0
    assert "There is no metric imdb_voters. The metrics are" in refused.output


def test_the_users_shell_does_not_reach_the_server_and_no_loopback_request_a_proxy(
    story: Story,
) -> None:
    asked = "select current_setting('client_encoding')"
    assert "UTF8" in story.installation.make("psql", SQL=asked).output
    assert story.installation.query(asked, role="ANALYST") == [("UTF8",)]
    PROXY.setblocking(False)
    with pytest.raises(BlockingIOError):
        PROXY.accept()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "rebound.example", ""])
def test_airflow_answers_only_to_names_of_this_machine(story: Story, host: str) -> None:
    port = Ports(Layout(story.installation.folder)).remembered("api")
    answer = requests.get(
        f"http://127.0.0.1:{port}/api/v2/version", headers={"Host": f"{host}:{port}"}, timeout=30
    )
    assert (answer.status_code == 200) is (host in {"localhost", "127.0.0.1", "[::1]"})
    assert answer.status_code in {200, 400}


def test_old_log_files_and_records_of_airflow_are_deleted_once_a_week(story: Story) -> None:
    layout = Layout(story.installation.folder)
    airflow = Airflow(layout, open_warehouse(layout), api_port=1)
    old, new, stamp = (layout.logs / "old.log", layout.logs / "new.log", layout.airflow / "pruned")
    for path in (old, new):
        path.touch()
    assert airflow.warehouse.metadata_url is not None
    with closing(psycopg2.connect(airflow.warehouse.metadata_url)) as session:
        session.autocommit = True
        cursor = session.cursor()
        # The first run stays: other tests look for it.
        cursor.execute("select id from dag_run where dag_id = 'imdb_pipeline' order by id")
        runs = cursor.fetchall()
        oldest, before = runs[1][0], len(runs)
        cursor.execute("update dag_run set start_date = '2000-01-01' where id = %s", (oldest,))
        os.utime(old, (0, 0))
        prune_if_due(airflow)
        assert old.exists(), "not due: the installation is new"

        os.utime(stamp, (0, 0))
        prune_if_due(airflow)
        cursor.execute("select count(*) from dag_run where dag_id = 'imdb_pipeline'")
        assert cursor.fetchall() == [(before - 1,)]
    assert (old.exists(), new.exists()) == (False, True)
    assert time.time() - stamp.stat().st_mtime < EVERY.total_seconds()


def test_docs_are_one_page_with_every_model(story: Story) -> None:
    made = story.installation.make("docs")
    assert made.code == 0, made.output
    page = (story.installation.folder / "docs" / "index.html").read_text("utf-8")
    for name in ("mart_top_titles", "stg_title_principals", "int_title_hierarchies", "load_log"):
        assert name in page
    # The types are those of the published tables, also after a first run.
    catalog = json.loads((story.installation.folder / "docs/target/catalog.json").read_text())
    described = catalog["nodes"]["model.film_warehouse.mart_top_titles"]
    assert described["metadata"]["schema"] == "marts"
    assert described["columns"]["weighted_score"]["type"].startswith("numeric")
    assert secrets_of(story.installation).files(story.installation.folder / "docs") == {}


def test_the_doctor_finds_what_is_wrong_and_nothing_else(story: Story) -> None:
    """The newest run failed, and the analyst may read the schemas where the story keeps marts."""
    said = story.installation.make("doctor", CHECK="full")
    assert said.code != 0
    wrong = {tuple(line.split()[1:3]) for line in said.output.splitlines() if line[:4] == "FAIL"}
    last = ("roles", "the") if story.mended else ("last", "run")
    assert wrong == {("roles", "the"), last}, said.output
    assert said.output.count("can read in schema kept_day_") == said.output.count("FAIL  roles")
    assert "rows of their last load, counted" in said.output
    assert "imdb: published at" in said.output


def test_the_benchmark_names_its_sections_for_an_unknown_one(story: Story) -> None:
    refused = story.installation.make("bench", ONLY="earthquake")
    assert refused.code != 0
    assert "ONLY=earthquake: the sections are load" in refused.output


def test_the_soak_names_its_faults_where_one_is_not_known(story: Story) -> None:
    refused = story.installation.make("soak", FAULT="earthquake")
    assert refused.code != 0
    assert "FAULT=earthquake: the kinds are kill-run" in refused.output


def test_dbt_by_hand_builds_beside_what_is_published(story: Story) -> None:
    before = story.installation.tables()
    built = story.installation.make(
        "dbt", CMD="run --target dev --select stg_title_ratings", DAY="2"
    )
    assert built.code == 0, built.output
    assert story.installation.query("select 1 from dev_staging.stg_title_ratings limit 1")
    assert secrets_of(story.installation).files(story.installation.folder / "dbt") == {}
    assert story.installation.tables() == before


def test_the_sources_are_as_fresh_as_the_ledger_says(story: Story) -> None:
    fresh = story.installation.make(
        "dbt", CMD="source freshness --select source:imdb source:warehouse"
    )
    assert fresh.code == 0, fresh.output
    assert "PASS freshness" in fresh.output


def test_the_schema_can_be_applied_again(story: Story) -> None:
    before = story.installation.tables()
    applied = story.installation.make("schema")
    assert applied.code == 0, applied.output
    assert story.installation.tables() == before


def test_a_backup_is_restored_into_another_installation(story: Story, tmp_path: Path) -> None:
    def kept(installation: Installation) -> dict[str, str]:
        tables = installation.tables()
        return {name: rows for name, rows in tables.items() if not name.startswith("staging.")}

    file, other = str(tmp_path / "one.dump"), Installation(tmp_path / "other")
    made = story.installation.make("backup", BACKUP=file)
    assert made.code == 0, made.output
    refused = story.installation.make("restore", BACKUP=file)
    assert refused.code != 0
    assert "say FORCE=1" in refused.output
    try:
        restored = other.make("restore", BACKUP=file)
        assert restored.code == 0, restored.output
        assert kept(other) == kept(story.installation)
    finally:
        other.make("down")


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"DATASETS": "title.nonsense"}, "title.nonsense"),
        ({"SOURCE": "/no/such/folder"}, "no such folder"),
        ({"DAY": "tomorrow"}, "DAY=tomorrow"),
    ],
)
def test_a_wrong_word_is_named_before_any_work(
    installation: Installation, variables: dict[str, str], words: str
) -> None:
    refused = installation.make("run", **variables)
    assert refused.code != 0
    assert words in refused.output


@pytest.mark.parametrize("verb", ["run", "up"])
def test_two_commands_are_not_at_work_in_one_installation(story: Story, verb: str) -> None:
    with locked(story.installation.folder / "work.lock"):
        said = story.installation.make(verb)
    assert said.code != 0
    assert "Another command is at work in" in said.output


def test_help_names_every_verb_of_the_makefile() -> None:
    shown = run("make", "help").output
    (line,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for verb in line.split():
        assert verb == "help" or re.search(rf"\bmake {verb}\b", shown), verb
