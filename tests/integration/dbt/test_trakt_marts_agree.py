"""Trakt's marts over days against a second, independent computation from docs/models-trakt.md.

Invented comments are landed on three days, with all that can happen to them, and dbt builds after
each: what changed. Then it builds again, and in the end all is built whole.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.e2e.oracle.compare import compare, fetch
from tests.e2e.oracle.marts import Mart
from tests.e2e.oracle.tampering import check_that_rows_are_compared, check_that_values_are_compared
from tests.e2e.oracle_trakt.answers import read_trakt_answers
from tests.e2e.oracle_trakt.marts import TRAKT_KEYS, expected_trakt_marts
from tests.support.dbt_site import PROJECT, Site, parsed_project
from tests.support.postgres import Cluster, Database
from tests.support.trakt_world import (
    COMMENTS_AT_FIRST,
    FIRST_DAY,
    TraktWorld,
    movie,
    ratings,
    seasons,
)

FIRST, SECOND, LAST, REFRESHED = "first day", "second day", "last day", "full refresh"
STATES = (FIRST, SECOND, LAST, REFRESHED)
SECOND_DAY, LAST_DAY = FIRST_DAY + timedelta(2), FIRST_DAY + timedelta(12)
# One of each thing that happens on the second day.
EDITED, LESS_LIKED, NOT_RATED, RENAMED, HIDDEN, GONE = 2, 3, 4, 5, 7, 8
BACK = 9
IMDB = """
    create table marts.mart_top_titles (tconst text, average_rating numeric, num_votes integer);
    insert into marts.mart_top_titles values ('tt0000001', 7.1, 200), ('tt9999999', 5.0, 9);
