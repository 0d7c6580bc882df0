"""Promise 8: two at once do no harm: one works, the other ends with a sentence that says who."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from imdb_pipeline.config import dataset_named
from imdb_pipeline.loader import Loader
from include.local.layout import Layout, LocalError
from include.local.project import builds_for_all, dbt_by_hand
from include.local.warehouse import Warehouse as Place
from tests.support.loads import Warehouse
from tests.support.marts import Marts
from tests.support.postgres import Database
from tests.support.snapshots import RATINGS, TWO_ROWS, written
from warehouse.database.connection import connected
from warehouse.database.turns import BUILDING, LOADING, hold, sharing
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


def test_the_second_loader_of_a_file_names_the_first(warehouse: Warehouse) -> None:
    said = []

    def load_again(pid: int) -> None:
        with pytest.raises(WarehouseUnavailable) as caught:
            warehouse.loader().load(RATINGS, *written(warehouse.folder, RATINGS, TWO_ROWS))
        said.append(str(caught.value))

    assert warehouse.load(TWO_ROWS, during_copy=load_again).written
    (sentence,) = said
    assert re.match(
        r"load title\.ratings: session \d+ of pipeline \(warehouse: load title\.ratings, since "
        r"20.* is at the same work\. Wait for it to end",
        sentence,
    )
    assert warehouse.rows() == TWO_ROWS


def test_loads_of_different_files_work_beside_each_other(warehouse: Warehouse) -> None:
    beside = []

    def load_another(_: int) -> None:
        path, entry = written(warehouse.folder, EPISODE, EPISODES)
        beside.append(warehouse.loader().load(EPISODE, path, entry).written)

    assert warehouse.load(TWO_ROWS, during_copy=load_another).written
    assert beside == [True]


def test_no_load_comes_in_while_a_model_is_built(warehouse: Warehouse, marts: Marts) -> None:
    marts.begin("nightly")
    with (
        marts.model_at_work("nightly", "mart_top_titles") as pid,
        marts.model_at_work("nightly", "mart_one"),
    ):
        with pytest.raises(WarehouseUnavailable) as caught:
            warehouse.load(TWO_ROWS)
        assert str(caught.value).startswith(
            f"loading cannot begin: session {pid} of pipeline "
            "(warehouse: dbt mart_top_titles nightly, since "
        )
        assert warehouse.ledger() == []
    assert warehouse.load(TWO_ROWS).written


def test_no_model_is_built_and_no_build_begins_while_a_load_works(
    warehouse: Warehouse, marts: Marts
) -> None:
    marts.begin("nightly")
    refused = rf"building cannot begin: session \d+ of pipeline \(warehouse: load {RATINGS.name}"
    tried = []

    def build(_: int) -> None:
        with (
            pytest.raises(WarehouseUnavailable, match=refused),
            marts.model_at_work("nightly"),
        ):
            pass
        with pytest.raises(WarehouseUnavailable, match=refused):
            marts.begin("another")
        tried.append(True)

    assert warehouse.load(TWO_ROWS, during_copy=build).written
    assert tried == [True]
    build_of_what_came_in = marts.begin("another")
    assert build_of_what_came_in
    assert build_of_what_came_in.state.load_id == newest(marts.database)


class AfterItsId:
    """A clock that does something once, when the loader has taken its load's number: not before."""

    def __init__(self, database: Database, ids_before: int) -> None:
        self.database = database
        self.ids_before = ids_before
        self.found: list[str] = []
        self.marts: Marts | None = None
        self.other: Warehouse | None = None

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
            with pytest.raises(WarehouseUnavailable) as caught:
                self.marts.begin("too soon", "a test wants it")
            self.found.append(str(caught.value))
        return 0.0


def test_a_load_with_a_lower_number_that_commits_later_is_not_missed(
    warehouse: Warehouse, marts: Marts
) -> None:
    """A publish made from load 2 while load 1 is not there yet would say: up to 2, all is there."""
    clock = AfterItsId(warehouse.database, 0)
    clock.marts, clock.other = marts, warehouse
    path, entry = written(warehouse.folder, RATINGS, TWO_ROWS)
    Loader(warehouse.database.url, warehouse.settings, clock=clock).load(RATINGS, path, entry)

    (sentence,) = clock.found
    assert sentence.startswith("building cannot begin: session")
    assert warehouse.database.query("select load_id, dataset from meta.load_log order by 1") == [
        (1, "title.ratings"),
        (2, "title.episode"),
    ]
    build = marts.begin("now")
    assert build
    assert build.state.load_id == 2


def newest(database: Database) -> int:
    """The newest load that is committed."""
    with database.session() as session:
        return newest_load_id(session.cursor())


def test_a_load_that_came_in_ends_the_build(warehouse: Warehouse, marts: Marts) -> None:
    build = marts.begin("nightly")
    assert build
    marts.build("nightly")
    warehouse.load(TWO_ROWS, run_id="by hand")
    came_in = r"^run nightly: load 1 \(title\.ratings\) of run by hand came in at 20.*Start a new"
    with pytest.raises(WarehouseRefused, match=came_in), marts.model_at_work("nightly"):
        pass
    with pytest.raises(WarehouseRefused, match=came_in):
        marts.publish("nightly", build)
    marts.build_and_publish("next")
    assert marts.published() == {2}


