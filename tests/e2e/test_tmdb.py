"""What `make run` promises of TMDb: all pipelines in one go, a quiet day, a trial, a day later."""

import pytest

from tests.e2e.conftest import ApiDays
from tmdb_pipeline.config import KINDS

DAG = "tmdb_pipeline"
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


def test_one_command_runs_all_pipelines_and_reports_on_each(api_days: ApiDays) -> None:
    for words in (
        "imdb_pipeline, log",
        "tmdb_pipeline, log",
        "trakt_pipeline, log",
        "Best-rated films",
        "Highest revenue",
        "Most people wrote about",
    ):
        assert words in api_days.first.command.output
    assert api_days.first.summaries[DAG]["published"] is True
    rows = api_days.installation.query("select distinct dag_id from meta.run_log")
    assert {row[0] for row in rows} == {"imdb_pipeline", DAG, "trakt_pipeline"}


def test_most_things_of_the_sample_are_found_in_imdb(api_days: ApiDays) -> None:
    """IMDb's marts are published when TMDb's are built."""
    rows = api_days.installation.query(
        "select media_type, count(*), count(imdb_rating) from mart_tmdb_imdb_link "
        "where coalesce(tconst, nconst) is not null group by media_type",
        role="ANALYST",
    )
    assert {kind for kind, _, _ in rows} == {"movie", "tv", "person"}
    assert sum(rated for kind, _, rated in rows if kind != "person") > 0


def test_the_same_day_again_writes_no_row_in_staging_history_and_marts(api_days: ApiDays) -> None:
    assert api_days.again.summaries[DAG]["published"] is False
    datasets = api_days.again.summaries[DAG]["datasets"]
    statuses = {row["dataset"]: row["status"] for row in datasets}
    assert {statuses[kind.dataset.name] for kind in KINDS} == {"unchanged"}
    layers = ("staging", "snapshots", "marts", "marts_next")
    for name, figures in api_days.first.writes.items():
        if name.split(".")[0] in layers:
            assert api_days.again.writes[name] == figures, name


def test_a_trial_asks_and_writes_nothing_into_raw(api_days: ApiDays) -> None:
    assert api_days.trial.summaries[DAG]["state"] == "success"
    assert api_days.trial.tables == api_days.again.tables


def test_a_day_later_versions_end_and_begin(api_days: ApiDays) -> None:
    rows = api_days.installation.query(
        "select count(*) filter (where is_current), count(*) filter (where not is_current) "
        "from dim_shows_history",
        role="ANALYST",
    )
    ((current, ended),) = rows
    assert current > 0
    assert ended > 0


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_question_has_an_answer(api_days: ApiDays, question: str) -> None:
    assert api_days.installation.query(QUESTIONS[question], role="ANALYST")
