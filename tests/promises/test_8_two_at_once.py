"""Promise 8: two at once do no harm: one works, the other ends and names the first."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from threading import Thread

import pytest
from psycopg2.extensions import cursor as Cursor

from imdb_pipeline.config import dataset_named
from imdb_pipeline.loader import Loader
from include.local.layout import Layout, LocalError
from include.local.project import builds_for_all, dbt_by_hand
from include.local.warehouse import Warehouse as WarehousePlace
from tests.support.loads import LoadedWarehouse
from tests.support.marts import Marts, write_manifest
from tests.support.postgres import Database
from tests.support.snapshots import RATINGS, TWO_ROWS, written
from warehouse.database.connection import connected
from warehouse.database.turns import building, building_lock, hold, loading, loading_lock
from warehouse.errors import WarehouseRefused, WarehouseUnavailable
from warehouse.raw.ledger import newest_load_id

ROOT = Path(__file__).parents[2]
NAMES = ("mart_one", "mart_two")
EPISODE = dataset_named("title.episode")
EPISODES = [("tt0000011", "tt0000010", "1", "1")]


@pytest.fixture
def marts(database: Database, tmp_path: Path) -> Marts:
    """Marts of which nothing was built yet, in the database of `warehouse`."""
    return Marts(database, tmp_path / "project", NAMES)


def test_the_second_loader_of_a_file_names_the_first(warehouse: LoadedWarehouse) -> None:
    said = []

    def load_again(pid: int) -> None:
        with pytest.raises(WarehouseUnavailable) as caught:
            warehouse.loader().load(RATINGS, *written(warehouse.folder, RATINGS, TWO_ROWS))
        said.append(str(caught.value))

    assert warehouse.load(TWO_ROWS, during_copy=load_again).written
    (sentence,) = said
    assert re.match(
        r"imdb: load title\.ratings: session \d+ of pipeline "
        r"\(warehouse: imdb: load title\.ratings, since "
        r"20.* holds the lock\. Nothing was changed\. Wait for it to end",
        sentence,
    )
    assert warehouse.rows() == TWO_ROWS


def test_loads_of_different_files_work_beside_each_other(warehouse: LoadedWarehouse) -> None:
    beside = []

    def load_another(_: int) -> None:
        path, entry = written(warehouse.folder, EPISODE, EPISODES)
        beside.append(warehouse.loader().load(EPISODE, path, entry).written)

    assert warehouse.load(TWO_ROWS, during_copy=load_another).written
    assert beside == [True]


def test_no_load_comes_in_while_dbt_builds(warehouse: LoadedWarehouse, marts: Marts) -> None:
    marts.begin("nightly")
    with marts.session("nightly"):
        with pytest.raises(WarehouseUnavailable) as caught:
            warehouse.load(TWO_ROWS)
        assert re.match(
            r"imdb: loading: session \d+ of pipeline \(warehouse: dbt nightly, since ",
            str(caught.value),
        )
        assert warehouse.ledger() == []
    assert warehouse.load(TWO_ROWS).written


def test_dbt_does_not_begin_while_a_load_works(warehouse: LoadedWarehouse, marts: Marts) -> None:
    build = marts.begin("nightly")
    assert build
    refused = rf"imdb: loading: session \d+ of pipeline \(warehouse: imdb: load {RATINGS.name}"
    tried = []

    def try_to_build(_: int) -> None:
        with pytest.raises(WarehouseUnavailable, match=refused), marts.session("nightly"):
            pass
        tried.append(True)

    assert warehouse.load(TWO_ROWS, during_copy=try_to_build).written
    assert tried == [True]
    with marts.session("nightly", build_id=build.build_id) as build:
        assert build.state.load_id == newest(marts.database)


def test_a_session_that_has_to_wait_begins_when_the_other_ended(marts: Marts) -> None:
    """With patience, a load and a dbt session wait for a session of the source."""
    marts.begin("nightly")
    got = []

    def take(turn: Callable[..., AbstractContextManager[None]]) -> None:
        with marts.database.session() as session, turn(session, "imdb", patience=15):
            got.append(turn)

    with marts.session("nightly"):
        threads = [Thread(target=take, args=[turn]) for turn in (loading, building)]
        for thread in threads:
            thread.start()
        waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        while marts.database.value(waiting) < 2:
            assert all(thread.is_alive() for thread in threads)
        assert got == []
    for thread in threads:
        thread.join()
    assert set(got) == {loading, building}


def test_a_source_is_loaded_while_another_is_built(
    warehouse: LoadedWarehouse, marts: Marts, tmp_path: Path
) -> None:
    """Neither waits for the other, and neither sees the other's loads."""
    toy = Marts(warehouse.database, tmp_path / "toy", ["mart_toy"], source="toy", dag_id="toy")
    own = toy.begin("nightly")
    assert own
    with toy.session("nightly", build_id=own.build_id) as build:
        assert warehouse.load(TWO_ROWS).written
        marts.begin("nightly")
        with marts.session("nightly") as other:
            assert other.state.load_id == newest(warehouse.database) == 1
        marts.build("nightly")
        marts.publish("nightly")
        toy._build("mart_toy", build)
    # The load of the other source is not in its way, nor its build of the same name.
    with toy.session("nightly", build_id=own.build_id) as build:
        assert build.state.load_id == 0
    toy.publish("nightly", own)
    assert (toy.published(), marts.published()) == ({own.build_id}, {own.build_id + 1})