def test_another_project_ends_the_build(marts: Marts) -> None:
    marts.begin("nightly")
    marts.change_project("select 2")
    with (
        pytest.raises(WarehouseRefused, match=r"the dbt project in .* changed after build 1 began"),
        marts.model_at_work("nightly"),
    ):
        pass


def test_of_two_builds_the_one_that_began_last_goes_on(marts: Marts) -> None:
    first = marts.begin("first")
    assert first
    marts.build("first", only=NAMES[:1])
    with (
        marts.model_at_work("first") as pid,
        pytest.raises(WarehouseUnavailable, match=rf"building: session {pid} of pipeline .*first"),
    ):
        marts.begin("second")

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
        marts.model_at_work(run_id, build_id=first.build_id),
    ):
        pass
    with pytest.raises(WarehouseRefused, match=taken_over):
        marts.publish(run_id, first)
    with pytest.raises(WarehouseRefused, match="did not build mart_one"):
        marts.publish(run_id, second)  # What the other one built is not its own.
    with marts.model_at_work(run_id, build_id=second.build_id):
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
        marts.model_at_work("tonight"),
    ):
        pass
    with pytest.raises(WarehouseRefused, match=r"run by hand, begun .* has written into"):
        marts.rollback()
    assert marts.published() == {nightly.build_id}


def test_nothing_is_published_while_a_model_is_at_work(marts: Marts) -> None:
    build = marts.begin("nightly")
    assert build
    marts.build("nightly")
    with (
        marts.model_at_work("nightly", "mart_two") as pid,
        pytest.raises(WarehouseUnavailable, match=rf"building: session {pid} .*dbt mart_two night"),
    ):
        marts.publish("nightly", build)
    marts.publish("nightly", build)


def test_a_publish_of_a_run_that_lost_its_turn_is_in_nobodys_way(marts: Marts) -> None:
    """It says whose turn it is, and asks for no lock that a model of that run would miss."""
    first = marts.begin("first")
    assert first
    marts.build("first")
    marts.begin("second")
    with (
        marts.model_at_work("second"),
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
        assert re.match(r"building: session \d+ of pipeline \(warehouse: publish nightly", sentence)
    assert marts.published() == {build.build_id}
    assert marts.database.value("select count(*) from meta.publish_log") == 2


HOLDER = """
import sys, time
from warehouse.database.connection import connected
from warehouse.database.turns import held, sharing
with connected(sys.argv[1], purpose="holder") as connection, connection.cursor() as cursor:
    with held(connection, "load title.ratings"), sharing(connection, "building", never_with="-"):
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
        yield process
        process.kill()


@pytest.mark.parametrize("statement", ["select 1", "select pg_sleep(600)"], ids=["idle", "busy"])
def test_a_holder_that_is_killed_lets_go(
    warehouse: Warehouse, marts: Marts, statement: str
) -> None:
    """Even where Postgres is in the midst of a statement of its that nobody waits for any more."""
    marts.begin("nightly")
    with holder(warehouse.database, statement) as process:
        with pytest.raises(
            WarehouseUnavailable, match=r"load title\.ratings: session \d+ .*holder"
        ):
            warehouse.load(TWO_ROWS)
        process.kill()
        process.wait()
        with warehouse.database.session() as session, session.cursor() as cursor:
            # Until the server has noticed; the cluster of the tests ends a wait after 20 s.
            cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (BUILDING,))
    assert warehouse.load(TWO_ROWS).written
    assert marts.begin("after")


def test_who_holds_a_lock_in_a_crowd_is_named_three_times_at_most(database: Database) -> None:
    with (
        database.session() as one,
        database.session() as two,
        database.session() as three,
        database.session() as four,
        database.session() as five,
    ):
        with (
            sharing(one, LOADING, never_with=BUILDING),
            sharing(two, LOADING, never_with=BUILDING),
            sharing(three, LOADING, never_with=BUILDING),
            sharing(four, LOADING, never_with=BUILDING),
            pytest.raises(WarehouseUnavailable) as caught,
            sharing(five, BUILDING, never_with=LOADING),
        ):
            pass
        assert str(caught.value).count("session") == 4, "three, and the one of the advice"
        assert "and 1 more is loading" in str(caught.value)
        hold(five.cursor(), LOADING)


@pytest.mark.parametrize(
    ("words", "target", "expected"),
    [
        ("build --target prod", "dev", True),
        ("run --target=prod --select x", "dev", True),
        ("run -t prod", "dev", True),
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


def test_dbt_by_hand_waits_for_its_turn(database: Database, tmp_path: Path) -> None:
    place = Place(database.url, database.url, None, embedded=False)
    with (
        connected(database.url, purpose="load title.crew") as session,
        sharing(session, LOADING, never_with=BUILDING),
        pytest.raises(LocalError, match=r"^building cannot begin: session \d+ .*load title\.crew"),
    ):
        dbt_by_hand(Layout(tmp_path), {}, place, ["build", "--target", "prod"])
