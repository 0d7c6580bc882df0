"""TMDb's marts, from the answers of a server to rows, against a second, independent computation.

Three days of the sample's API are synced, odd answers are added to each, and dbt builds after each.
On the last day IMDb's marts are there. Then all is built whole once more, and in the end another
place answers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from tests.e2e.oracle.compare import compare, fetch
from tests.e2e.oracle.marts import Mart
from tests.e2e.oracle.tampering import check_that_rows_are_compared, check_that_values_are_compared
from tests.e2e.oracle_tmdb.answers import read_answers
from tests.e2e.oracle_tmdb.marts import KEYS, expected_marts, genre_versions, read_imdb
from tests.e2e.oracle_tmdb.server import Watched
from tests.support.dbt import PROJECT
from tests.support.dbt_site import Site, parsed_project
from tests.support.postgres import Cluster, Database
from tests.support.tmdb import FIRST_DAY, SyncRun, served
from tests.support.tmdb_odd_days import (
    OF_A_KILLED_BATCH,
    add_first_day,
    add_last_day,
    add_second_day,
)
from tests.support.tmdb_oddities import FIRST

TITLES, PAGES = 1000, 4
# So far apart that some of what was deleted is back.
DAYS = {1: add_first_day, 5: add_second_day, 9: add_last_day}
FIRST_STATE, LAST_STATE = "first day", "last day"
REFRESHED, OTHER_ORIGIN = "full refresh", "other origin"
STATES = (FIRST_STATE, LAST_STATE, REFRESHED, OTHER_ORIGIN)
# The rows without odd answers in them: on later days there are odd lists of genres, too.
OF_THE_SERVER = [
    ("dim_genres", FIRST_STATE),
    *(
        (name, state)
        for name in (
            *("popular_movies", "fact_movies", "bridge_movie_genre"),
            *("dim_popular_shows", "dim_popular_people"),
        )
        for state in (FIRST_STATE, LAST_STATE)
    ),
]
HISTORIES = ("dim_movies_history", "dim_shows_history", "dim_people_history")
TIERS = {"Micro", "Low", "Medium", "High", "Blockbuster", "Unknown"}
LABELS = {
    ("fact_movies", "budget_tier"): TIERS,
    ("fact_movies", "profitability_flag"): {"Profitable", "Not Profitable", "Unknown"},
    ("fact_movies", "release_season"): {"Winter", "Spring", "Summer", "Fall", None},
    ("dim_production_companies", "studio_tier"): {
        *("Major", "Large", "Medium", "Small", "No Released Movie"),
    },
    ("dim_people_history", "gender"): {"Female", "Male", "Non-binary", None},
    ("bridge_person_project", "role_kind"): {"cast", "crew"},
    ("mart_tmdb_imdb_link", "linked_by"): {"details", "external_ids", None},
    ("dim_genres", "retired"): {True, False},
}
# A title without votes has no ratio of votes.
IMDB_TITLES = """
    create table marts.mart_top_titles as
    select tconst, mod(id, 100)::numeric / 10 as average_rating, mod(id, 7)::integer as num_votes
    from unnest(%s, %s) as titles (tconst, id)
"""
IMDB_PEOPLE = "create table marts.mart_person_career as select unnest(%s) as nconst"

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class SceneState:
    """The marts after a build, as they are and as they should be."""

    found: Mapping[str, Rows]
    expected: Mapping[str, Mart]


@dataclass(frozen=True)
class MartsScene:
    """The states to compare; the marts of what the server answered; the versions of genres."""

    states: Mapping[str, SceneState]
    watched: Mapping[str, Mapping[str, Mart]]
    genres: Rows
    expected_genres: Mart


class SceneWarehouse:
    """A warehouse that syncs and builds, with the bound of each build so far."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.bounds: list[int] = []

    @property
    def database(self) -> Database:
        return self.site.database

    def build(self, *words: str) -> None:
        self.bounds.append(self.database.value("select max(load_id) from meta.load_log"))
        run_id = f"run {len(self.bounds)}"
        done = self.site.build("--select", "config.meta.source:tmdb", *words, run_id=run_id)
        bad = {name: result.message for name, result in done.items() if result.status != "success"}
        assert done
        assert not bad, bad

    def state(self) -> SceneState:
        url = self.database.url
        expected = expected_marts(read_answers(url), self.bounds, PROJECT, read_imdb(url))
        return SceneState(self.rows("marts_next", *KEYS), expected)

    def rows(self, schema: str, *names: str) -> dict[str, Rows]:
        url = f"{self.database.url}?options=-csearch_path%3D{schema}"
        return {name: fetch(url, name) for name in names}


def publish_imdb(database: Database, links: Mart) -> None:
    """Let IMDb's marts have every second id that TMDb names."""
    rows = links.rows[::2]
    titles = {row["tconst"]: row["id"] for row in rows if row["tconst"]}
    people = list({row["nconst"] for row in rows if row["nconst"]})
    database.execute(IMDB_TITLES, list(titles), list(titles.values()), role="pipeline")
    database.execute(IMDB_PEOPLE, people, role="pipeline")


