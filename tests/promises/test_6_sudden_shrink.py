"""Promise 6: a sudden shrink and an older file are held back until a person lets them through.

That the parameter of a run of the DAG does it is in tests/dags/test_accept_shrink.py.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest

from include.local.__main__ import cli
from include.local.options import Options
from include.local.sources.imdb import ImdbFiles
from tests.support.loads import IMPATIENT, LoadedWarehouse
from tests.support.snapshots import ORIGIN, RATINGS, Row, entry_of, snapshot
from warehouse.errors import HeldBack

HUNDRED: list[Row] = [(f"tt{number:07d}", "5.7", str(number)) for number in range(100)]
STRICT = replace(IMPATIENT, min_rows_share=0.95)


@pytest.fixture
def loaded(warehouse: LoadedWarehouse) -> LoadedWarehouse:
    """A warehouse of a hundred rows, with the settings as they are by default."""
    warehouse.settings = STRICT
    assert warehouse.load(HUNDRED).written
    return warehouse


def load(warehouse: LoadedWarehouse, rows: int, **options: Any) -> Any:
    """Load so many of the hundred rows, of this `origin` and `last_modified`."""
    path = warehouse.folder / RATINGS.file_name
    path.write_bytes(snapshot(RATINGS, HUNDRED[:rows]))
    entry = replace(
        entry_of(path, rows),
        origin=options.pop("origin", ORIGIN),
        last_modified=options.pop("last_modified", None),
    )
    return warehouse.loader().load(RATINGS, path, entry, **options)


def run_options(**variables: str) -> Options:
    """The options of `make run` with these variables."""
    words = [f"--{name.lower().replace('_', '-')}={text}" for name, text in variables.items()]
    return Options.of(**cli.commands["run"].make_context("run", words).params)


@pytest.mark.parametrize("options", [{}, {"force": True}])
def test_fewer_rows_than_the_share_are_held_back(
    loaded: LoadedWarehouse, options: dict[str, Any]
) -> None:
    ledger = loaded.ledger()
    with pytest.raises(HeldBack) as caught:
        load(loaded, 94, **options)

    message = str(caught.value)
    assert message.startswith("title.ratings: held back: title.ratings.tsv.gz has 94 rows where")
    assert "the last load had 100: 94.0%, and the least is 95% (IMDB_MIN_ROWS" in message
    assert 'accept_shrink = ["title.ratings"]' in message
    assert "make run once more with ACCEPT_SHRINK=title.ratings" in message
    assert loaded.rows() == HUNDRED
    assert loaded.ledger() == ledger
    tables = "select count(*) from pg_tables where schemaname = 'raw' and tablename like '%new'"
    assert loaded.database.value(tables) == 0


NEWER, OLDER = "Wed, 25 Nov 2026 01:02:03 GMT", "Tue, 24 Nov 2026 23:02:03 GMT"


def test_an_older_file_is_held_back_until_a_person_lets_it_through(
    loaded: LoadedWarehouse, caplog: pytest.LogCaptureFixture
) -> None:
    assert load(loaded, 99, last_modified=NEWER).written
    ledger, accepted = loaded.ledger(), ["accept_older"]
    with pytest.raises(HeldBack) as caught:
        load(loaded, 100, last_modified=OLDER, accepted=["accept_shrink"])
    message = str(caught.value)
    assert f"its Last-Modified is {OLDER}, that of the last load is {NEWER}" in message
    assert 'accept_older = ["title.ratings"]' in message
    assert "make run once more with ACCEPT_OLDER=title.ratings" in message
    assert (loaded.rows(), loaded.ledger()) == (HUNDRED[:99], ledger)

    with pytest.raises(
        HeldBack, match=r"94\.9%.*; .*older.*accept_shrink = .* and accept_older = "
    ):
        load(loaded, 94, last_modified=OLDER)
    with caplog.at_level("WARNING", "warehouse"):
        assert load(loaded, 100, last_modified=OLDER, accepted=accepted).load.rows_inserted == 1
    assert "let through, as accept_older says: " in caplog.text


@pytest.mark.parametrize("date", [NEWER, None, "yesterday"])
def test_a_file_of_the_same_time_or_of_none_is_loaded(
    loaded: LoadedWarehouse, date: str | None
) -> None:
    assert load(loaded, 99, last_modified=NEWER).written
    assert load(loaded, 98, last_modified=date).written
    assert load(loaded, 99, last_modified=OLDER, origin="another place").written


def test_the_share_itself_is_enough(loaded: LoadedWarehouse) -> None:
    assert load(loaded, 95).written
    with pytest.raises(HeldBack, match=r"has 90 rows where the last load had 95: 94\.7%"):
        load(loaded, 90)


def test_a_person_lets_it_through_and_the_log_says_so(
    loaded: LoadedWarehouse, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("WARNING", "warehouse"):
        assert load(loaded, 10, accepted=["accept_shrink"]).load.rows_deleted == 90

    (said,) = [
        record.getMessage() for record in caplog.records if record.name.startswith("warehouse")
    ]
    assert said.startswith("title.ratings: let through, as accept_shrink says: ")
    assert loaded.rows() == HUNDRED[:10]


def test_another_share_is_a_setting(loaded: LoadedWarehouse) -> None:
    loaded.settings = replace(STRICT, min_rows_share=0.1)
    assert load(loaded, 10).written
    loaded.settings = replace(STRICT, min_rows_share=0.0)
    assert load(loaded, 1).written


def test_the_file_of_another_origin_has_its_own_size(loaded: LoadedWarehouse) -> None:
    assert load(loaded, 3, origin="elsewhere").written
    with pytest.raises(HeldBack):
        load(loaded, 1, origin="elsewhere")


def test_a_folder_for_each_day_is_one_origin(warehouse: LoadedWarehouse, tmp_path: Path) -> None:
    def origin(day: str, **variables: str) -> str:
        folder = tmp_path / "files" / day
        folder.mkdir(parents=True, exist_ok=True)
        (folder / RATINGS.file_name).touch()
        return ImdbFiles.chosen(run_options(SOURCE=str(folder), **variables)).name

    days = ("2031-06-01", "2031-06-02", "20310603", "files_2031-06")
    assert {origin(day) for day in days} == {"files"}
    assert {origin(day, SOURCE_NAME="daily") for day in days} == {"daily"}
    assert (origin("heads-2025-08"), origin("day-1")) == ("heads", "day-1")
    warehouse.settings = STRICT
    assert load(warehouse, 100, origin=origin(days[0])).written
    with pytest.raises(HeldBack):
        load(warehouse, 50, origin=origin(days[1]))


def test_a_table_that_lost_its_rows_gets_what_there_is(loaded: LoadedWarehouse) -> None:
    loaded.database.execute("truncate raw.imdb_title_ratings")
    assert load(loaded, 3).written


def test_more_rows_and_a_first_load_are_no_shrink(warehouse: LoadedWarehouse) -> None:
    warehouse.settings = STRICT
    assert load(warehouse, 3).written
    assert load(warehouse, 100).written


def test_the_next_normal_file_loads_as_if_nothing_had_been(loaded: LoadedWarehouse) -> None:
    with pytest.raises(HeldBack):
        load(loaded, 10)
    outcome = load(loaded, 99, previous=loaded.folder / "title.ratings.previous.tsv.gz")
    assert (outcome.written, outcome.load.rows_deleted) == (True, 1)


def test_make_run_hands_the_names_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def conf(**variables: str) -> object:
        return ImdbFiles.chosen(run_options(**variables)).parameters()["accept_shrink"]

    monkeypatch.setenv("LOCAL_DIR", str(tmp_path / "state"))

    assert conf() == []
    names = ["title.akas", "title.basics"]
    assert conf(ACCEPT_SHRINK=" title.basics,title.akas ") == names
    with pytest.raises(click.BadParameter, match=r"there is no title\.nonsense"):
        conf(ACCEPT_SHRINK="title.nonsense")
    makefile = (Path(__file__).parents[2] / "Makefile").read_text("utf-8")
    exported = {word for line in makefile.splitlines() if line.startswith("export ")
                for word in line.split()[1:]}  # fmt: skip
    assert {"ACCEPT_SHRINK", "SOURCE_NAME"} <= exported
