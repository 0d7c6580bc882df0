"""TMDb's marts over the sample's API: synced, built with all tests, published, asked."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.dbt_site import PROJECT, Site, parsed_project
from tests.support.postgres import Cluster, Database
from tests.support.tmdb import SyncRun, served
from tmdb_pipeline.coverage import linked as links_to_imdb
from warehouse.builds.build_session import build_session
from warehouse.builds.publish import publish
from warehouse.database.connection import connected

QUESTIONS = sorted((PROJECT / "analyses" / "tmdb").glob("*.sql"))
SELECTED = ("--select", "config.meta.source:tmdb", "config.meta.source:warehouse")
DAG = "tmdb_pipeline"

# dbt leaves the log files of earlier runs in the process to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file .*dbt.log:ResourceWarning")


@dataclass(frozen=True)
class Sampled:
    """A warehouse with two days of the sample, and how each model and test ended on each day."""

    database: Database
    statuses: list[dict[str, str]]

    def rows(self, query: str) -> list[Any]:
        """The rows of a query, as the analyst."""
        return self.database.query(query, role="analyst")


def build_and_publish(site: Site, run_id: str) -> dict[str, str]:
    """The dbt part of a run, with its tests."""
    own: dict[str, Any] = {"source": "tmdb", "dag_id": DAG, "run_id": run_id}
    project = site.dbt_project()
    with connected(site.database.url, purpose=run_id) as connection:
        with build_session(connection, project, **own) as begun:
            done = site.dbt(
                *("build", *SELECTED, "--exclude-resource-type", "unit_test", "exposure"),
                run_id=run_id,
                build_id=begun.build_id,
                env={
                    "DBT_ENV_CUSTOM_ENV_DAG_ID": DAG,
                    "DBT_ENV_CUSTOM_ENV_LOAD_BOUND": str(begun.state.load_id),
                },
            )
        statuses = {result.node.name: str(result.status) for result in done.results}
        bad = {
            name: how for name, how in statuses.items() if how not in {"success", "pass", "warn"}
        }
        assert bad == {}
        publish(connection, project, **own)
    return statuses


@pytest.fixture(scope="module")
def sampled(postgres: Cluster) -> Iterator[Sampled]:
    """The first and the ninth day; IMDb has published marts before the latter."""
    with postgres.database() as database:
        site = parsed_project().on(database)
        statuses = []
        for day in (1, 9):
            with served(day=day) as server:
                run = SyncRun(database.url, server.base_url)
                replace(run, run_id=f"day {day}").whole()
            if day == 9:
                publish_imdb(database)
            statuses.append(build_and_publish(site, f"day {day}"))
        yield Sampled(database, statuses)


def publish_imdb(database: Database) -> None:
    """Two marts of IMDb, as far as TMDb's models read them."""
    database.execute(
        """
        set search_path = marts;
        create table mart_top_titles as
        select distinct tconst, 7.0::numeric(3, 1) as average_rating, 1000 as num_votes
        from fact_movies where tconst is not null;
        create table mart_person_career as
        select distinct nconst from dim_popular_people where nconst is not null
        """,
        role="pipeline",
    )


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_the_questions_have_answers_as_the_analyst_types_them(sampled: Sampled, path: Path) -> None:
    assert sampled.rows(path.read_text("utf-8"))


def test_no_data_test_fails_and_all_of_them_run(sampled: Sampled) -> None:
    for statuses in sampled.statuses:
        assert list(statuses.values()).count("pass") >= 120
        assert set(statuses.values()) <= {"success", "pass", "warn"}


def test_links_are_there_once_imdb_has_published(sampled: Sampled) -> None:
    linked = dict(
        sampled.rows(
            "select media_type, count(*) filter (where is_linked) from mart_tmdb_imdb_link "
            "group by media_type"
        )
    )
    with connected(sampled.database.url, purpose="links") as session, session:
        figures = links_to_imdb(session.cursor())
    assert set(figures) == {"movie", "tv", "person"}
    for kind, text in figures.items():
        assert text.endswith(f", {linked[kind]:,} of them in IMDb's marts")
    assert linked["movie"] > 10
    assert linked["person"] > 10
    assert sampled.rows(
        "select count(*) from mart_tmdb_imdb_link "
        "where is_linked and media_type = 'movie' and rating_gap is not null"
    ) != [(0,)]


def test_tmdb_reads_published_marts_of_imdb_only() -> None:
    """A publish of IMDb makes a build of TMDb due, and none of TMDb one of IMDb."""
    project = parsed_project().dbt_project()
    assert project.reads_marts_of("tmdb") == ("imdb",)
    assert project.reads_marts_of("imdb") == ()


def test_the_history_shows_what_changed_between_the_days(sampled: Sampled) -> None:
    for mart in ("dim_movies_history", "dim_people_history", "dim_shows_history"):
        assert sampled.rows(f"select count(*) from {mart} where version_number > 1") != [(0,)], mart


def test_the_analyst_reads_no_snapshot(sampled: Sampled) -> None:
    readable = sampled.rows("select has_schema_privilege('analyst', 'snapshots', 'usage')")
    assert readable == [(False,)]