@pytest.fixture(scope="module")
def scene(postgres: Cluster) -> Iterator[MartsScene]:
    with postgres.database() as database:
        warehouse, watched = SceneWarehouse(parsed_project().on(database)), Watched(PAGES)
        states: dict[str, SceneState] = {}
        of_server: dict[str, dict[str, Mart]] = {}
        for day, add_oddities in DAYS.items():
            at = datetime.combine(FIRST_DAY + timedelta(days=day - 1), time(6), UTC)
            with served(day, titles=TITLES) as server:
                run = SyncRun(database.url, server.base_url, f"run {day}", pages=PAGES)
                run.whole(everything=True)
                watched.watch(server.api, at)
            add_oddities(database, at + timedelta(hours=2))
            if day == max(DAYS):
                publish_imdb(database, states[FIRST_STATE].expected["mart_tmdb_imdb_link"])
            warehouse.build()
            if day == min(DAYS):
                states[FIRST_STATE] = warehouse.state()
                of_server[FIRST_STATE] = expected_marts(watched.answers(), [1], PROJECT)
        states[LAST_STATE] = warehouse.state()
        of_server[LAST_STATE] = expected_marts(watched.answers(), [1], PROJECT)
        warehouse.build("--full-refresh")
        states[REFRESHED] = warehouse.state()
        with served(max(DAYS) + 1, titles=TITLES) as server:
            elsewhere = {"source_name": "elsewhere"}
            SyncRun(database.url, server.base_url, "elsewhere", pages=2, changed=elsewhere).whole()
        warehouse.build()
        states[OTHER_ORIGIN] = warehouse.state()
        (genres,) = warehouse.rows("snapshots", "snap_tmdb__genres").values()
        expected_genres = genre_versions(read_answers(database.url), warehouse.bounds, PROJECT)
        yield MartsScene(states, of_server, genres, expected_genres)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", KEYS)
def test_mart_agrees_with_the_recomputation(scene: MartsScene, state: str, name: str) -> None:
    found, expected = scene.states[state].found[name], scene.states[state].expected[name]
    assert found, "an empty mart proves nothing"
    check(expected, found)


def test_versions_of_genres_agree_with_the_recomputation(scene: MartsScene) -> None:
    columns = scene.expected_genres.rows[0]
    found = [{column: row[column] for column in columns} for row in scene.genres]
    check(scene.expected_genres, found)


@pytest.mark.parametrize(("name", "state"), OF_THE_SERVER)
def test_mart_agrees_with_what_the_server_answered(
    scene: MartsScene, name: str, state: str
) -> None:
    """One path without the sync and without the raw tables."""
    expected = scene.watched[state][name]
    column = "genre_id" if name == "dim_genres" else expected.key[0]
    found = scene.states[state].found[name]
    check(expected, [row for row in found if not is_odd(column, row[column])])


def check(expected: Mart, found: Rows) -> None:
    """Assert that they agree; pytest would write out a comparison that does not, at length."""
    comparison = compare(expected, found)
    if not comparison.agrees:
        pytest.fail(comparison.report(), pytrace=False)


def is_odd(column: str, number: int) -> bool:
    """Whether only odd answers have the thing or the genre."""
    return 7000 < number < 8000 if column == "genre_id" else number >= FIRST


def test_the_days_have_what_a_history_must_tell_apart(scene: MartsScene) -> None:
    first, last = scene.states[FIRST_STATE].found, scene.states[LAST_STATE].found
    for name in HISTORIES:
        assert {row["ended_by"] for row in last[name]} == {"change", "gone", None}
        assert {row["ended_by"] for row in first[name]} == {None}
    movies = [row for row in last["dim_movies_history"] if row["movie_id"] < FIRST]
    assert changed(movies, "movie_id", "budget_usd") | changed(movies, "movie_id", "revenue_usd")
    assert changed(movies, "movie_id", "genres")
    gone = {row["movie_id"] for row in last["dim_movies_history"] if row["ended_by"] == "gone"}
    assert OF_A_KILLED_BATCH in gone
    people = [row for row in last["dim_people_history"] if row["person_id"] < FIRST]
    assert changed(people, "person_id", "name")
    assert changed(people, "person_id", "known_for_titles")
    gaps = [
        (before, after)
        for before in last["dim_people_history"] + last["dim_movies_history"]
        for after in last["dim_people_history"] + last["dim_movies_history"]
        if before["ended_by"] == "gone" and same_thing(before, after)
    ]
    assert any(after["effective_date"] > before["expiration_date"] for before, after in gaps)


def changed(rows: Sequence[Mapping[str, Any]], key: str, column: str) -> set[int]:
    """The things that have two values in the column."""
    values: dict[int, set[str]] = {}
    for row in rows:
        values.setdefault(row[key], set()).add(str(row[column]))
    return {number for number, found in values.items() if len(found) > 1}


def same_thing(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return any(key in one and one[key] == other.get(key) for key in ("movie_id", "person_id"))


@pytest.mark.parametrize("name", KEYS)
def test_the_comparison_sees_one_wrong_value_in_any_column(scene: MartsScene, name: str) -> None:
    check_that_values_are_compared(scene.states[LAST_STATE].expected[name])
    check_that_rows_are_compared(scene.states[LAST_STATE].expected[name])


def test_each_label_occurs(scene: MartsScene) -> None:
    for (name, column), labels in LABELS.items():
        found = {row[column] for row in scene.states[LAST_STATE].found[name]}
        assert found == labels, (name, column)
