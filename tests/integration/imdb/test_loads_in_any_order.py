"""Whatever sequence of loads, forced or broken off, of lost tables and lost files there was: raw is
the file loaded last, the ledger says so, and the change table leads there."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from imdb_pipeline.config import dataset_named
from tests.support.fingerprint import wait_until_alone
from tests.support.loads import LoadedWarehouse
from tests.support.moments import Moment, at
from tests.support.properties import examples
from tests.support.snapshots import RATINGS, N, Row, written
from warehouse.errors import WarehouseUnavailable
from warehouse.raw.dataset import Dataset

CREW = dataset_named("title.crew")
KEPT_LOADS = 3
# Files of one dataset; the last three cannot be compared line by line, two not at all.
FILES: list[list[Row]] = [
    [("tt1", "a", "1"), ("tt10", "b", "2"), ("tt2", "c", N)],
    [("tt1", "a", "1"), ("tt10", "", "2"), ("tt3", "c", "3")],
    [("tt10", "b", "2"), ("tt2", "c", N), ("tt3", "c", "3"), ("tt4", N, "4")],
    [("tt1", "a", "1")],
    [("tt2", "c", "5"), ("tt10", "b", "2"), ("tt1", "z", "1")],
    [("tt1", "a", "1"), ("tt1", "a", "2"), ("tt2", "c", N)],
    [(N, "a", "1"), ("tt2", "x", N)],
]
# Where a load breaks off, and whether it holds then.
BREAKS = {
    Moment("after", ("create table .*__new",)): False,
    Moment("after", ("warehouse.database.parallel_copy:_Feed.read",)): False,
    Moment("after", ("warehouse.raw.changes:_ChangeLines.read",)): False,
    Moment("after", (r"delete from \"raw\"",)): False,
    Moment("after", ("rename to",)): False,
    Moment("before", (r"insert into meta\.load_log", "^commit$")): False,
    Moment("after", (r"insert into meta\.load_log", "^commit$")): True,
}


def unique(rows: Sequence[Row]) -> bool:
    keys = [row[0] for row in rows]
    return len(set(keys)) == len(keys) and N not in keys


class Loads(RuleBasedStateMachine):
    """Loads of one dataset, of a class for each warehouse."""

    warehouse: LoadedWarehouse
    dataset: Dataset

    def __init__(self) -> None:
        super().__init__()
        self.database = self.warehouse.database
        self.kept = self.warehouse.folder / "kept.tsv.gz"
        self.files: list[list[Row]] = []  # of each load of the ledger
        self.lost = False  # whether raw lost its rows since

    @initialize()
    def begin_with_an_empty_warehouse(self) -> None:
        self.kept.unlink(missing_ok=True)
        self.database.execute(
            f"""
            truncate raw.{self.dataset.changes_table};
            delete from meta.load_log;
            drop table if exists raw.{self.dataset.table}
            """
        )

    files_to_load = st.sampled_from(FILES)

    @rule(rows=files_to_load, force=st.sampled_from([False, False, False, True]))
    def load(self, rows: list[Row], force: bool) -> None:
        known = not self.lost and self.files[-1:] == [rows]
        assert self.do_load(rows, force) == (force or not known)
        self.loaded(rows, force or not known)

    @rule(rows=files_to_load, moment=st.sampled_from(list(BREAKS)))
    def load_that_breaks_off(self, rows: list[Row], moment: Moment) -> None:
        reached: list[Moment] = []

        def break_off() -> None:
            reached.append(moment)
            self.end_sessions()

        with at(moment, break_off):
            try:
                written_now = self.do_load(rows, False)
            except WarehouseUnavailable:
                assert reached
                written_now = BREAKS[moment]
        wait_until_alone(self.database)
        if written_now:
            self.loaded(rows, True)

    @rule(statement=st.sampled_from(["truncate", "drop table if exists"]))
    def the_table_loses_its_rows(self, statement: str) -> None:
        if self.database.value("select to_regclass(%s) is not null", f"raw.{self.dataset.table}"):
            self.database.execute(f"{statement} raw.{self.dataset.table}")
            self.lost = bool(self.files)

    @rule()
    def the_file_before_is_lost(self) -> None:
        self.kept.unlink(missing_ok=True)

    @invariant()
    def raw_is_the_file_loaded_last(self) -> None:
        if not self.files or self.lost:
            return
        assert sorted(self.warehouse.rows(self.dataset)) == sorted(self.files[-1])

    @invariant()
    def the_ledger_has_every_load(self) -> None:
        ledger = self.database.query("select rows from meta.load_log order by load_id")
        assert [rows for (rows,) in ledger] == [len(rows) for rows in self.files]

    @invariant()
    def the_changes_lead_from_each_file_to_the_next(self) -> None:
        lines = self.warehouse.database.query(
            f"select load_id, is_new, {self.columns} from raw.{self.dataset.changes_table} "
            "order by load_id, is_new"
        )
        loads = self.database.query(
            "select load_id, changes_kept, rows_inserted - rows_deleted "
            "from meta.load_log order by load_id"
        )
        noted = {line[0] for line in lines}
        assert noted <= {load_id for load_id, _, _ in loads}
        for number, (load_id, kept, more) in enumerate(loads):
            if not kept:
                assert self.dataset.history or load_id not in noted
                continue
            before = self.files[number - 1] if number else []
            rows = {row[0]: row for row in before}
            assert more == len(self.files[number]) - len(before)
            for _, is_new, *row in (line for line in lines if line[0] == load_id):
                if is_new:
                    assert row[0] not in rows
                    rows[row[0]] = tuple(row)
                else:
                    assert rows.pop(row[0]) == tuple(row)
            assert rows == {row[0]: row for row in self.files[number]}
        if not self.dataset.history:
            assert sum(kept for _, kept, _ in loads) <= KEPT_LOADS
        elif self.files and unique(self.files[-1]):
            newest = {row[0]: (is_new, *row) for _, is_new, *row in lines}
            replayed = sorted(row[1:] for row in newest.values() if row[0])
            assert replayed == sorted(self.files[-1])

    @property
    def columns(self) -> str:
        return ", ".join(f"coalesce({name}, '{N}')" for name in self.dataset.table_columns)

    def do_load(self, rows: list[Row], force: bool) -> bool:
        """Load as the task does; return whether something was written."""
        path, entry = written(self.warehouse.folder, self.dataset, rows)
        loader = self.warehouse.loader()
        outcome = loader.load(self.dataset, path, entry, force=force, previous=self.kept)
        path.replace(self.kept)
        return outcome.written

    def loaded(self, rows: list[Row], written_now: bool) -> None:
        if written_now:
            self.files.append(rows)
            self.lost = False

    def end_sessions(self) -> None:
        """End the pipeline's sessions, as when its machine is gone."""
        self.database.query(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity "
            "where usename = 'pipeline' and datname = current_database()"
        )


@pytest.mark.parametrize("dataset", [CREW, RATINGS], ids=lambda dataset: str(dataset.name))
def test_loads_in_any_order(warehouse: LoadedWarehouse, dataset: Dataset) -> None:
    warehouse.settings = replace(warehouse.settings, keep_loads=KEPT_LOADS, copy_connections=2)

    class Here(Loads):
        pass

    Here.warehouse, Here.dataset = warehouse, dataset
    run_state_machine_as_test(Here, settings=examples(15, steps=8))