class AfterItsId:
    """A clock that does something once, when the loader has taken its load's number: not before."""

    def __init__(self, database: Database, ids_before: int) -> None:
        self.database = database
        self.ids_before = ids_before
        self.found: list[str] = []
        self.marts: Marts | None = None
        self.other: LoadedWarehouse | None = None

    def __call__(self) -> float:
        last = self.database.value(
            "select coalesce(pg_sequence_last_value(pg_get_serial_sequence("
            "'meta.load_log', 'load_id')::regclass), 0)"
        )
        if last > self.ids_before and not self.found and self.marts and self.other:
            # Another file's load has a higher number and is committed first.
            path, entry = written(self.other.folder, EPISODE, EPISODES)
            Loader(self.database.url, self.other.settings).load(EPISODE, path, entry)
            assert newest(self.database) == last + 1
            self.marts.begin("too soon", "a test wants it")
            with pytest.raises(WarehouseUnavailable) as caught, self.marts.session("too soon"):
                pass
            self.found.append(str(caught.value))
        return 0.0


def test_a_load_with_a_lower_number_that_commits_later_is_not_missed(
    warehouse: LoadedWarehouse, marts: Marts
) -> None:
    """A build whose bound is load 2 while load 1 is not committed would miss load 1 for good."""
    clock = AfterItsId(warehouse.database, 0)
    clock.marts, clock.other = marts, warehouse
    path, entry = written(warehouse.folder, RATINGS, TWO_ROWS)
    Loader(warehouse.database.url, warehouse.settings, clock=clock).load(RATINGS, path, entry)

    (sentence,) = clock.found
    assert sentence.startswith("imdb: loading: session")
    assert warehouse.database.query("select load_id, dataset from meta.load_log order by 1") == [
        (1, "title.ratings"),
        (2, "title.episode"),
    ]
    with marts.session("too soon") as build:
        assert build.state.load_id == 2


def newest(database: Database) -> int:
    """The newest load that is committed."""
    with database.session() as session:
        return newest_load_id(session.cursor(), "imdb")


def test_a_load_between_the_decision_and_dbt_is_taken_in(
    warehouse: LoadedWarehouse, marts: Marts
) -> None:
    build = marts.begin("nightly")
    assert build
    assert build.state.load_id == 0
    warehouse.load(TWO_ROWS, run_id="by hand")
    with marts.session("nightly", build_id=build.build_id) as build:
        assert build.state.load_id == 1
    marts.build("nightly")
    marts.publish("nightly", build)
    assert marts.begin("next") is None, "the load is in what was published"


def test_a_load_between_dbt_and_the_publish_is_for_the_next_build(
    warehouse: LoadedWarehouse, marts: Marts
) -> None:
    build = marts.begin("nightly")
    assert build
    marts.build("nightly")
    warehouse.load(TWO_ROWS, run_id="by hand")
    marts.publish("nightly", build)
    assert marts.published() == {build.build_id}
    after = marts.begin("next")
    assert after
    assert after.reason == "the newest load is 1, the marts are made from 0"


def test_a_load_between_two_sessions_of_a_build_ends_the_build(
    warehouse: LoadedWarehouse, marts: Marts
) -> None:
    """The models that the first session built are made from other rows."""
    marts.begin("nightly")
    marts.build("nightly", only=NAMES[:1])
    warehouse.load(TWO_ROWS, run_id="by hand")
    came_in = r"^run nightly: load 1 \(title\.ratings\) of run by hand came in at 20.*Start a new"
    with pytest.raises(WarehouseRefused, match=came_in), marts.session("nightly"):
        pass
    marts.build_and_publish("next")
    assert marts.published() == {2}


