"""Marts that read published marts of another source are built again after its publish."""

import json
from pathlib import Path

import pytest

from tests.support.marts import Marts
from tests.support.postgres import Database
from warehouse.raw.ledger import Load, record


@pytest.fixture
def read(database: Database, tmp_path: Path) -> Marts:
    """The marts of imdb, which others read."""
    return Marts(database, tmp_path / "imdb", ["mart_one"])


@pytest.fixture
def reader(database: Database, tmp_path: Path, read: Marts) -> Marts:
    """The marts of toy, which read the published mart of imdb."""
    toy = Marts(database, tmp_path / "toy", ["mart_toy"], source="toy")
    own, other = (
        json.loads(marts.project.manifest_path.read_text("utf-8"))["nodes"] for marts in (toy, read)
    )
    own["model.test.mart_toy"]["depends_on"] = {"nodes": ["source.published", "source.raw"]}
    sources = {
        "source.published": {"schema": "marts", "identifier": "mart_one"},
        "source.raw": {"schema": "raw", "identifier": "mart_toy"},
    }
    manifest = {"nodes": own | other, "sources": sources}
    toy.project.manifest_path.write_text(json.dumps(manifest), "utf-8")
    return toy


def test_the_marts_of_others_that_a_source_reads_are_named_by_the_manifest(
    reader: Marts, read: Marts
) -> None:
    assert reader.project.reads_marts_of("toy") == ("imdb",)
    assert reader.project.reads_marts_of("imdb") == ()
    assert read.project.reads_marts_of("imdb") == ()


def test_a_publish_of_what_the_marts_read_makes_one_build_due(reader: Marts, read: Marts) -> None:
    read.build_and_publish("before")
    reader.build_and_publish("first")
    assert reader.begin("second") is None

    read.build_and_publish("between")
    build = reader.begin("third")
    assert build is not None
    assert build.reason == "the marts read those of imdb, which were published again"
    assert not build.from_nothing
    reader.publish("third", reader.build("third", build_id=build.build_id))
    assert reader.begin("fourth") is None
    assert read.begin("its own") is None

    read.rollback()
    assert reader.begin("fifth") is not None


def test_what_is_published_during_a_build_is_read_by_the_next(reader: Marts, read: Marts) -> None:
    build = reader.begin("first")
    assert build is not None
    read.build_and_publish("meanwhile")
    reader.publish("first", reader.build("first", build_id=build.build_id))

    assert reader.begin("second") is not None


def test_a_publish_of_others_brings_no_rejected_state_back(
    reader: Marts, read: Marts, database: Database
) -> None:
    reader.build_and_publish("first")
    with database.session() as session, session, session.cursor() as cursor:
        record(cursor, Load("toy", "things", None, 1, 1, 0, 0, 0.5))
    reader.build_and_publish("second")
    reader.rollback()
    read.build_and_publish("after that")

    assert reader.begin("third") is None
