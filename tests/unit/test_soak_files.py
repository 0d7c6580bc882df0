"""The files and the source of the soak: bad where they should be, whole where they should be."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from isal import igzip

from bench.soak.damage import DAMAGES
from bench.soak.days import Days
from bench.soak.history import RatingsLoad, Version, movers, versions
from bench.soak.source import Source, running_source
from imdb_pipeline.config import DATASETS, dataset_named
from imdb_pipeline.inspection import inspect
from include.sample.maker import make_sample
from tests.e2e.oracle import history as oracle
from warehouse.errors import DamagedFile, UnexpectedContent

RATINGS = dataset_named("title.ratings")
FILE = RATINGS.file_name


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Days:
    return Days(tmp_path_factory.mktemp("days"), titles=300, seed=1)


@pytest.fixture
def source(days: Days) -> Iterator[Source]:
    with running_source() as running, running.serve(days.files(1).folder):
        yield running


@pytest.mark.parametrize("how", ["truncated", "flipped", "html", "other-file"])
def test_a_damaged_file_is_one_that_no_download_accepts(days: Days, how: str) -> None:
    files = days.damaged(1, RATINGS, how)
    with pytest.raises((DamagedFile, UnexpectedContent)):
        inspect(files.path(RATINGS), RATINGS)
    for dataset in DATASETS:
        if dataset != RATINGS:
            assert inspect(files.path(dataset), dataset).rows > 0


def test_few_rows_are_a_third_and_impossible_ones_are_all_there(days: Days) -> None:
    rows = inspect(days.files(1).path(RATINGS), RATINGS).rows
    few, impossible = (days.damaged(1, RATINGS, how) for how in ("few-rows", "impossible"))
    assert inspect(few.path(RATINGS), RATINGS).rows == rows // 3
    assert inspect(impossible.path(RATINGS), RATINGS).rows == rows
    with igzip.open(impossible.path(RATINGS), "rt") as file:
        assert {line.split("\t")[1] for line in file} == {"averageRating", "55.5"}
    assert {"truncated", "flipped", "html", "other-file", "few-rows", "impossible"} == set(DAMAGES)


def test_the_source_serves_as_a_good_host_does(days: Days, source: Source) -> None:
    whole = requests.get(f"{source.base_url}/{FILE}", timeout=10)
    assert whole.content == days.files(1).path(RATINGS).read_bytes()
    etag = whole.headers["ETag"]
    rest = requests.get(
        f"{source.base_url}/{FILE}", headers={"Range": "bytes=10-", "If-Range": etag}, timeout=10
    )
    assert (rest.status_code, rest.content) == (206, whole.content[10:])
    again = requests.get(f"{source.base_url}/{FILE}", headers={"If-None-Match": etag}, timeout=10)
    assert again.status_code == 304


def test_the_source_breaks_off_and_refuses_as_often_as_it_is_told(source: Source) -> None:
    source.break_off(FILE, 1)
    source.refuse(FILE, 1)
    assert source.waiting == 2
    assert requests.get(f"{source.base_url}/{FILE}", timeout=10).status_code == 503
    with pytest.raises(requests.RequestException):
        requests.get(f"{source.base_url}/{FILE}", timeout=10)
    assert source.waiting == 0
    assert requests.get(f"{source.base_url}/{FILE}", timeout=10).ok


def test_an_answer_is_held_in_its_middle_until_it_is_let_go(source: Source) -> None:
    held = source.hold(FILE)
    with requests.get(f"{source.base_url}/{FILE}", stream=True, timeout=10) as answer:
        assert held.reached.wait(10)
        assert held.client_port
        source.heal()
        assert len(answer.content) == int(answer.headers["Content-Length"])


def test_the_history_played_again_is_that_of_the_other_oracle(tmp_path: Path) -> None:
    loads = []
    for day in (1, 2, 3):
        make_sample(tmp_path / str(day), titles=2_000, day=day)
        at = datetime(2031, 6, day, tzinfo=UTC)
        loads.append((day, at, tmp_path / str(day)))
    found = versions([RatingsLoad(number, at, folder / FILE) for number, at, folder in loads])
    others = [oracle.RatingsLoad(number, at, folder) for number, at, folder in loads]
    assert found == {
        Version(
            row["tconst"], row["average_rating"], row["num_votes"], row["valid_from_load_id"],
            row["valid_to_load_id"], row["is_removed"],
        )
        for row in oracle.rating_history(others)
    }  # fmt: skip
    assert any(version.until for version in found)
    keys = (
        "measure", "direction", "mover_rank", "tconst", "rating_before", "rating_now",
        "votes_before", "votes_now",
    )  # fmt: skip
    assert movers(found) == {
        tuple(row[key] for key in keys)
        for row in oracle.rating_movers(others, {})
        if row["period"] == "last load"
    }
