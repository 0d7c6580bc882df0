"""A run that wants another origin takes nothing away from a run that is landing answers."""

from dataclasses import replace

import pytest

from tests.support.postgres import Database
from tests.support.tmdb import SyncRun, rows, served
from tmdb_pipeline.config import LISTS
from warehouse.database.connection import connected
from warehouse.errors import WarehouseRefused, WarehouseUnavailable
from warehouse.raw.api_batch import ApiRun, api_batch


def test_another_origin_begins_between_the_steps_of_a_run_and_not_in_one(
    database: Database,
) -> None:
    with served(titles=60) as server:
        first = SyncRun(database.url, server.base_url, "first")
        other = replace(first, run_id="other", changed={"source_name": "elsewhere"})
        first.pages_of_lists()
        before = rows(database)
        assert before["tmdb_items"] > 0

        with connected(database.url, purpose="first") as connection:
            run = ApiRun("tmdb_pipeline", "first", "sample")
            with (
                api_batch(connection, LISTS, run, patience=0),
                pytest.raises(WarehouseUnavailable, match="landing answers of sample"),
            ):
                other.sync.genres()
        assert rows(database) == before

        other.sync.genres()
        assert rows(database)["tmdb_items"] == 0
        with pytest.raises(WarehouseRefused, match="begun the history of elsewhere"):
            first.sync.changes()
