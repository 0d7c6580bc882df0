"""After runs green and red, no secret of the installation is where it does not belong.

That the search finds what is there is shown by tests/promises/test_9_leaks.py, and here by the
name of a run, which is in every one of these places.
"""

import json
import stat

import pytest

from include.local.layout import Layout
from include.local.warehouse import embedded_server
from tests.e2e.conftest import Story
from tests.e2e.service import NOT_READ, PRIVATE, metadata_url, secrets_of
from tests.support.leaks import Search


@pytest.fixture(scope="module")
def search(story: Story) -> Search:
    """Looks for all secrets."""
    return secrets_of(story.installation)


@pytest.fixture(scope="module")
def probe(story: Story) -> Search:
    """Looks for what is everywhere: the name of a run."""
    return Search({"run": story.first.summary["run_id"]})


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
    server = embedded_server(Layout(story.installation.folder))
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    assert b"database system is ready" in server.log.read_bytes()
    assert search.files(server.data.parent, without=[server.data.name]) == {}


def test_what_the_commands_said_holds_none(story: Story, search: Search) -> None:
    for station in story.stations.values():
        assert search.names(station.command.output.encode()) == []
        assert search.names(json.dumps(station.summary).encode()) == []


def test_airflows_metadata_holds_none(story: Story, search: Search, probe: Search) -> None:
    url = metadata_url(story.installation)
    assert search.tables(url, ["public"]) == {}
    seen = {place.split(".")[0] for place in probe.tables(url, ["public"])}
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
