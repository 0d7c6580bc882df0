"""dbt at a limit, with a lost session, on a full disk: a clean failure, then a build as ever."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.support.dbt_scenes import (
    HOLD_ROWS,
    Scenes,
    dbt_build,
    dbt_statuses,
    state,
    waiting,
)
from tests.support.faults import held, on_a_small_disk, set_for_pipeline
from tests.support.fingerprint import left_behind, wait_until_alone
from tests.support.postgres import Database

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file .*dbt.log:ResourceWarning")

Fault = Callable[[Database, Path], AbstractContextManager[object]]


@contextmanager
def a_statement_timeout(database: Database, _: Path) -> Iterator[None]:
    with held(database, HOLD_ROWS), set_for_pipeline(database, "statement_timeout", "1s"):
        yield


@contextmanager
def a_session_that_is_ended(database: Database, _: Path) -> Iterator[None]:
    over = threading.Event()

    def end() -> None:
        while not (found := waiting(database)) and not over.is_set():
            pass
        for (pid,) in found:
            database.value("select pg_terminate_backend(%s, 10000)", pid)

    thread = threading.Thread(target=end)
    with held(database, HOLD_ROWS):
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


@contextmanager
def a_full_disk(database: Database, folder: Path) -> Iterator[None]:
    with on_a_small_disk(database, folder, 16):
        yield


FAULTS: dict[str, tuple[Fault, str]] = {
    "a statement timeout": (a_statement_timeout, "stg_title_ratings"),
    "a session that is ended": (a_session_that_is_ended, "stg_title_ratings"),
    "a full disk": (a_full_disk, "mart_rating_movers"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_model_that_fails_leaves_its_table_as_it_was_and_the_next_build_is_right(
    dbt_scenes: Scenes, tmp_path: Path, fault: str
) -> None:
    strike, model = FAULTS[fault]
    with dbt_scenes.postgres.database(dbt_scenes.site.database.name) as database:
        site = dbt_scenes.site.on(database)
        with strike(database, tmp_path):
            statuses = dbt_statuses(site)

        assert [name for name, how in statuses.items() if how == "error"] == [model]
        wait_until_alone(database)
        found = state(database)
        kept = [name for name in dbt_scenes.beginning if f".{model} " in name]
        assert len(kept) == 1
        assert found[kept[0]] == dbt_scenes.beginning[kept[0]]
        assert left_behind(database) == []
        dbt_build(site)
        assert state(database) == dbt_scenes.ending
