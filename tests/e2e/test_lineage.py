"""Lineage of a day, as Airflow's provider sends it: which tables each task read and wrote."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.conftest import Story, lineage_of

OURS = "postgres://film"


@dataclass(frozen=True, slots=True)
class Event:
    """The end of a task: its datasets as (namespace, name), and the columns of those written."""

    reads: set[tuple[str, str]]
    writes: set[tuple[str, str]]
    columns: dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def events(story: Story) -> dict[str, Event]:
    """The ends of the tasks of the second day, by task."""
    found = {}
    for line in lineage_of(story.installation).read_text("utf-8").splitlines():
        event: dict[str, Any] = json.loads(line)
        if event["eventType"] == "COMPLETE":
            found[event["job"]["name"].removeprefix("imdb_pipeline.")] = Event(
                {(each["namespace"], each["name"]) for each in event["inputs"]},
                {(each["namespace"], each["name"]) for each in event["outputs"]},
                {
                    each["name"]: {
                        column["name"]: column["type"]
                        for column in each["facets"]["schema"]["fields"]
                    }
                    for each in event["outputs"]
                },
            )
    return found


def tables(schema: str, *names: str) -> set[tuple[str, str]]:
    return {(OURS, f"warehouse.{schema}.{name}") for name in names}


def test_a_load_names_its_file_and_its_table(events: dict[str, Event]) -> None:
    load = events["load.title_ratings"]
    assert load.reads == {("imdb://sample-20000", "title.ratings")}
    assert load.writes == tables("raw", "imdb_title_ratings", "imdb_title_ratings_changes")
    assert load.columns["warehouse.raw.imdb_title_ratings"] == {
        "tconst": "text", "average_rating": "text", "num_votes": "text",
    }  # fmt: skip


def test_a_model_names_what_it_reads_and_what_it_is(events: dict[str, Event]) -> None:
    staging = events["dbt.stg_title_ratings"]
    assert staging.reads <= tables("raw", "imdb_title_ratings", "imdb_title_ratings_changes")
    assert staging.reads
    assert staging.columns["warehouse.staging.stg_title_ratings"]["num_votes"] == "integer"
    mart = events["dbt.mart_top_titles"]
    assert tables("staging", "stg_title_basics", "stg_title_ratings", "title_types") <= mart.reads
    assert mart.writes == tables("marts_next", "mart_top_titles")


def test_a_publish_names_what_was_built_and_what_is_live(
    events: dict[str, Event], story: Story
) -> None:
    publish = events["publish"]
    built = {name for task, each in events.items() for name in each.writes if "dbt." in task}
    marts = {name for name in built if ".marts_next." in name[1]}
    assert publish.reads == marts
    live = {(space, name.replace(".marts_next.", ".marts.")) for space, name in marts}
    assert publish.writes == live
    assert publish.columns["warehouse.marts.mart_top_titles"]["average_rating"] == "numeric(3,1)"


def test_every_model_is_connected_to_the_files(events: dict[str, Event]) -> None:
    """What is read was written by a task of the run, or is a record of the warehouse."""
    written = {name for each in events.values() for name in each.writes}
    read = {name for each in events.values() for name in each.reads}
    records = {name for name in read if name[1].startswith("warehouse.meta.")}
    files = {name for name in read if name[0] == "imdb://sample-20000"}
    assert len(files) == 7
    assert read - records - files <= written


def test_without_a_transport_there_is_no_event_and_with_one_no_place(story: Story) -> None:
    text = lineage_of(story.installation).read_text("utf-8")
    runs = {
        facets["parent"]["run"]["runId"]
        for facets in (json.loads(line)["run"]["facets"] for line in text.splitlines())
        if "parent" in facets
    }
    assert len(runs) == 1, "the other runs of the story had no transport"
    port = story.installation.urls["WAREHOUSE_URL"].rsplit(":", 1)[1].split("/")[0]
    names = {
        each["namespace"] + each["name"]
        for line in text.splitlines()
        for event in [json.loads(line)]
        for each in [*event.get("inputs", []), *event.get("outputs", [])]
    }
    assert not [name for name in names if port in name or "127.0.0.1" in name]
