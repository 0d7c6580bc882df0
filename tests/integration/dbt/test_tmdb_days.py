"""TMDb's models over days: what catches up is what is built whole; history is what was answered."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.dbt_site import Model, Site, parsed_project
from tests.support.postgres import Cluster
from tests.support.tables import difference, written_for_nothing
from tests.support.tmdb_world import TmdbWorld
from tmdb_pipeline.retention import prune
from warehouse.database.connection import connected

SELECTED = ("--select", "config.meta.source:tmdb", "config.meta.source:warehouse")
Version = tuple[int, datetime, datetime | None, Any]

# dbt leaves the log files of earlier runs in the process to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file .*dbt.log:ResourceWarning")


@dataclass
class AnsweredDays:
    """A world and two warehouses of it: one catches up, the other is built whole every day.

    `seen` has what a movie said at each build, and when it was answered: the history to expect.
    """

    world: TmdbWorld
    daily: Site
    whole: Site
    seen: dict[int, list[tuple[datetime, Any]]] = field(default_factory=lambda: defaultdict(list))
    messages: dict[str, str] = field(default_factory=dict)

    @property
    def models(self) -> list[Model]:
        """Everything that the project makes of TMDb."""
        return [model for model in self.daily.models() if model.source == "tmdb"]

    def day(self) -> None:
        """A day's answers land, and both warehouses are built."""
        answered = self.world.now + timedelta(minutes=5)
        for kind, number in sorted(self.world.due):
            states = self.seen[number]
            # Credits are no part of the history.
            if kind == "movie" and (not states or states[-1][1] != self._facts(number)):
                states.append((answered, self._facts(number)))
        self.world.land(self.daily.database, self.whole.database)
        self.build()
        self.build_whole()

    def build(self) -> None:
        """Build the warehouse that catches up."""
        done = self.daily.build(*SELECTED, run_id="daily")
        assert {str(result.status) for result in done.values()} == {"success"}
        self.messages = {name: str(result.message) for name, result in done.items()}

    def build_whole(self) -> None:
        """Build the other one."""
        done = self.whole.build(*SELECTED, "--full-refresh", run_id="whole")
        assert {str(result.status) for result in done.values()} == {"success"}

    def differences(self) -> list[str]:
        """In which tables the two are not the same."""
        pairs = (
            (model.place(self.daily.database), model.place(self.whole.database))
            for model in self.models
        )
        return [report for pair in pairs if (report := difference(*pair))]

    def rows(self, query: str) -> list[Any]:
        """Rows of the warehouse that catches up."""
        return self.daily.database.query(query)

    def _facts(self, number: int) -> Any:
        body = self.world.bodies[("movie", number)]
        if body is None:
            return None
        genres = list(dict.fromkeys(genre["name"] for genre in body["genres"])) or None
        return body["title"], body["revenue"] or None, genres


@pytest.fixture(scope="module")
def days(postgres: Cluster) -> Iterator[AnsweredDays]:
    """Four days: edits, things that go and come back, a genre that leaves its list."""
    with ExitStack() as stack:
        daily, whole = (
            parsed_project().on(stack.enter_context(postgres.database())) for _ in range(2)
        )
        world = TmdbWorld(movies=60, shows=20, people=40)
        story = AnsweredDays(world, daily, whole)
        story.day()
        world.edit(("movie", 1), revenue=123_456_789, title="Renamed")
        world.edit(("movie", 2), genres=[], credits={"cast": [], "crew": None})
        world.edit(("tv", 1), name="Keepers Again", status="Ended")
        world.edit(("person", 1), known_for_department="Directing")
        world.put(("movie", 3), None)
        world.put(("person", 2), None)
        story.day()
        world.edit(("movie", 1), revenue=223_456_789)
        world.put(("movie", 3), world._movie(3))
        world.put(("movie", 61), world._movie(61))
        del world.genres["movie"][10752]
        world.due_genres = {"movie"}
        story.day()
        world.put(("movie", 4), None)
        story.day()
        yield story


@pytest.fixture
def later(days: AnsweredDays, postgres: Cluster) -> Iterator[AnsweredDays]:
    """A copy of the warehouse that catches up, for what changes it: tests run in any order."""
    with postgres.database(days.daily.database.name) as copy:
        yield replace(days, daily=parsed_project().on(copy))


def test_what_catches_up_is_what_a_full_refresh_makes_of_the_same_builds(
    days: AnsweredDays,
) -> None:
    """Every table: staging, history, marts."""
    caught_up = {name for name, message in days.messages.items() if message.startswith("MERGE")}
    assert caught_up == {model.name for model in days.models if model.is_incremental}
    assert days.differences() == []


def test_the_history_of_movies_is_what_was_answered(days: AnsweredDays) -> None:
    expected = set()
    for number, states in days.seen.items():
        for position, (answered, facts) in enumerate(states):
            following = states[position + 1 :]
            if facts is not None:
                end = following[0][0] if following else None
                expected.add((number, answered, end, repr(facts)))
    found = {
        (number, begins, ends, repr((title, revenue, genres)))
        for number, begins, ends, title, revenue, genres in days.rows(
            "select movie_id, effective_date, expiration_date, title, revenue_usd, genres "
            "from marts_next.dim_movies_history"
        )
    }
    assert found == expected
    assert len([version for version in found if version[0] == 1]) == 3