def test_another_project_ends_the_build(marts: Marts) -> None:
    marts.begin("nightly")
    marts.change_project("select 2")
    with (
        pytest.raises(WarehouseRefused, match=r"the dbt project in .* changed after build 1 began"),
        marts.session("nightly"),
    ):
        pass


def test_of_two_builds_the_one_that_began_last_goes_on(marts: Marts) -> None:
    first = marts.begin("first")
    assert first
    marts.build("first", only=NAMES[:1])
    refused = r"imdb: building: session \d+ of pipeline .*first"
    with marts.session("first"):
        with pytest.raises(WarehouseUnavailable, match=refused):
            marts.begin("second")
        with pytest.raises(WarehouseUnavailable, match=refused), marts.session("first"):
            pass

    second = marts.begin("second")
    assert second
    taken_over = r"^run first: run second \(build 2, begun 20.*\) has taken over since"
    with pytest.raises(WarehouseRefused, match=taken_over):
        marts.build("first", only=NAMES[1:])
    marts.build("second")
    with pytest.raises(WarehouseRefused, match=taken_over):
        marts.publish("first", first)
    marts.publish("second", second)
    assert marts.published() == {second.build_id}


def test_two_schedulers_call_their_nightly_run_the_same(marts: Marts) -> None:
    run_id = "scheduled__2031-06-02T00:00:00+00:00"
    first = marts.begin(run_id)
    assert first
    marts.build(run_id)
    second = marts.begin(run_id)
    assert second
    taken_over = rf"run {re.escape(run_id)} \(build {second.build_id}, begun .* has taken over"
    with (
        pytest.raises(WarehouseRefused, match=taken_over),
        marts.session(run_id, build_id=first.build_id),
    ):
        pass
    with pytest.raises(WarehouseRefused, match=taken_over):
        marts.publish(run_id, first)
    with pytest.raises(WarehouseRefused, match="did not build mart_one"):
        marts.publish(run_id, second)  # What the other one built is not its own.
    with marts.session(run_id, build_id=second.build_id):
        pass
    marts.build(run_id)
    marts.publish(run_id, second)
    assert marts.published() == {second.build_id}


def test_a_model_by_hand_begins_a_build_of_its_own(marts: Marts) -> None:
    marts.build_and_publish("before")
    nightly = marts.build_and_publish("nightly")
    marts.begin("tonight", "a test wants it")
    marts.build("by hand", only=NAMES[:1])
    reasons = marts.database.query("select run_id, reason from meta.build_log order by build_id")
    assert reasons[-1] == ("by hand", "models are run by hand")
    with (
        pytest.raises(WarehouseRefused, match=r"run by hand .* has taken over"),
        marts.session("tonight"),
    ):
        pass
    with pytest.raises(WarehouseRefused, match=r"run by hand, begun .* has written into"):
        marts.rollback()
    assert marts.published() == {nightly.build_id}


def test_nothing_is_published_while_dbt_builds(marts: Marts) -> None:
    build = marts.begin("nightly")
    assert build
    marts.build("nightly")
    with (
        marts.session("nightly"),
        pytest.raises(WarehouseUnavailable, match=r"imdb: building: session \d+ .*dbt nightly"),
    ):
        marts.publish("nightly", build)
    marts.publish("nightly", build)


def test_a_publish_of_a_run_that_lost_its_turn_takes_no_lock(marts: Marts) -> None:
    """It names the build that took over, whose dbt session would miss the lock."""
    first = marts.begin("first")
    assert first
    marts.build("first")
    marts.begin("second")
    with (
        marts.session("second"),
        pytest.raises(WarehouseRefused, match=r"run second .* has taken over"),
    ):
        marts.publish("first", first)


def test_of_two_publishes_one_works_and_no_build_begins(marts: Marts) -> None:
    marts.build_and_publish("old")
    build = marts.begin("nightly", "a test wants it")
    assert build
    marts.build("nightly")
    said = []

    with marts.database.session("analyst") as reader, reader.cursor() as cursor:
        cursor.execute("select * from mart_one")

        def meanwhile(_: float) -> None:
            for work in (
                lambda: marts.publish("nightly", build),
                lambda: marts.begin("impatient", "a test wants it"),
            ):
                with pytest.raises(WarehouseUnavailable) as caught:
                    work()
                said.append(str(caught.value))
            reader.commit()

        marts.publish("nightly", build, patience=60, pause=meanwhile)

    assert len(said) == 2
    for sentence in said:
        assert re.match(
            r"imdb: building: session \d+ of pipeline \(warehouse: publish nightly", sentence
        )
    assert marts.published() == {build.build_id}
    assert marts.database.value("select count(*) from meta.publish_log") == 2


