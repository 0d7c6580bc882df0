"""After runs green and red, no secret of the installation is where it does not belong.

That the search finds what is there is shown by tests/promises/test_9_leaks.py, and here by the
name of a run, which is in every one of these places.
"""

import json
import stat
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.e2e.conftest import Story
from tests.support.leaks import Search

# The server's own folder is its owner's; what is in it is asked by SQL. Its log is looked at.
NOT_READ = {"postgres", "sample", "data"}
PRIVATE = {Path("secrets.json"), Path("warehouse.env")}


@pytest.fixture(scope="module")
def secrets(story: Story) -> dict[str, str]:
    """The secrets of the story's installation."""
    content = json.loads((story.installation.folder / "secrets.json").read_text("utf-8"))
    assert set(content) == {"superuser", "pipeline", "analyst", "airflow", "jwt", "fernet"}
    return dict(content)


@pytest.fixture(scope="module")
def search(secrets: dict[str, str]) -> Search:
    """Looks for all of them."""
    return Search(secrets)


@pytest.fixture(scope="module")
def probe(story: Story) -> Search:
    """Looks for what is everywhere: the name of a run."""
    return Search({"run": story.first.summary["run_id"]})


@pytest.fixture(scope="module")
def metadata_url(story: Story, secrets: dict[str, str]) -> str:
    """Airflow's metadata, as Airflow reaches it."""
    place = story.installation.urls["WAREHOUSE_URL"].split("@")[1].replace("/warehouse", "/airflow")
    return f"postgresql://airflow:{quote(secrets['airflow'])}@{place}"


def test_two_files_hold_secrets_and_only_their_owner_reads_these(
    story: Story, search: Search, probe: Search
) -> None:
    folder = story.installation.folder
    found = search.files(folder, without=NOT_READ)
    assert set(found) == PRIVATE
    for path in found:
        assert stat.S_IMODE((folder / path).stat().st_mode) == 0o600
    seen = {path.parts[0] for path in probe.files(folder, without=NOT_READ)}
    assert {"airflow", "logs"} <= seen


def test_the_servers_folder_is_closed_and_its_log_holds_none(story: Story, search: Search) -> None:
    server = story.installation.folder / "postgres"
    for data in server.glob("data"):
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert search.files(server, without=["data"]) == {}


def test_what_the_commands_said_holds_none(story: Story, search: Search) -> None:
    stations = (story.first, story.again, story.damaged, story.second_day, story.red, story.mended)
    for station in stations:
        assert search.names(station.command.output.encode()) == []
        assert search.names(json.dumps(station.summary).encode()) == []


def test_airflows_metadata_holds_none(search: Search, probe: Search, metadata_url: str) -> None:
    assert search.tables(metadata_url, ["public"]) == {}
    seen = {place.split(".")[0] for place in probe.tables(metadata_url, ["public"])}
    assert {"dag_run", "task_instance", "xcom", "rendered_task_instance_fields"} <= seen


def test_the_warehouses_records_hold_none(story: Story, search: Search, probe: Search) -> None:
    url = story.installation.urls["WAREHOUSE_URL"]
    assert search.tables(url, ["meta", "quality"]) == {}
    seen = {place.split(".")[0] for place in probe.tables(url, ["meta", "quality"])}
    assert {"load_log", "run_log", "model_log", "test_log", "publish_log"} <= seen


def test_no_command_line_showed_one(story: Story, search: Search) -> None:
    assert search.lines(story.command_lines) == {}
    for words in ("postgres -D", "dags test imdb_pipeline", "dbt parse", "airflow api"):
        assert any(words in line for line in story.command_lines), words
