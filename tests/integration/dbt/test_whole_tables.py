"""Data tests judge whole tables, also after a build that caught up with a few changes."""

from pathlib import Path

import pytest

from imdb_pipeline.config import dataset_named
from tests.support.dbt import run_dbt
from tests.support.loads import LoadedWarehouse
from tests.support.postgres import Cluster, Database
from tests.support.snapshots import N, Row

MODELS = ("stg_title_basics", "stg_title_ratings")
ORPHANS = "most_rated_titles_are_in_title_basics"
SHARE = "stg_title_ratings_nearly_all_have_a_rating"
FEW_VOTES = "stg_title_ratings_have_at_least_five_votes"
TESTS = (ORPHANS, SHARE, FEW_VOTES)
TITLES = [f"tt{number:07}" for number in range(300)]
# What a publish of the first day notes.
PUBLISHED = """
    insert into meta.publish_log
        (source, dag_id, run_id, project_sha256, load_id, action, marts)
    select 'imdb', 'a DAG', 'first day', '', max(load_id), 'publish', '{}'
    from meta.load_log
"""


def built(
    database: Database, folder: Path, titles: list[Row], ratings: list[Row]
) -> tuple[dict[str, str], dict[str, str]]:
    """Load both files and build; how each model and test ended, and dbt's message of it."""
    warehouse = LoadedWarehouse(database, folder)
    warehouse.load(titles, dataset=dataset_named("title.basics"))
    warehouse.load(ratings)
    done = run_dbt(
        database,
        *("build", "--select", *MODELS, *TESTS),
        *("--indirect-selection", "empty", "--exclude-resource-type", "unit_test"),
    )
    return done.by_name(), done.by_name("message")


@pytest.fixture(scope="module")
def second_day(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """How each test ended on a day on which titles left and one of two new ratings is no number."""
    titles: list[Row] = [(one, "movie", one, N, "0", "1999", N, N, N) for one in TITLES]
    ratings: list[Row] = [(one, "6.0", "90") for one in TITLES[1:-2]]
    ratings.insert(0, (TITLES[0], "6.0", "4"))
    with postgres.database() as database:
        first, _ = built(database, tmp_path_factory.mktemp("first"), titles, ratings)
        assert first == dict.fromkeys(MODELS, "success") | dict.fromkeys(TESTS, "pass") | {
            FEW_VOTES: "warn"
        }
        database.execute(PUBLISHED)
        ratings += [(TITLES[-2], "6.0", "90"), (TITLES[-1], "great", "90")]
        second, messages = built(database, tmp_path_factory.mktemp("second"), titles[12:], ratings)
        assert {messages[name].split()[0] for name in MODELS} == {"MERGE"}
        return second


def test_titles_that_leave_make_orphans_of_their_ratings(second_day: dict[str, str]) -> None:
    """Four in a hundred; no rating changed."""
    assert second_day[ORPHANS] == "warn"


def test_a_share_is_one_of_the_table_and_not_of_the_changes(second_day: dict[str, str]) -> None:
    assert second_day[SHARE] == "pass"


def test_a_warning_stays_as_long_as_its_rows(second_day: dict[str, str]) -> None:
    assert second_day[FEW_VOTES] == "warn"
