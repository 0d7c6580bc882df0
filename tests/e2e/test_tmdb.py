"""What `make run` promises of TMDb: both pipelines in one go, a quiet day, a trial, a day later."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Command, Installation
from tests.support.tracing import without_coverage
from tmdb_pipeline.config import KINDS

DAG = "tmdb_pipeline"
SMALL = {"TITLES": "1000"}
# As the design asks them, unqualified, as the analyst.
QUESTIONS = {
    "highest revenue": """
        select title, release_year, revenue_usd / 1e6, vote_average
        from kpi_top_movies
        where revenue_rank_all_time <= 10
    """,
    "genres by return": """
        select genre_name, total_movies, avg_revenue_millions, avg_roi_pct, roi_rank
        from kpi_genre_performance
        order by avg_roi_pct desc
    """,
    "years": """
        select release_year, total_movies_released, avg_budget_millions, avg_revenue_millions,
            yoy_budget_change_millions, yoy_revenue_change_millions, avg_rating, top_genre
        from kpi_yearly_trends
        where release_year >= 2000
    """,
    "films of a genre": """
        select fact_movies.title, fact_movies.roi_pct
        from fact_movies
        inner join dim_genres using (genre_sk)
        where dim_genres.genre_name = 'Drama'
        order by fact_movies.roi_pct desc
    """,
    "share of profitable films": "select profitability_flag, count(*) from fact_movies group by 1",
    "return by season": "select release_season, avg(roi_pct) from fact_movies group by 1",
    "films per company and year": """
        select dim_production_companies.company_name, fact_movies.release_year, count(*)
        from fact_movies
        inner join dim_production_companies using (company_sk)
        group by 1, 2
    """,
    "what a movie was before": """
        select title, revenue_usd, effective_date, expiration_date
        from dim_movies_history
        where not is_current
    """,
    "what a person was known for before": """
        select name, known_for_department, known_for_titles, effective_date
        from dim_people_history
        where not is_current
    """,
    "models of the newest run of dbt": """
        select dbt_model_log.*
        from dbt_model_log
        where dbt_model_log.invocation_id = (
            select invocation_id from dbt_run_log order by run_start_at desc limit 1
        )
    """,
}


@dataclass(frozen=True)
class TmdbSeen:
    """What was seen after a command."""

    command: Command
    summary: dict[str, Any]
    tables: dict[str, str]
    writes: dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class TmdbDays:
    """The commands, in order."""

    installation: Installation
    first: TmdbSeen
    again: TmdbSeen
    trial: TmdbSeen
    second_day: TmdbSeen


def seen(installation: Installation, **variables: str) -> TmdbSeen:
    """Run the pipelines and look around."""
    command = installation.make("run", **variables)
    assert command.code == 0, command.output
    tables, writes = installation.tables(), installation.writes()
    return TmdbSeen(command, installation.summary(DAG), tables, writes)


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TmdbDays]:
    """Both pipelines, TMDb again, a trial of the next day, the next day."""
    installation = Installation(Path(tmp_path_factory.mktemp("tmdb")) / "local")
    first, again = seen(installation, **SMALL), seen(installation, PIPELINES="tmdb")
    with without_coverage():
        later = (
            seen(installation, PIPELINES="tmdb", DAY="2", DRY_RUN="1", **SMALL),
            seen(installation, PIPELINES="tmdb", DAY="2", **SMALL),
        )
    yield TmdbDays(installation, first, again, *later)
    ended = installation.make("down")
    assert ended.code == 0, ended.output


def test_one_command_runs_both_pipelines_and_reports_on_both(days: TmdbDays) -> None:
    for words in (
        "imdb_pipeline, log",
        "tmdb_pipeline, log",
        "Best-rated films",
        "Highest revenue",
    ):
        assert words in days.first.command.output
    assert days.first.summary["published"] is True
    rows = days.installation.query("select distinct dag_id from meta.run_log")
    assert {row[0] for row in rows} == {"imdb_pipeline", DAG}


def test_most_things_of_the_sample_are_found_in_imdb(days: TmdbDays) -> None:
    """IMDb's marts are published when TMDb's are built."""
    rows = days.installation.query(
        "select media_type, count(*), count(imdb_rating) from mart_tmdb_imdb_link "
        "where coalesce(tconst, nconst) is not null group by media_type",
        role="ANALYST",
    )
    assert {kind for kind, _, _ in rows} == {"movie", "tv", "person"}
    assert sum(rated for kind, _, rated in rows if kind != "person") > 0


def test_the_same_day_again_writes_no_row_in_staging_history_and_marts(days: TmdbDays) -> None:
    assert days.again.summary["published"] is False
    statuses = {row["dataset"]: row["status"] for row in days.again.summary["datasets"]}
    assert {statuses[kind.dataset.name] for kind in KINDS} == {"unchanged"}
    layers = ("staging", "snapshots", "marts", "marts_next")
    for name, figures in days.first.writes.items():
        if name.split(".")[0] in layers:
            assert days.again.writes[name] == figures, name


def test_a_trial_asks_and_writes_nothing_into_raw(days: TmdbDays) -> None:
    assert days.trial.summary["state"] == "success"
    assert days.trial.tables == days.again.tables


def test_a_day_later_versions_end_and_begin(days: TmdbDays) -> None:
    rows = days.installation.query(
        "select count(*) filter (where is_current), count(*) filter (where not is_current) "
        "from dim_shows_history",
        role="ANALYST",
    )
    ((current, ended),) = rows
    assert current > 0
    assert ended > 0


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_question_has_an_answer(days: TmdbDays, question: str) -> None:
    assert days.installation.query(QUESTIONS[question], role="ANALYST")
