"""Killed anywhere with SIGKILL and run again, everything is as if it had never been killed.

The points are in `tests/support/kill_points.py`, the killed process is a real one, and the next
run is the same operation, begun anew, with no hand in between.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.support.fingerprint import fingerprint, left_behind, wait_until_alone
from tests.support.kill_points import KILL_POINTS, KillPoint
from tests.support.moments import exit_code_of_killed
from tests.support.postgres import Cluster
from tests.support.stage import WORK, Stage, set_stage


@pytest.fixture(scope="module")
def stage(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A loaded warehouse, and a source with the files of the next day."""
    with set_stage(postgres, tmp_path_factory.mktemp("killed")) as stage:
        yield stage


@pytest.mark.parametrize(
    "point", [point for point in KILL_POINTS if point.operation != "dbt"], ids=str
)
def test_killed_there_and_run_again_all_is_as_if_undisturbed(
    stage: Stage, point: KillPoint
) -> None:
    expected = stage.ending(point.operation)
    with ExitStack() as stack:
        scene = stage.scene(stack, point.operation)
        assert scene.state() == stage.beginnings[point.operation]
        work, arguments = WORK[point.operation](scene)

        assert exit_code_of_killed(point.moment, work, *arguments) == -9

        wait_until_alone(scene.database)
        visible = fingerprint(scene.database)
        visible = {name: held for name, held in visible.items() if "__new" not in name}
        assert visible in (stage.beginnings[point.operation][0], expected[0]), "half of it shows"
        work(*arguments)
        assert scene.state() == expected
        wait_until_alone(scene.database)
        assert left_behind(scene.database) == []
