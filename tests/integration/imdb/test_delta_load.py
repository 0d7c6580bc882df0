"""A refresh writes what changed and nothing else; where it cannot know that, it loads all."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imdb_pipeline.config import DATASETS, dataset_named
from tests.support.loads import LoadedWarehouse, rows_changed
from tests.support.snapshots import (
    ODD_ROWS,
    THREE_ROWS,
    TWO_ROWS,
    N,
    Row,
    entry_of,
    written,
)
from tests.support.source import packed
from warehouse.errors import DamagedFile, UnexpectedContent, WarehouseRefused, WarehouseUnavailable
from warehouse.raw.dataset import Dataset
from warehouse.raw.file_load import ALWAYS_A_DELTA

CREW = dataset_named("title.crew")
EPISODE = dataset_named("title.episode")
CREW_ROWS: list[Row] = [(f"tt{number}", f"nm{number}", N) for number in range(1, 10)]
# One title came, one left, one is another, the rest is as it was.
NEXT_CREW: list[Row] = [
    *CREW_ROWS[:2], ("tt3", "nm3,nm4", N), *CREW_ROWS[4:], ("tt9x", "", "nm1")
]  # fmt: skip


@pytest.fixture
def loaded(warehouse: LoadedWarehouse) -> LoadedWarehouse:
    """A warehouse with nine rows of title.crew."""
    warehouse.load(CREW_ROWS, dataset=CREW)
    return warehouse


def state(warehouse: LoadedWarehouse, dataset: Dataset = CREW) -> list[object]:
    """Everything that a load may change."""
    tables = "select tablename from pg_tables where schemaname = 'raw' order by 1"
    return [
        warehouse.rows(dataset),
        warehouse.ledger(),
        warehouse.kept(),
        warehouse.changes(dataset),
        warehouse.database.query(tables),
    ]


def changed(old: Sequence[Row], new: Sequence[Row], key: int) -> list[tuple[object, ...]]:
    """The lines of a change table that lead from one file to the next, sorted."""
    before, after = {row[:key]: row for row in old}, {row[:key]: row for row in new}
    lines: list[tuple[object, ...]] = []
    for one in before | after:
        was, now = before.get(one), after.get(one)
        if was == now:
            continue
        change = "inserted" if was is None else "deleted" if now is None else "updated"
        lines += [(change, False, *was)] if was else []
        lines += [(change, True, *now)] if now else []
    return sorted(lines)


def changes_of(warehouse: LoadedWarehouse, load: int, dataset: Dataset) -> list[tuple[object, ...]]:
    """What the change table has of the last load, sorted."""
    load_ids = warehouse.database.query("select load_id from meta.load_log order by 1")
    columns = ", ".join(f"coalesce({column}, '{N}')" for column in dataset.table_columns)
    return sorted(
        warehouse.database.query(
            f"select change, is_new, {columns} from raw.{dataset.changes_table} where load_id = %s",
            load_ids[load][0],
        )
    )


def test_what_came_left_and_changed_is_written_and_noted(loaded: LoadedWarehouse) -> None:
    outcome = loaded.refresh(NEXT_CREW, dataset=CREW)

    assert (outcome.written, outcome.why_full, outcome.how) == (True, None, "loaded as a delta")
    assert sorted(loaded.rows(CREW)) == sorted(NEXT_CREW)
    assert loaded.ledger()[1] == ("title.crew", 9, 1, 1, 1, "manual")
    assert loaded.kept() == [("full", False), ("delta", True)]
    assert changes_of(loaded, 1, CREW) == [
        ("deleted", False, "tt4", "nm4", N),
        ("inserted", True, "tt9x", "", "nm1"),
        ("updated", False, "tt3", "nm3", N),
        ("updated", True, "tt3", "nm3,nm4", N),
    ]


def test_rows_that_did_not_change_are_not_touched(loaded: LoadedWarehouse) -> None:
    places = "select ctid::text, tconst from raw.imdb_title_crew where tconst in ('tt1', 'tt9')"
    table = "select relfilenode from pg_class where relname = 'imdb_title_crew'"
    before = loaded.database.query(places), loaded.database.query(table)

    loaded.refresh(NEXT_CREW, dataset=CREW)

    assert (loaded.database.query(places), loaded.database.query(table)) == before


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: str(dataset.name))
def test_every_oddity_of_the_real_files_comes_and_goes(
    warehouse: LoadedWarehouse, dataset: Dataset
) -> None:
    rows = ODD_ROWS[dataset.name]
    other = [(*row[:-1], row[-1] + "!") for row in rows[:2]]
    warehouse.load(other, dataset=dataset)

    assert warehouse.refresh(rows, dataset=dataset).why_full is None
    assert sorted(warehouse.rows(dataset)) == sorted(rows)
    assert changes_of(warehouse, 1, dataset) == changed(other, rows, len(dataset.key))
    assert warehouse.refresh(other, dataset=dataset).why_full is None
    assert sorted(warehouse.rows(dataset)) == sorted(other)
    assert changes_of(warehouse, 2, dataset) == changed(rows, other, len(dataset.key))


# Whatever a field can hold; keys from a few, so that two files have some in common.
_TEXTS = st.sampled_from(
    [N, "", r"\.", r"\\N", '"', "'", "\x02", " ", "Straße", "x" * 3000]
) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\n\r\0\b"), max_size=5)
_IDS = st.sampled_from([f"tt{number}" for number in (1, 10, 100, 2, 20, 3)])
_SORTED = st.dictionaries(_IDS, st.tuples(_TEXTS, _TEXTS), min_size=1).map(
    lambda rows: [(key, *rows[key]) for key in sorted(rows)]
)
_ANY = st.lists(st.tuples(_IDS | st.just(N), _TEXTS, _TEXTS), min_size=1, max_size=6)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(old=_SORTED | _ANY, new=_SORTED | _ANY)
def test_any_file_takes_the_place_of_any_other(
    warehouse: LoadedWarehouse, old: list[Row], new: list[Row]
) -> None:
    first = warehouse.load(old, dataset=CREW, force=True).load
    load = warehouse.refresh(new, dataset=CREW).load

    assert sorted(warehouse.rows(CREW)) == sorted(new)
    written_now = len(warehouse.database.query("select from meta.load_log")) - 1
    lines = changes_of(warehouse, written_now, CREW)
    unique = all(
        len({row[0] for row in rows}) == len(rows) and N not in {row[0] for row in rows}
        for rows in (old, new)
    )
    if load == first:
        return  # the very same file
    if unique:
        assert load.changes_kept
    if load.changes_kept:
        assert lines == changed(old, new, 1)
        assert load.rows_inserted == sum(line[0] == "inserted" for line in lines)
        assert load.rows_deleted == sum(line[0] == "deleted" for line in lines)
        assert load.rows_updated * 2 == sum(line[0] == "updated" for line in lines)
    else:
        assert lines == []


def edit(statement: str) -> Callable[[LoadedWarehouse], None]:
    """A hand in the raw table."""
    return lambda warehouse: warehouse.database.execute(statement)


@pytest.mark.parametrize(
    ("happened", "why"),
    [
        (lambda warehouse: (warehouse.folder / "previous.tsv.gz").unlink(), "is not kept here"),
        (
            lambda warehouse: (warehouse.folder / "previous.tsv.gz").write_bytes(b"another size"),
            "is not the one loaded last",
        ),
        (edit("update meta.load_log set snapshot_sha256 = 'x'"), "is not the one loaded last"),
        (edit("truncate raw.imdb_title_crew"), "the table lost its rows"),
        (edit("drop table raw.imdb_title_crew"), "the table lost its rows"),
        (edit("alter table raw.imdb_title_crew add column more text"), "has another layout"),
        (edit("update meta.load_log set rows = 8"), "are not 9"),
        (edit("update raw.imdb_title_crew set writers = '' where tconst = 'tt4'"), "have to leave"),
        (edit("delete from raw.imdb_title_crew where tconst = 'tt3'"), "have to leave"),
        (edit("insert into raw.imdb_title_crew values ('tt3', 'nm3', null)"), "keys that differ 3"),
        (edit("insert into raw.imdb_title_crew values ('tt9x')"), "of all keys that differ 3"),
    ],
)  # fmt: skip
def test_a_delta_that_would_be_wrong_becomes_a_full_load(
    loaded: LoadedWarehouse, happened: Callable[[LoadedWarehouse], None], why: str
) -> None:
    previous = loaded.folder / "previous.tsv.gz"
    (loaded.folder / CREW.file_name).replace(previous)
    happened(loaded)
    path, entry = written(loaded.folder, CREW, NEXT_CREW)

    outcome = loaded.loader().load(CREW, path, entry, previous=previous)

    assert why in (outcome.why_full or "")
    assert outcome.how.startswith("loaded in full, because ")
    assert loaded.rows(CREW) == NEXT_CREW
    assert loaded.kept()[1][0] == "full"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ([("tt2", "a", N), ("tt1", "a", N)], [("tt2", "b", N), ("tt1", "b", N)], "not sorted"),
        ([("tt1", "a", N), ("tt1", "b", N)], [("tt1", "c", N)], "a key is there twice"),
        ([("tt1", "a", N)], [("tt1", "b", N), ("tt1", "c", N)], "a key is there twice"),
        ([("tt1", "a", N)], [(N, "a", N), ("tt1", "a", N)], "a key is not there"),
        ([("tt1", "a", N)], [("tt1", "a", N), ("tt1", "b", N)], "of all keys that differ 1"),
        ([("tt1", "a", N), ("tt1", "b", N)], [("tt1", "a", N)], "of all keys that differ 2"),
    ],
)
def test_files_that_cannot_be_compared_are_loaded_in_full(
    warehouse: LoadedWarehouse, old: list[Row], new: list[Row], why: str
) -> None:
    warehouse.load(old, dataset=CREW)

    outcome = warehouse.refresh(new, dataset=CREW)

    assert why in (outcome.why_full or "")
    assert warehouse.rows(CREW) == new
    unsorted_only = why == "not sorted"
    assert warehouse.kept()[1] == ("full", unsorted_only)
    assert bool(warehouse.changes(CREW)) == unsorted_only


def test_when_most_of_it_differs_everything_is_loaded(warehouse: LoadedWarehouse) -> None:
    count = ALWAYS_A_DELTA + 1
    ids = [f"tt{number:07d}" for number in range(count)]
    warehouse.load([(one, "old", N) for one in ids], dataset=CREW)

    outcome = warehouse.refresh([(one, "new", N) for one in ids], dataset=CREW)

    assert "more than 10,000 rows differ" in (outcome.why_full or "")
    assert warehouse.ledger()[1] == ("title.crew", count, 0, count, 0, "manual")
    assert warehouse.kept()[1] == ("full", True)
    assert len(changes_of(warehouse, 1, CREW)) == 2 * count


def test_an_older_file_that_is_damaged_does_no_harm(loaded: LoadedWarehouse) -> None:
    path = loaded.folder / CREW.file_name
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)

    outcome = loaded.refresh(NEXT_CREW, dataset=CREW)

    assert "previous.tsv.gz: the gzip stream" in (outcome.why_full or "")
    assert loaded.rows(CREW) == NEXT_CREW


def test_a_new_file_that_is_damaged_changes_nothing(loaded: LoadedWarehouse) -> None:
    before = state(loaded)
    previous = loaded.folder / "previous.tsv.gz"
    (loaded.folder / CREW.file_name).replace(previous)
    path, entry = written(loaded.folder, CREW, NEXT_CREW)
    path.write_bytes(path.read_bytes()[:-5])

    with pytest.raises(DamagedFile, match=r"title\.crew\.tsv\.gz: the gzip stream"):
        loaded.loader().load(CREW, path, entry, previous=previous)
    assert state(loaded) == before


def test_a_new_file_that_was_edited_changes_nothing(loaded: LoadedWarehouse) -> None:
    before = state(loaded)
    previous = loaded.folder / "previous.tsv.gz"
    (loaded.folder / CREW.file_name).replace(previous)
    path, entry = written(loaded.folder, CREW, NEXT_CREW)
    written(loaded.folder, CREW, [*NEXT_CREW[:-1], ("tt9x", "", "nm2")])

    with pytest.raises(UnexpectedContent, match="changed while it was read: expected 9 rows"):
        loaded.loader().load(CREW, path, entry, previous=previous)
    assert state(loaded) == before


def test_a_row_that_does_not_fit_is_told_with_its_line_in_the_file(loaded: LoadedWarehouse) -> None:
    before = state(loaded)
    body = "".join("\t".join(row) + "\n" for row in CREW_ROWS[:4]) + "tt5\tonly two\n"

    with pytest.raises(UnexpectedContent, match=r"title\.crew\.tsv\.gz\), line 6: .*missing data"):
        loaded.refresh(body=body.encode(), dataset=CREW)
    assert state(loaded) == before


def test_a_file_without_its_last_newline_is_the_same_file(loaded: LoadedWarehouse) -> None:
    body = "\n".join("\t".join(row) for row in CREW_ROWS)

    outcome = loaded.refresh(body=body.encode(), dataset=CREW)

    assert (outcome.written, outcome.why_full, rows_changed(outcome.load)) == (True, None, 0)
    assert loaded.rows(CREW) == CREW_ROWS


def test_keys_longer_than_an_index_entry_are_loaded_in_full_and_as_a_delta(
    loaded: LoadedWarehouse,
) -> None:
    # Not to be compressed below the 2,704 bytes of an index entry.
    long = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(5_000))
    rows = [*CREW_ROWS, ("ttz" + long, long, long)]
    loaded.load(rows, dataset=CREW, force=True)
    assert loaded.rows(CREW) == rows

    rows = [*CREW_ROWS, ("ttz" + long, "nm1", N), ("ttz" + long + "z", N, N)]
    outcome = loaded.refresh(rows, dataset=CREW)
    assert (outcome.why_full, rows_changed(outcome.load)) == (None, 2)
    assert loaded.rows(CREW)[-2:] == rows[-2:]


def test_a_session_that_is_ended_in_a_delta_leaves_the_old_rows(loaded: LoadedWarehouse) -> None:
    before = state(loaded)

    def end(pid: int) -> None:
        assert loaded.database.value("select pg_terminate_backend(%s, 10000)", pid)

    with pytest.raises(WarehouseUnavailable, match=r"load title\.crew: the warehouse is not"):
        loaded.refresh(NEXT_CREW, dataset=CREW, during_copy=end)
    assert state(loaded) == before


def test_an_interrupted_delta_leaves_the_old_rows(loaded: LoadedWarehouse) -> None:
    before = state(loaded)

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loaded.refresh(NEXT_CREW, dataset=CREW, during_copy=interrupt)
    assert state(loaded) == before


def test_a_delta_and_its_ledger_row_come_together_or_not_at_all(loaded: LoadedWarehouse) -> None:
    before = state(loaded)
    loaded.database.execute("revoke insert on meta.load_log from pipeline")

    with pytest.raises(WarehouseRefused, match="permission denied for table load_log"):
        loaded.refresh(NEXT_CREW, dataset=CREW)
    assert state(loaded) == before


def test_readers_of_a_delta_see_the_old_rows_until_the_end(loaded: LoadedWarehouse) -> None:
    seen: list[list[Row]] = []

    loaded.refresh(NEXT_CREW, dataset=CREW, during_copy=lambda _: seen.append(loaded.rows(CREW)))

    assert seen == [CREW_ROWS]


def test_a_view_on_a_raw_table_is_not_in_the_way_of_a_delta(loaded: LoadedWarehouse) -> None:
    loaded.database.execute("create view staging.mine as select * from raw.imdb_title_crew")

    assert loaded.refresh(NEXT_CREW, dataset=CREW).why_full is None
    assert loaded.database.value("select count(*) from staging.mine") == 9


def test_a_missing_change_table_is_told_with_what_to_do(loaded: LoadedWarehouse) -> None:
    loaded.database.execute("drop table raw.imdb_title_crew_changes")

    with pytest.raises(
        WarehouseRefused, match=r"imdb_title_crew_changes is not there.*make schema"
    ):
        loaded.refresh(NEXT_CREW, dataset=CREW)
    assert loaded.rows(CREW) == CREW_ROWS


def test_a_change_table_of_another_layout_is_told_with_what_to_do(loaded: LoadedWarehouse) -> None:
    loaded.database.execute("alter table raw.imdb_title_crew_changes drop column writers")

    with pytest.raises(WarehouseRefused, match=r"does not have the columns of title\.crew"):
        loaded.refresh(NEXT_CREW, dataset=CREW)
    assert loaded.rows(CREW) == CREW_ROWS


def test_a_full_load_over_rows_notes_what_it_changes(loaded: LoadedWarehouse) -> None:
    loaded.load(NEXT_CREW, dataset=CREW)

    assert loaded.kept() == [("full", False), ("full", True)]
    assert changes_of(loaded, 1, CREW) == changed(CREW_ROWS, NEXT_CREW, 1)


def test_changes_are_kept_for_as_many_loads_as_were_asked_for(loaded: LoadedWarehouse) -> None:
    loaded.settings = replace(loaded.settings, keep_loads=2)
    days = [[*CREW_ROWS, ("tt9x", str(day), N)] for day in range(4)]
    for day in days:
        assert loaded.refresh(day, dataset=CREW).why_full is None

    assert [kept for _, kept in loaded.kept()] == [False, False, False, True, True]
    assert [len(changes_of(loaded, load, CREW)) for load in range(5)] == [0, 0, 0, 2, 2]


def test_the_loads_of_other_datasets_do_not_count(loaded: LoadedWarehouse) -> None:
    loaded.settings = replace(loaded.settings, keep_loads=1)
    loaded.refresh(NEXT_CREW, dataset=CREW)
    rows = ODD_ROWS[EPISODE.name]
    loaded.load(rows, dataset=EPISODE)
    loaded.refresh(rows[:2], dataset=EPISODE)
    loaded.refresh(rows[:1], dataset=EPISODE)

    assert [kept for _, kept in loaded.kept()] == [False, True, False, False, True]
    assert len(changes_of(loaded, 1, CREW)) == 4


def files_by_replay(warehouse: LoadedWarehouse) -> list[list[Row]]:
    """The file of each load of title.ratings, out of its change table alone."""
    files: list[list[Row]] = []
    rows: dict[str, Row] = {}
    lines = warehouse.database.query(
        "select load_id, is_new, tconst, average_rating, num_votes "
        "from raw.imdb_title_ratings_changes order by load_id, is_new"
    )
    for (load_id,) in warehouse.database.query(
        "select load_id from meta.load_log where dataset = 'title.ratings' order by 1"
    ):
        for line in lines:
            if line[0] == load_id and not line[1]:
                assert rows.pop(line[2]) == line[2:]
        for line in lines:
            if line[0] == load_id and line[1]:
                assert line[2] not in rows
                rows[line[2]] = line[2:]
        files.append(sorted(rows.values()))
    return files


_RATINGS = st.dictionaries(
    _IDS, st.tuples(st.sampled_from(["1.0", "9.9"]), st.sampled_from(["5", "6"])), min_size=1
).map(lambda rows: [(key, *rows[key]) for key in sorted(rows)])
_WAYS = st.sampled_from(["delta", "delta", "full", "truncate", "drop table"])


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(days=st.lists(st.tuples(_RATINGS, _WAYS), min_size=1, max_size=8))
def test_the_ratings_of_any_day_come_back(
    warehouse: LoadedWarehouse, days: list[tuple[list[Row], str]]
) -> None:
    warehouse.database.execute(
        "truncate raw.imdb_title_ratings_changes; delete from meta.load_log;"
        "truncate raw.imdb_title_ratings"
    )
    warehouse.settings = replace(warehouse.settings, keep_loads=1)
    files: list[list[Row]] = []
    for rows, way in days:
        if way in {"truncate", "drop table"} and files:
            warehouse.database.execute(f"{way} raw.imdb_title_ratings")
        use = warehouse.refresh if way != "full" and files else warehouse.load
        outcome = use(rows)
        if outcome.written:
            files.append(rows)
        assert sorted(warehouse.rows()) == rows

    assert files_by_replay(warehouse) == files
    assert all(kept for _, kept in warehouse.kept())


def test_a_history_that_begins_late_begins_with_all_rows(warehouse: LoadedWarehouse) -> None:
    # A warehouse of a version that had no change tables.
    warehouse.load(TWO_ROWS)
    warehouse.database.execute(
        "truncate raw.imdb_title_ratings_changes; update meta.load_log set changes_kept = false"
    )

    outcome = warehouse.refresh(THREE_ROWS)

    assert outcome.why_full == "the table's history has a gap"
    assert files_by_replay(warehouse) == [[], THREE_ROWS]
    assert warehouse.kept()[1] == ("full", False), "they are not what this load changed"
    assert warehouse.refresh(TWO_ROWS).why_full is None
    assert files_by_replay(warehouse) == [[], THREE_ROWS, TWO_ROWS]


def test_a_history_continues_after_a_file_that_it_cannot_hold(warehouse: LoadedWarehouse) -> None:
    twice = [*TWO_ROWS, TWO_ROWS[1]]
    warehouse.load(TWO_ROWS)
    warehouse.refresh(twice)
    assert warehouse.rows() == twice

    warehouse.refresh(THREE_ROWS)
    warehouse.refresh(TWO_ROWS)

    assert warehouse.kept() == [("full", True), ("full", False), ("full", False), ("delta", True)]
    assert files_by_replay(warehouse) == [TWO_ROWS, TWO_ROWS, THREE_ROWS, TWO_ROWS]


def test_a_snapshot_packed_anew_changes_no_row(loaded: LoadedWarehouse) -> None:
    previous = loaded.folder / "previous.tsv.gz"
    path = loaded.folder / CREW.file_name
    path.replace(previous)
    path.write_bytes(previous.read_bytes() + packed(b""))

    outcome = loaded.loader().load(CREW, path, entry_of(path, 9), previous=previous)

    assert (outcome.written, outcome.why_full, rows_changed(outcome.load)) == (True, None, 0)
    assert loaded.kept() == [("full", False), ("delta", True)]
    assert loaded.rows(CREW) == CREW_ROWS