HOLDER = """
import sys, time
from warehouse.database.connection import connected
from warehouse.database.turns import building, held
with connected(sys.argv[1], purpose="holder") as connection, connection.cursor() as cursor:
    with held(connection, "imdb: load title.ratings"), building(connection, "imdb"):
        print("holds", flush=True)
        cursor.execute(sys.argv[2])
        sys.stdin.read()
"""


@contextmanager
def holder(database: Database, statement: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of its own that holds locks while it does something in Postgres."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, database.url, statement],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT / "dags",
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"holds\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("statement", ["select 1", "select pg_sleep(600)"], ids=["idle", "busy"])
def test_a_holder_that_is_killed_lets_go(
    warehouse: LoadedWarehouse, marts: Marts, statement: str
) -> None:
    """Also while Postgres is in the middle of a statement whose client is gone."""
    marts.begin("nightly")
    with holder(warehouse.database, statement) as process:
        with pytest.raises(
            WarehouseUnavailable, match=r"imdb: load title\.ratings: session \d+ .*holder"
        ):
            warehouse.load(TWO_ROWS)
        process.kill()
        process.wait()
        with warehouse.database.session() as session, session.cursor() as cursor:
            # Until the server has noticed; the cluster of the tests ends a wait after 20 s.
            cursor.execute(
                "select pg_advisory_xact_lock(hashtextextended(%s, 0))", (building_lock("imdb"),)
            )
    assert warehouse.load(TWO_ROWS).written
    assert marts.begin("after")


def test_of_many_that_hold_a_lock_three_are_named(database: Database) -> None:
    with ExitStack() as stack:
        for _ in range(4):
            session = stack.enter_context(database.session())
            stack.enter_context(loading(session, "imdb"))
        builder = stack.enter_context(database.session())
        with pytest.raises(WarehouseUnavailable) as caught, building(builder, "imdb"):
            pass
        assert str(caught.value).count("session ") == 3
        assert "and 1 more holds the lock" in str(caught.value)
        # What it got of the turn was given back.
        hold(database_cursor(stack, database), building_lock("imdb"))
        with pytest.raises(WarehouseUnavailable):
            hold(database_cursor(stack, database), loading_lock("imdb"))


def database_cursor(stack: ExitStack, database: Database) -> Cursor:
    """A cursor of a session of its own."""
    return stack.enter_context(database.session()).cursor()


@pytest.mark.parametrize(
    ("words", "target", "expected"),
    [
        ("build --target prod", "dev", True),
        ("run --target=prod --select x", "dev", True),
        ("run -t prod", "dev", True),
        ("run -tprod --select x", "dev", True),
        ("run -qtprod", "dev", True),
        ("--target prod run", "dev", True),
        ("-tprod run -t dev", "prod", False),
        ("build", "prod", True),
        ("build", "dev", False),
        ("build --target dev", "prod", False),
        ("docs generate --target prod", "dev", False),
        ("debug", "prod", False),
    ],
)
def test_dbt_by_hand_takes_a_turn_where_it_writes_for_all(
    words: str, target: str, expected: bool
) -> None:
    assert builds_for_all(words.split(), {"DBT_TARGET": target}) is expected


@pytest.mark.parametrize(
    ("words", "said"), [("build -tprod --empty", "leave rows out"), ("retry", "repeat it in full")]
)
def test_dbt_by_hand_leaves_no_rows_out_and_hides_no_target(words: str, said: str) -> None:
    with pytest.raises(LocalError, match=said):
        builds_for_all(words.split(), {})
    assert not builds_for_all(["build", "--empty"], {"DBT_TARGET": "dev"})


def test_dbt_by_hand_does_not_begin_while_a_load_works(database: Database, tmp_path: Path) -> None:
    place = WarehousePlace(database.url, database.url, None, embedded=False)
    layout = Layout(tmp_path)
    write_manifest(layout.dbt / "manifest.json", NAMES, "imdb")
    with (
        connected(database.url, purpose="load title.crew") as session,
        loading(session, "imdb"),
        pytest.raises(LocalError, match=r"^imdb: loading: session \d+ .*load title\.crew"),
    ):
        dbt_by_hand(layout, {}, place, ["build", "--target", "prod"])
