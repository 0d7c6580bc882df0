"""dbt killed with SIGKILL, and run again: staging, marts and marks are as if it had never been."""

from contextlib import ExitStack

import pytest

from tests.support.dbt_scenes import HOLD_ROWS, Scenes, dbt_build, state, waiting
from tests.support.faults import held
from tests.support.fingerprint import left_behind, wait_until_alone
from tests.support.kill_points import KILL_POINTS, KillPoint
from tests.support.moments import exit_code_of_killed, started

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file .*dbt.log:ResourceWarning")
POINTS = [point for point in KILL_POINTS if point.operation == "dbt"]


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_killed_there_and_run_again_all_is_as_undisturbed(
    dbt_scenes: Scenes, point: KillPoint
) -> None:
    with dbt_scenes.postgres.database(dbt_scenes.site.database.name) as database:
        site = dbt_scenes.site.on(database)

        assert exit_code_of_killed(point.moment, dbt_build, site) == -9

        wait_until_alone(database)
        dbt_build(site)
        assert state(database) == dbt_scenes.ending
        wait_until_alone(database)
        assert left_behind(database) == []


def test_killed_while_the_server_is_busy_with_its_merge(dbt_scenes: Scenes) -> None:
    """The server goes on for a moment, waiting for the stranger, and takes back what it did."""
    with ExitStack() as stack:
        database = stack.enter_context(dbt_scenes.postgres.database(dbt_scenes.site.database.name))
        site = dbt_scenes.site.on(database)
        with held(database, HOLD_ROWS):
            process = started(dbt_build, site)
            while not waiting(database):
                assert process.is_alive(), "it did not wait for the rows"
            process.kill()
            process.join()
            assert process.exitcode == -9
            while waiting(database):
                pass  # it notices by itself, although what it waits for is not given

        wait_until_alone(database)
        assert state(database) == dbt_scenes.beginning
        dbt_build(site)
        assert state(database) == dbt_scenes.ending
