"""Promise 5: a changed layout is named, not guessed; new values of open lists load and warn."""

import itertools
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imdb_pipeline.config import DATASETS, Settings, dataset_named
from imdb_pipeline.header import columns_added_at_the_end, difference, refusal
from imdb_pipeline.inspection import inspect
from tests.support.dbt import run_dbt
from tests.support.downloads import Workbench
from tests.support.loads import IMPATIENT, LoadedWarehouse
from tests.support.postgres import Database
from tests.support.snapshots import (
    RATINGS,
    THREE_ROWS,
    TWO_ROWS,
    N,
    Row,
    entry_of,
    plain,
    snapshot,
    written,
)
from tests.support.source import FaultySource, file, packed
from warehouse.errors import UnexpectedContent
from warehouse.raw.dataset import Dataset

EPISODE = dataset_named("title.episode")
ACCEPTING = replace(IMPATIENT, accept_added_columns=True)
WIDER = replace(RATINGS, columns=(*RATINGS.columns, "numLikes", "source"))


def applied(expected: Sequence[str], found: Sequence[str]) -> list[str]:
    """The expected columns after all that the difference names was done to them."""
    told = difference(expected, found)
    gone = {name for name, _ in told.removed} | {name for name, _, _ in told.moved}
    new_names = {name: new for name, new, _ in told.renamed}
    columns = [new_names.get(name, name) for name in expected if name not in gone]
    for place, name in sorted(
        [(place, name) for name, place in told.added]
        + [(place, name) for name, _, place in told.moved]
    ):
        columns.insert(place - 1, name)
    return columns


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: str(dataset.name))
def test_every_order_of_the_columns_is_refused_with_all_moves_named(dataset: Dataset) -> None:
    for found in itertools.islice(itertools.permutations(dataset.columns), 1, 800):
        told = difference(dataset.columns, found)
        assert told.moved
        assert not (told.added or told.removed or told.renamed)
        assert applied(dataset.columns, found) == list(found)
        said = refusal(dataset, found)
        for name, before, after in told.moved:
            assert f"{name} from column {before} to column {after}" in said
            assert dataset.columns.index(name) + 1 == before
            assert found.index(name) + 1 == after


_NAMES = st.sampled_from(["tconst", "parentTconst", "seasonNumber", "episodeNumber", "a", "b", ""])


@settings(max_examples=300)
@given(st.lists(_NAMES, min_size=1, max_size=8))
def test_what_is_named_is_all_that_differs(found: list[str]) -> None:
    assert applied(EPISODE.columns, found) == found


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ("tconst averageRating numVotes numLikes", "added: 'numLikes' as column 4."),
        ("tconst numLikes averageRating numVotes", "added: 'numLikes' as column 2."),
        ("tconst numVotes", "removed: averageRating, column 2."),
        ("tconst averageRating votes", "renamed: numVotes, column 3, is now 'votes'."),
        ("averageRating numVotes tconst", "moved: tconst from column 1 to column 3."),
        (
            "key averageRating numLikes numVotes",
            "added: 'numLikes' as column 3; renamed: tconst, column 1, is now 'key'.",
        ),
    ],
)
def test_a_changed_header_is_refused_with_what_changed_and_what_to_do(
    workbench: Workbench, source: FaultySource, found: str, said: str
) -> None:
    good = snapshot(RATINGS, THREE_ROWS)
    source.answers(file(good, etag='"good"'))
    workbench.download()
    row = b"\t".join([b"1"] * len(found.split())) + b"\n"
    source.always(file(packed(found.replace(" ", "\t").encode() + b"\n" + row)))

    with pytest.raises(UnexpectedContent) as caught:
        workbench.download()

    message = str(caught.value)
    assert f"title.ratings.tsv.gz.part: the header is not that of title.ratings: {said}" in message
    assert "imdb_pipeline/config.py, include/sql/imdb/40_raw.sql and the staging model" in message
    at_the_end = found.startswith("tconst averageRating numVotes")
    assert ("IMDB_ACCEPT_ADDED_COLUMNS=1" in message) == at_the_end
    assert workbench.path.read_bytes() == good
    assert workbench.pauses == [], "asking again cannot help"


OTHER = "The source gave another file under this name: try again later."
CHANGE = (
    "If the layout changed for good, change imdb_pipeline/config.py, include/sql/imdb/40_raw.sql "
    "and the staging model together."
)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([""], "the first line is empty, where the header of title.ratings has to be."),
        (
            list(dataset_named("title.crew").columns),
            f"the header is not that of title.ratings but that of title.crew. {OTHER}",
        ),
        (
            ["tconst", "votes"],
            (
                "the header is not that of title.ratings: added: 'votes' as column 2; removed: "
                f"averageRating, column 2, numVotes, column 3. Nothing was replaced. {CHANGE}"
            ),
        ),
        (
            [*RATINGS.columns, "x" * 50],
            (
                f"the header is not that of title.ratings: added: '{'x' * 40}' as column 4. "
                "Nothing was replaced. To load the file without what was added set "
                f"IMDB_ACCEPT_ADDED_COLUMNS=1. {CHANGE}"
            ),
        ),
    ],
)
def test_a_refusal_says_what_is_expected_what_is_found_and_what_to_do(
    found: list[str], said: str
) -> None:
    assert refusal(RATINGS, found) == said


@pytest.mark.parametrize(("new", "more"), [(12, ""), (13, " and 1 more"), (400, " and 388 more")])
def test_as_many_columns_are_named_as_a_message_has_room_for(new: int, more: str) -> None:
    names = [f"c{number}" for number in range(new)]
    listed = ", ".join(f"'{name}' as column {at}" for at, name in enumerate(names[:12], 4))

    assert str(difference(RATINGS.columns, [*RATINGS.columns, *names])) == f"added: {listed}{more}"


