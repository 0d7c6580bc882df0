"""The server itself killed with SIGKILL, or restarted, in the middle of work: it recovers."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import pytest

from tests.support.fingerprint import left_behind, wait_until_alone
from tests.support.kill_points import KILL_POINTS, Operation
from tests.support.moments import Moment, at
from tests.support.postgres import running_cluster
from tests.support.stage import WORK, Stage, set_stage
from warehouse.errors import WarehouseUnavailable


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A stage on a server of its own, which writes to the disk as in earnest."""
    with (
        running_cluster(tmp_path_factory.mktemp("durable"), durable=True) as cluster,
        set_stage(cluster, tmp_path_factory.mktemp("crashed")) as stage,
    ):
        settings = (
            "select string_agg(setting, ' ' order by name) from pg_settings where name = any (%s)"
        )
        assert stage.template.value(settings, ["fsync", "synchronous_commit", "wal_level"]) == (
            "on on minimal"
        )
        yield stage


def moment(operation: Operation, name: str) -> Moment:
    (found,) = [one.moment for one in KILL_POINTS if (one.operation, one.name) == (operation, name)]
    return found


CRASHES: list[tuple[Operation, str]] = [
    ("load in full", "rows are coming in over two sessions"),
    ("load in full", "the new table has its name"),
    ("load in full", "the load is committed"),
    ("load as a delta", "rows have left and none has come"),
    ("publish", "the new tables are live, the old ones not kept"),
    ("publish", "it is committed"),
]


@pytest.mark.parametrize(
    ("operation", "name"), CRASHES, ids=[" - ".join(crash) for crash in CRASHES]
)
def test_a_server_killed_there_recovers_and_the_next_run_is_right(
    stage: Stage, operation: Operation, name: str
) -> None:
    through_a_fall(stage, operation, name, stage.postgres.crash)


def test_a_server_restarted_in_the_middle_of_a_load(stage: Stage) -> None:
    name = "rows are coming in over two sessions"
    through_a_fall(stage, "load in full", name, stage.postgres.stop)


def through_a_fall(stage: Stage, operation: Operation, name: str, fall: Callable[[], None]) -> None:
    """Let the server fall at the moment, start it, run again, and compare."""
    expected, begun = stage.ending(operation), stage.beginnings[operation]
    committed = name.endswith("is committed")
    with ExitStack() as stack:
        scene = stage.scene(stack, operation)
        work, arguments = WORK[operation](scene)
        fallen = []

        def once() -> None:
            fallen.append(name)
            fall()

        with at(moment(operation, name), once):
            if committed:
                with suppress(WarehouseUnavailable):  # A session may be closed in vain.
                    work(*arguments)
            else:
                with pytest.raises(WarehouseUnavailable, match="is not available"):
                    work(*arguments)
        assert fallen == [name]
        stage.postgres.start_again()

        found = scene.state()[0]
        assert {key: held for key, held in found.items() if "__new" not in key} == (
            expected if committed else begun
        )[0]
        work(*arguments)
        assert scene.state() == expected
        wait_until_alone(scene.database)
        assert left_behind(scene.database) == []