def test_a_thing_that_is_gone_has_a_gap_and_no_current_version(days: AnsweredDays) -> None:
    ended = days.rows(
        "select movie_id, version_number, ended_by from marts_next.dim_movies_history "
        "where movie_id in (3, 4) order by 1, 2"
    )
    assert ended == [(3, 1, "gone"), (3, 2, None), (4, 1, "gone")]
    gone = "select {0} from marts_next.{1} where {0} = {2}"
    assert days.rows(gone.format("movie_id", "popular_movies", 4)) == []
    assert days.rows(gone.format("movie_id", "fact_movies", 4)) == []
    assert days.rows(gone.format("person_id", "dim_popular_people", 2)) == []
    # The person's own answer gives no credits; titles still name the person.
    stubs = days.rows("select distinct has_person_details from marts_next.bridge_person_project "
                      "where person_id = 2")  # fmt: skip
    assert stubs in ([], [(False,)])


def test_what_a_person_was_known_for_before_is_kept(days: AnsweredDays) -> None:
    """In another order it is the same; and who leaves the list keeps it."""
    changed = days.rows(
        "select person_id, array_agg(known_for_titles::text order by version_number) "
        "from marts_next.dim_people_history group by 1 having count(*) > 1"
    )
    assert len(changed) > 5
    for _, titles in changed:
        assert set(titles) <= {"{T1,T2,T1}", "{T3}", None}


def test_a_genre_that_left_its_list_is_retired_and_kept(days: AnsweredDays) -> None:
    retired = days.rows("select kind, genre_name from marts_next.dim_genres where retired")
    assert retired == [("movie", "War")]
    versions = days.rows(
        "select is_listed, dbt_valid_to is null from snapshots.snap_tmdb__genres "
        "where kind = 'movie' and genre_id = 10752 order by dbt_valid_from"
    )
    assert versions == [(True, False), (False, True)]


def test_a_second_build_of_the_day_writes_no_row(later: AnsweredDays) -> None:
    places = [
        model.place(later.daily.database)
        for model in later.models
        if model.is_incremental or model.schema == "snapshots"
    ]
    before = [place.versions() for place in places]
    later.build()
    assert [place.versions() for place in places] == before


def test_a_full_refresh_after_old_bodies_went_keeps_what_only_lists_say(
    days: AnsweredDays, later: AnsweredDays
) -> None:
    """Every body is too old, and only those of movies and people are confirmed."""
    database = later.daily.database
    database.execute(
        "insert into meta.publish_log (source, dag_id, run_id, project_sha256, load_id) "
        "select 'tmdb', 'a DAG', 'a run', 'abc', max(load_id) from meta.load_log; "
        "insert into raw.tmdb_items (media_type, id, first_seen_at, checked_at) "
        "select kind, id, now(), 'infinity' "
        "from unnest(array['movie', 'person']) as kind, generate_series(1, 99) as id"
    )
    with connected(database.url, purpose="prune") as connection:
        # The days of this world are in the future.
        pruned = prune(connection, -36_500)
    assert pruned["tmdb_lists"] > 0
    assert pruned["tmdb_shows"] >= 20

    later.daily.build(*SELECTED, "--full-refresh", run_id="after that")

    names = {
        *("stg_tmdb__known_for", "stg_tmdb__genres", "snap_tmdb__people", "snap_tmdb__genres"),
        *("dim_people_history", "dim_shows_history"),
    }
    pairs = [
        (model.place(days.daily.database), model.place(database))
        for model in days.models
        if model.name in names
    ]
    assert len(pairs) == len(names)
    assert [report for pair in pairs if (report := difference(*pair))] == []
    tests = ("test_name:has_every_body", "test_name:one_current_version")
    done = later.daily.dbt("test", "--select", *tests, run_id="tests")
    # The two others are the project's own hooks.
    assert Counter(str(result.status) for result in done.results) == {"pass": 6, "success": 2}


def test_moving_votes_make_no_version_and_rewrite_no_row_that_stays(later: AnsweredDays) -> None:
    snapshots = [
        model.place(later.daily.database) for model in later.models if model.schema == "snapshots"
    ]
    measured = next(
        model.place(later.daily.database)
        for model in later.models
        if model.name == "popular_movies"
    )
    before = [place.versions() for place in snapshots]
    popular = measured.versions()
    later.world.land(later.daily.database, listed=())
    later.build()
    assert [place.versions() for place in snapshots] == before
    assert written_for_nothing(popular, measured.versions()) == []
    assert measured.versions() != popular


def test_answers_of_another_origin_begin_another_history(later: AnsweredDays) -> None:
    other = TmdbWorld(movies=5, shows=2, people=3, seed=8)
    other.day = later.world.day
    other.land(later.daily.database, origin="elsewhere")
    later.build()
    for table in ("staging.base_tmdb__movies", "marts_next.dim_movies_history"):
        assert later.rows(f"select count(*), count(distinct movie_id) from {table}") == [(5, 5)]
    origins = later.rows(
        "select distinct batch.origin from marts_next.fact_daily_measures as fact "
        "inner join raw.tmdb_measures as measure on fact.media_type = measure.media_type "
        "and fact.id = measure.id and fact.day = measure.observed_on "
        "inner join meta.api_batch_log as batch using (batch_id)"
    )
    assert origins == [("elsewhere",)]