"""
QUADRANTS = {
    *("Broad and Intense", "Broad and Light", "Narrow and Intense", "Narrow and Light"),
    "Not Ranked",
}

Rows = list[dict[str, Any]]


@dataclass
class EngagementScene:
    """The marts after each build, as they are and as they should be; what the builds did."""

    site: Site
    found: dict[str, Mapping[str, Rows]] = field(default_factory=dict)
    expected: dict[str, Mapping[str, Mart]] = field(default_factory=dict)
    messages: dict[str, dict[str, str]] = field(default_factory=dict)
    rewritten: list[str] = field(default_factory=list)

    @property
    def database(self) -> Database:
        return self.site.database

    def build(self, state: str, *words: str) -> None:
        done = self.site.build("--select", "config.meta.source:trakt", *words, run_id=state)
        bad = {name: result.message for name, result in done.items() if result.status != "success"}
        assert done
        assert not bad, bad
        self.messages[state] = {name: str(result.message) for name, result in done.items()}
        url = f"{self.database.url}?options=-csearch_path%3Dmarts_next"
        self.found[state] = {name: fetch(url, name) for name in TRAKT_KEYS}
        answers = read_trakt_answers(self.database.url)
        self.expected[state] = expected_trakt_marts(answers, PROJECT)

    def incremental(self) -> list[Any]:
        return [
            model
            for model in self.site.models()
            if model.source == "trakt" and model.is_incremental
        ]

    def build_again(self) -> None:
        """Build the same state once more, and note which tables have a row that was written."""
        places = [model.place(self.database) for model in self.incremental()]
        before = [place.versions() for place in places]
        self.build(LAST)
        after = [place.versions() for place in places]
        self.rewritten = [
            place.name
            for place, *pair in zip(places, before, after, strict=True)
            if pair[0] != pair[1]
        ]


def first_day(world: TraktWorld) -> None:
    """Comments on titles that Trakt will unite with another one."""
    for level, title_id, place in (("movie", 97, None), ("movie", 97, None), ("episode", 96, 1)):
        world.write(level=level, title_id=title_id, season=place, episode=place, user_key="moved")


def second_day(world: TraktWorld) -> None:
    """Edits, likes that fall, a rating that goes, another name, what is hidden or gone."""
    world.day = SECOND_DAY
    for _ in range(30):
        world.write()
    # Of this week and the one before; what goes in its own week is in no week.
    sunday, monday = (datetime(2032, 5, day, 23, 59, 59, tzinfo=UTC) for day in (30, 31))
    numbers = [
        world.write(level="movie", title_id=7, season=None, episode=None, created_at=at)
        for at in (sunday, monday)
    ]
    for number in (*numbers, GONE):
        world.know(number, gone_at=world.now)
    # A date in the future is a mistake: no week is active before it is there.
    world.write(
        level="movie", title_id=7, season=None, episode=None,
        created_at=datetime(2099, 1, 5, tzinfo=UTC),
    )  # fmt: skip
    # What goes on the Sunday of its week was not there when the week ended.
    before = world.write(created_at=sunday - timedelta(1))
    world.know(before, gone_at=sunday)
    world.change(EDITED, words=777, review=True, updated_at="2032-05-31T05:00:00.000Z")
    world.change(LESS_LIKED, likes=1, replies=0)
    world.change(NOT_RATED, user_rating=None)
    world.know(RENAMED, user_key="another name")
    world.know(HIDDEN, hidden_at=world.now)
    world.know(BACK, gone_at=world.now)
    # Titles without details, and with one comment.
    world.write(level="movie", title_id=98, season=None, episode=None, user_key="one of few")
    world.write(level="movie", title_id=99, season=None, episode=None, user_key="alone")
    world.answer("titles", ("movie", 2), movie(2, date(2031, 7, 1)))
    world.answer("seasons", (2,), seasons(2, date(2031, 1, 5)))
    world.answer("ratings", ("movie", 8), ratings("movie", 9))
    world.answer("stats", ("movie", 9), {"watchers": "12"})


def last_day(world: TraktWorld) -> None:
    """Few things; but a week and some anniversaries have passed."""
    world.day = LAST_DAY
    world.change(LESS_LIKED, likes=40)
    world.change(NOT_RATED, user_rating=10)
    world.know(BACK, gone_at=None)
    world.know(EDITED, user_key=None)
    (alone,) = (n for n, one in world.comments.items() if one.known["user_key"] == "alone")
    world.know(alone, gone_at=world.now)
    # One title keeps a comment, the other one is left without any.
    _, *moved = (n for n, one in world.comments.items() if one.known["user_key"] == "moved")
    for number in moved:
        world.know(number, level="movie", title_id=1, season=None, episode=None)
    world.answer("titles", ("movie", 50), movie(50, date(2032, 6, 30)))


@pytest.fixture(scope="module")
def engagement(postgres: Cluster) -> Iterator[EngagementScene]:
    with postgres.database() as database:
        scene, world = EngagementScene(parsed_project().on(database)), TraktWorld()
        first_day(world)
        world.land(database)
        scene.build(FIRST)
        second_day(world)
        world.land(database)
        database.execute(IMDB, role="pipeline")
        scene.build(SECOND)
        last_day(world)
        world.land(database)
        scene.build(LAST)
        caught_up = scene.messages[LAST]
        scene.build_again()
        scene.messages[LAST] = caught_up
        scene.build(REFRESHED, "--full-refresh")
        yield scene


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", TRAKT_KEYS)
def test_mart_of_trakt_agrees_with_the_recomputation(
    engagement: EngagementScene, state: str, name: str
) -> None:
    comparison = compare(engagement.expected[state][name], engagement.found[state][name])
    assert engagement.found[state][name], "an empty mart proves nothing"
    if not comparison.agrees:
        pytest.fail(comparison.report(), pytrace=False)


@pytest.mark.parametrize("state", [SECOND, LAST])
def test_every_incremental_model_of_trakt_catches_up(
    engagement: EngagementScene, state: str
) -> None:
    messages = engagement.messages[state]
    names = {model.name for model in engagement.incremental()}
    assert {name for name in names if not messages[name].startswith("MERGE")} == set()


def test_a_second_build_of_trakts_day_writes_no_row(engagement: EngagementScene) -> None:
    assert engagement.rewritten == []


def test_a_comment_counts_until_the_day_it_went(engagement: EngagementScene) -> None:
    """In the title's figures of today before and not after; in its week, if it outlived that."""

    def comments_of(mart: str, state: str, **where: Any) -> int:
        rows = [
            row
            for row in engagement.found[state][mart]
            if all(row[name] == value for name, value in where.items())
        ]
        return sum(row["comments"] for row in rows)

    gone = next(row for row in engagement.found[SECOND]["fct_comment"] if row["comment_id"] == GONE)
    where = {"title_key": gone["title_key"], "week": gone["created_week"]}
    weeks = [
        comments_of("mart_title_engagement_weekly", state, **where) for state in (FIRST, SECOND)
    ]
    assert weeks[0] == weeks[1]
    rows = sorted(engagement.found[SECOND]["fct_comment"], key=lambda row: row["comment_id"])
    new = [
        row
        for row in rows
        if row["title_key"] == "movie-7"
        and row["gone_on"] == SECOND_DAY
        and row["comment_id"] > COMMENTS_AT_FIRST
    ]
    assert [(row["counts_now"], row["counts_in_week"]) for row in new] == [
        (False, True),
        (False, False),
    ]


def test_the_days_have_what_the_measures_must_tell_apart(engagement: EngagementScene) -> None:
    last = engagement.found[LAST]
    titles = last["mart_title_engagement"]
    for column in (
        *("d30_comments", "half_life_days", "hold_up", "active_week_share", "next_settled_on"),
        *("reach_normalised_breadth", "breadth", "anticipation_users"),
    ):
        assert {row[column] is None for row in titles} == {True, False}, column
    assert {row["breadth"] for row in titles} >= {None, 0}
    # Time alone moves a title's figures.
    before = {row["title_key"]: row for row in engagement.found[SECOND]["mart_title_engagement"]}
    assert any(
        row["comments"] == before[row["title_key"]]["comments"]
        and row["d30_base_comments"] != before[row["title_key"]]["d30_base_comments"]
        for row in titles
        if row["comments"] is not None and row["d30_base_comments"] is not None
    )
    assert {row["quadrant"] for row in last["mart_engagement_quadrants"]} == QUADRANTS
    assert {row["level"] for row in last["fct_comment"]} == {"movie", "show", "season", "episode"}
    assert {row["is_in_imdb"] for row in last["dim_trakt_titles"]} == {True, False}
    assert min(row["likes_change"] or 0 for row in last["fct_comment_likes_daily"]) < 0


@pytest.mark.parametrize("name", TRAKT_KEYS)
def test_the_comparison_with_trakt_sees_one_wrong_value(
    engagement: EngagementScene, name: str
) -> None:
    check_that_values_are_compared(engagement.expected[LAST][name])
    check_that_rows_are_compared(engagement.expected[LAST][name])
