"""Whatever happened on which day: a warehouse that caught up is the one that a full refresh makes.

Row for row, in every table that the dbt project makes (its manifest says which), and nothing is
written that has not changed. Each build is asked how it was made, so that a warehouse that is built
whole every day is not taken for one that catches up.
"""

import os
from pathlib import Path

import pytest

from imdb_pipeline.config import DATASET_NAMES
from include.sample.maker import make_sample
from tests.support.daily_changes import STEADY_CHANGES, Deck, change_much, empty, on_two_days
from tests.support.days import World, small_world
from tests.support.dbt_days import ModelsBuilt, TwoWarehouses, two_warehouses
from tests.support.postgres import Cluster

SAMPLE_TITLES = 600
WORLD_TITLES = 400
# Things that happen on a quiet day: three such days are well below catch_up_share in every file.
FEW = 28
# Another one gives other days; a report says which it was.
SEED = int(os.environ.get("DAYS_SEED", "20"))


# dbt leaves the log files of earlier runs in the process to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file .*dbt.log:ResourceWarning")


class ChangingWarehouses:
    """A world, its two warehouses, and days that pass."""

    def __init__(self, stage: TwoWarehouses, world: World, folder: Path) -> None:
        self.stage = stage
        self.world = world
        self.folder = folder
        self.deck = Deck(world)

    def quiet_day(self, *datasets: str, few: int = FEW) -> None:
        """A few things happen, and all files are loaded, or some; by what differs in them."""
        self.deck.deal(few)
        done = self.stage.load(self.world.write(self.folder), datasets or DATASET_NAMES)
        assert {name: one.why_full for name, one in done.items() if one.why_full} == {}

    def steady_day(self) -> None:
        """A quiet day on which no mean rating changes."""
        Deck(self.world, STEADY_CHANGES).deal(FEW)
        self.quiet_day(few=0)

    def agrees(self, *, published: bool = True) -> None:
        """The two warehouses are the same."""
        found = self.stage.differences(published=published)
        assert not found, f"seed {SEED}, day {self.world.day - 1}\n" + "\n\n".join(found)

    def caught_up(self) -> ModelsBuilt:
        """Build and publish; nothing is built whole."""
        done = self.stage.build_and_publish()
        assert done.whole == set(), {name: done.messages[name] for name in done.whole}
        return done


def test_days_of_the_sample(postgres: Cluster, tmp_path: Path) -> None:
    with two_warehouses(postgres) as stage:
        built = {}
        for day in range(1, 5):
            make_sample(tmp_path / f"day-{day}", SAMPLE_TITLES, day=day)
            stage.load(tmp_path / f"day-{day}")
            built[day] = stage.build_and_publish()

        assert built[1].caught_up == set()
        # Marts are made in two places in turn, and the second one was empty.
        assert built[2].whole == stage.models_of(schema="marts_next")
        assert built[3].whole | built[4].whole == set()
        assert stage.differences() == []


@pytest.mark.full
def test_days_with_every_kind_of_change(postgres: Cluster, tmp_path: Path) -> None:
    world = small_world(tmp_path / "sample", WORLD_TITLES, SEED)
    with two_warehouses(postgres, world.notes) as stage:
        story = ChangingWarehouses(stage, world, tmp_path / "days")
        stage.load(world.write(story.folder))
        assert stage.build_and_publish().caught_up == set()
        story.quiet_day()
        assert stage.build_and_publish().whole == stage.models_of(schema="marts_next")
        story.quiet_day()
        story.caught_up()

        some_files_and_two_loads_at_once(story)
        builds_that_were_broken_off(story)
        keys_given_twice(story)
        files_out_of_order(story)
        too_much_at_once(story)
        changes_no_longer_kept(story)
        nothing_to_do(story)
        means_that_stay(story)
        marts_built_before_those_they_read(story)


def some_files_and_two_loads_at_once(story: ChangingWarehouses) -> None:
    story.quiet_day("title.ratings", few=20)  # Its load follows right upon the one before.
    story.caught_up()
    story.stage.go_back()
    days = on_two_days(story.world)
    next(days)
    story.quiet_day(few=5)
    next(days, None)
    story.quiet_day(few=5)
    story.caught_up()
    story.agrees()


def builds_that_were_broken_off(story: ChangingWarehouses) -> None:
    """Some models are a load ahead of others; one that could not be written is behind them."""
    stage = story.stage
    story.quiet_day(few=10)
    marts = {model.name: model for model in stage.models if model.schema == "marts_next"}
    on_their_own = [name for name, model in marts.items() if not model.reads.intersection(marts)]
    part = ("stg_title_ratings", "stg_title_akas", "stg_title_principals", *on_their_own[:2])
    assert stage.build("--select", *part).failed == {}
    story.quiet_day(few=10)
    locked = next(
        name for name in on_their_own[2:] if any(name in model.reads for model in marts.values())
    )
    with stage.daily.database.session() as session, session.cursor() as cursor:
        cursor.execute(f"lock table marts_next.{locked} in share mode")
        failed = stage.build(options="-c lock_timeout=20ms").failed
    assert "lock timeout" in failed[locked]
    story.caught_up()
    story.agrees()