def wider(rows: Sequence[Row]) -> list[Row]:
    return [(*row, str(at), N) for at, row in enumerate(rows)]


def test_a_column_added_at_the_end_is_left_out_where_the_setting_says_so(
    workbench: Workbench, source: FaultySource, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    source.always(file(snapshot(WIDER, wider(THREE_ROWS))))
    workbench.change(accept_added_columns=True)
    warehouse = LoadedWarehouse(database, workbench.path.parent)
    warehouse.settings = ACCEPTING

    with caplog.at_level(logging.WARNING):
        entry = workbench.download().entry
        warehouse.loader().load(RATINGS, workbench.path, entry)

    assert warehouse.rows() == THREE_ROWS
    warnings = [record.getMessage() for record in caplog.records]
    assert len(warnings) == 2, "one of the download, one of the load"
    assert all("loaded without them: 'numLikes', 'source' (" in said for said in warnings)


@pytest.mark.parametrize("first_is_wider", [True, False])
def test_a_delta_goes_on_where_a_column_comes_or_goes(
    warehouse: LoadedWarehouse, first_is_wider: bool
) -> None:
    warehouse.settings = ACCEPTING
    path, previous = warehouse.folder / RATINGS.file_name, warehouse.folder / "previous.tsv.gz"
    newer: list[Row] = [("tt0000001", "5.8", "211"), *THREE_ROWS[1:]]
    before, after = snapshot(WIDER, wider(TWO_ROWS)), snapshot(RATINGS, newer)
    if not first_is_wider:
        before, after = snapshot(RATINGS, TWO_ROWS), snapshot(WIDER, wider(newer))
    previous.write_bytes(before)
    warehouse.loader().load(RATINGS, previous, entry_of(previous, 2))
    path.write_bytes(after)

    load = warehouse.loader().load(RATINGS, path, entry_of(path, 3), previous=previous).load

    assert load.method == "delta"
    assert (load.rows_inserted, load.rows_updated, load.rows_deleted) == (1, 1, 0)
    assert sorted(warehouse.rows()) == newer


@pytest.mark.parametrize("row", [1, 60_000])
@pytest.mark.parametrize("line", [b"tt1\t5.7\t210", b"tt1\t5.7\t210\t1\t2\t3"])
def test_every_line_needs_all_columns_of_the_header(
    warehouse: LoadedWarehouse, row: int, line: bytes
) -> None:
    lines = [b"tt1\t5.7\t210\t1\t2\n"] * 60_100
    lines[row - 1] = line + b"\n"
    path, entry = written(warehouse.folder, WIDER, body=b"".join(lines))
    warehouse.settings = ACCEPTING

    said = rf"title\.ratings\.tsv\.gz, line {row + 1}: has \d columns, where the header has 5"
    with pytest.raises(UnexpectedContent, match=said):
        inspect(path, RATINGS, ACCEPTING)
    with pytest.raises(UnexpectedContent, match=said):
        warehouse.loader().load(RATINGS, path, entry)
    assert warehouse.rows() == []


@pytest.mark.parametrize("new", ["", "\t", "\ttconst", "\tnumLikes\tnumLikes"])
def test_no_columns_are_accepted_whose_names_are_none(tmp_path: Path, new: str) -> None:
    path = tmp_path / RATINGS.file_name
    path.write_bytes(packed(RATINGS.header + new.encode() + b"\ntt1\t1\t1\t1\t1\n"))

    with pytest.raises(UnexpectedContent):
        inspect(path, RATINGS, Settings(accept_added_columns=True))
    assert columns_added_at_the_end(RATINGS.columns, plain(WIDER, []).decode().split()) == (
        "numLikes",
        "source",
    )


# A dataset, the place of an open list in its rows, and the test that looks at the list.
OPEN_LISTS = {
    "title.basics": (1, "stg_title_basics_has_only_known_title_types"),
    "title.principals": (3, "stg_title_principals_has_only_known_categories"),
    "name.basics": (4, "stg_name_basics_has_only_known_professions"),
}
ROWS: dict[str, Row] = {
    "title.basics": ("tt0000001", "movie", "Moth", N, "0", "1931", N, "71", "Drama"),
    "title.principals": ("tt0000001", "1", "nm0000001", "actor", N, N),
    "name.basics": ("nm0000001", "Mira Vale", "1970", N, "actress", "tt0000001"),
}


def test_new_values_of_open_lists_load_and_warn(warehouse: LoadedWarehouse, tmp_path: Path) -> None:
    for name, row in ROWS.items():
        place, _ = OPEN_LISTS[name]
        new = (f"{row[0]}1", *row[1:place], "hologram", *row[place + 1 :])
        if name == "title.principals":
            new = (row[0], "2", *new[2:])
        outcome = warehouse.load([row, new], dataset=dataset_named(name))
        assert outcome.load.rows == 2
    models = [f"stg_{name.replace('.', '_')}" for name in ROWS]

    done = run_dbt(
        warehouse.database,
        *("build", "--select", *models, "--exclude-resource-type", "unit_test"),
        *("--indirect-selection", "cautious"),  # no tests of models that are not built
    )

    assert done.exit_code == 0, done.output[-3000:]
    statuses, failures = done.by_name(), done.by_name("failures")
    for model, (_, test) in zip(models, OPEN_LISTS.values(), strict=True):
        assert warehouse.database.value(f"select count(*) from staging.{model}") == 2
        assert (statuses[test], failures[test]) == ("warn", 1)
