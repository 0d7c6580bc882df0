"""`make run` with two files, `make up`, the button, tasks by hand, `make down`, `make clean`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.conftest import Command, Installation
from tests.e2e.service import (
    NOT_READ,
    PRIVATE,
    Service,
    free_port,
    listening,
    metadata_url,
    processes_of,
    secrets_of,
)
from tests.support.leaks import command_lines

TITLES = "2000"
FEW = "title.basics,title.ratings"


@dataclass(frozen=True)
class Begun:
    """An installation that was started with two files and is now up, with its UI."""

    service: Service
    partial: Command
    partial_summary: dict[str, Any]
    up: Command


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Begun]:
    """`make run DATASETS=…`, then `make up`; `make down` at the end."""
    installation = Installation(tmp_path_factory.mktemp("service"))
    partial = installation.make("run", TITLES=TITLES, DATASETS=FEW)
    assert partial.code == 0, partial.output
    summary = installation.summary()
    port = free_port()
    try:
        up = installation.make("up", TITLES=TITLES, UP_PORT=port)
        yield Begun(Service(installation, f"http://127.0.0.1:{port}"), partial, summary, up)
    finally:
        installation.make("down")


def holds_no_secret(installation: Installation) -> None:
    """What scheduler, DAG processor and triggerer wrote down has none."""
    search, folder = secrets_of(installation), installation.folder
    assert (folder / "logs" / "scheduler.log").stat().st_size > 0
    assert set(search.files(folder, without=NOT_READ)) == PRIVATE
    assert search.tables(metadata_url(installation), ["public"]) == {}


def tasks_by_hand(service: Service, before: str) -> None:
    """With no scheduler that would take the temporary run for one of its own."""
    by_hand = service.installation.make(
        "airflow",
        TITLES=TITLES,
        CMD="tasks test imdb_pipeline download.title_ratings 2026-01-01",
    )
    assert by_hand.code == 0, by_hand.output
    assert "title.ratings: not modified" in by_hand.output

    model = service.installation.make(
        "airflow",
        TITLES=TITLES,
        CMD="tasks test imdb_pipeline dbt.mart_top_titles 2026-01-01",
    )
    assert model.code == 0, model.output[-3000:]
    built = "select count(*) from meta.model_log where run_id like '%temporary%'"
    assert service.installation.query(built) == [(1,)]
    reasons = service.installation.query("select reason from meta.build_log order by build_id")
    assert reasons[-1] == ("models are run by hand",)

    serial = service.installation.make("airflow", TITLES=TITLES, CMD="dags test imdb_pipeline")
    assert serial.code == 0, serial.output[-3000:]
    after = service.installation.summary()
    assert after["run_id"] != before
    assert (after["state"], after["dbt"]["status"]) == ("success", "skipped")


def test_few_datasets_load_only_these_and_the_summary_says_what_is_empty(begun: Begun) -> None:
    status = {row["dataset"]: row["status"] for row in begun.partial_summary["datasets"]}
    assert {name for name, word in status.items() if word == "loaded"} == set(FEW.split(","))
    assert set(status.values()) == {"loaded", "not_selected"}
    assert begun.partial_summary["published"] is True
    assert begun.partial_summary["dbt"]["models"] == 23
    assert "title.principals: no rows" in begun.partial.output
    assert "mart_person_career" in begun.partial.output


def test_up_a_run_by_the_button_and_by_hand_and_down(begun: Begun) -> None:
    """One after the other, since each needs what is before it."""
    service = begun.service
    assert begun.up.code == 0, begun.up.output
    assert service.url.replace("127.0.0.1", "localhost") in begun.up.output

    again = service.installation.make("up", TITLES=TITLES, UP_PORT=service.url.split(":")[-1])
    assert again.code == 0, again.output
    assert "already" in again.output

    assert len(listening(service.installation)) >= 3  # the API, the source, Postgres
    assert {place.ip for place in listening(service.installation)} == {"127.0.0.1"}
    assert secrets_of(service.installation).lines(command_lines()) == {}

    # Under the scheduler: the five files that were left out, and all models.
    assert service.run_to_its_end({}) == "success"
    summary = service.installation.summary()
    assert [row["dataset"] for row in summary["datasets"] if row["status"] == "loaded"] != []
    assert summary["published"] is True
    assert service.installation.query("select 1 from mart_person_career limit 1", role="ANALYST")

    versions = service.api("GET", "dags/imdb_pipeline/dagVersions")
    assert versions["total_entries"] == 1

    # The trigger parameter puts the marts of the two files back; what was rejected stays away.
    assert service.run_to_its_end({"rollback": True}) == "success"
    back = service.installation.summary()
    assert (back["state"], back["rolled_back"], back["dbt"]["status"]) == (
        "success",
        True,
        "skipped",
    )
    assert service.installation.query("select 1 from mart_person_career", role="ANALYST") == []
    refused = service.installation.make("rollback")
    assert refused.code != 0
    assert f"run {back['run_id']} went back already" in refused.output
    publishes = "select run_id, load_id, build_id from meta.publish_log order by publish_id"
    first, second, now = service.installation.query(publishes)
    assert (first[0], second[0]) == (begun.partial_summary["run_id"], summary["run_id"])
    assert now == (back["run_id"], *first[1:])

    holds_no_secret(service.installation)
    busy = service.installation.make("run", TITLES=TITLES)
    assert busy.code != 0
    assert "Airflow is up in" in busy.output

    down = service.installation.make("down")
    assert down.code == 0, down.output
    assert processes_of(service.installation) == []
    assert "nothing runs" in service.installation.make("down").output

    tasks_by_hand(service, summary["run_id"])
    assert service.installation.make("down").code == 0

    clean = service.installation.make("clean")
    assert clean.code == 0, clean.output
    assert not service.installation.folder.exists()