def keys_given_twice(story: ChangingWarehouses) -> None:
    """What changed cannot be said then, so all that depends on these files is built whole."""
    stage, world = story.stage, story.world
    doubled = ("title.basics", "title.akas", "title.principals", "title.ratings", "name.basics")
    story.deck.deal(5)
    for dataset, column, value in (
        ("title.basics", "primaryTitle", "Aaa"),
        ("title.akas", "title", "Zzz"),
        ("title.principals", "category", "aaa"),
        ("title.ratings", "averageRating", "1.2"),
        ("name.basics", "primaryName", "Zzz"),
    ):
        for row in world.random.sample(list(world.files[dataset].values()), 3):
            world.double(dataset, row, **{column: value})
    done = stage.load(world.write(story.folder))
    assert {name for name, one in done.items() if not one.load.changes_kept} == set(doubled)
    built = stage.build_and_publish()
    assert built.whole == stage.models_of(*doubled)
    story.agrees()


def files_out_of_order(story: ChangingWarehouses) -> None:
    """The doubled keys are single again; what changed is found in unsorted files, too."""
    stage, world = story.stage, story.world
    world.shuffled = shuffled = {"title.crew", "title.episode"}
    world.numeric = {"title.akas", "title.principals"}
    story.deck.deal(10)
    done = stage.load(world.write(story.folder))
    assert shuffled <= {name for name, one in done.items() if one.why_full}
    stage.build_and_publish()
    story.deck.deal(10)
    done = stage.load(world.write(story.folder))  # Of these files the older ones are not sorted.
    assert {name for name, one in done.items() if one.why_full} == shuffled
    assert [n for n, one in done.items() if one.written and not one.load.changes_kept] == []
    built = stage.build_and_publish()
    assert not built.whole & stage.models_of(schema="staging")
    story.agrees()


def too_much_at_once(story: ChangingWarehouses) -> None:
    """More changed than is worth catching up with; then as much comes back."""
    stage, world = story.stage, story.world
    much = {"title.ratings": "numVotes", "title.episode": "seasonNumber"}
    for dataset, column in much.items():
        change_much(world, dataset, column, 0.5)
    left = empty(world, "title.akas", 3)
    story.deck.deal(5)
    stage.load(world.write(story.folder))
    built = stage.build_and_publish()
    assert built.whole & stage.models_of(schema="staging") == stage.models_of(
        *much, "title.akas", schema="staging"
    )
    story.agrees()
    for row in left:
        world.put("title.akas", row)
    story.deck.deal(10)
    stage.load(world.write(story.folder), compare_files=False)
    built = stage.build_and_publish()
    assert built.whole & stage.models_of(schema="staging") == {"stg_title_akas"}


def changes_no_longer_kept(story: ChangingWarehouses) -> None:
    """Who missed more loads than are kept is built whole, though each of them was small."""
    stage, world = story.stage, story.world
    for _ in range(3):
        for dataset, column, value in (
            ("name.basics", "primaryName", "{} Sr."),
            ("title.ratings", "numVotes", "{}1"),
        ):
            for row in list(world.files[dataset].values())[:3]:
                world.set(dataset, row, column, value)
        stage.load(world.write(story.folder), keep_loads=2)
    built = stage.build_and_publish()
    assert built.whole & stage.models_of(schema="staging") == {"stg_name_basics"}
    story.agrees()


def nothing_to_do(story: ChangingWarehouses) -> None:
    """Without a new load the marts that are behind are built once; then nothing is written."""
    story.stage.build_and_publish()
    done = story.caught_up()
    assert done.untouched == story.stage.models_of()
    for model in story.stage.models:
        if model.is_incremental:
            assert done.messages[model.name] == "MERGE 0"


def means_that_stay(story: ChangingWarehouses) -> None:
    """No mean rating changes, so only the rows that a change touches are computed again."""
    story.steady_day()
    story.caught_up()


def marts_built_before_those_they_read(story: ChangingWarehouses) -> None:
    """By hand, say, with `dbt run --select`: what they read then is older than staging."""
    stage = story.stage
    story.steady_day()
    marts = {model.name: model for model in stage.models if model.schema == "marts_next"}
    readers = [name for name, model in marts.items() if model.reads.intersection(marts)]
    staging = [model.name for model in stage.models if model.schema == "staging"]
    assert stage.build("--select", *staging, *readers).failed == {}
    story.caught_up()
    story.agrees()
