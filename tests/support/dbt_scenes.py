"""A warehouse whose models are a load behind, as often as one is needed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from imdb_pipeline.config import Settings, dataset_named
from imdb_pipeline.loader import Loader
from tests.support.dbt_site import Site, environment_of, parsed_project
from tests.support.fingerprint import fingerprint
from tests.support.postgres import Cluster, Database
from tests.support.snapshots import RATINGS, N, Row, written
from warehouse.raw.dataset import Dataset

BASICS = dataset_named("title.basics")
MODELS = (
    "stg_title_basics",
    "stg_title_ratings",
    "stg_imdb__rating_changes",
    "mart_rating_history",
    "mart_rating_movers",
)
TEST = "assert_open_rating_versions_are_the_ratings"
TITLES = [f"tt{number:07d}" for number in range(300)]
# A stranger with this holds up the merge of stg_title_ratings; then somebody waits.
HOLD_ROWS = "select from staging.stg_title_ratings for update"
_WAITING = """
    select pid from pg_locks
    where not granted and locktype in ('transactionid', 'tuple') and pg_sleep(0.01) is not null
"""
_GOOD = {"success", "pass"}
# Rows of one execution: a build that goes on where another was killed says other things.
LOGS = (
    *("meta.model_log", "meta.dbt_run_log", "meta.dbt_model_log"),
    *("meta.test_log", "meta.mart_writer"),
)


def ratings(day: int) -> list[Row]:
    """What is rated on a day; every twentieth rating moves, one leaves, one comes."""
    rows: list[Row] = [
        (one, f"{5 + (day if at % 20 == 0 else 0)}.0", "90") for at, one in enumerate(TITLES)
    ]
    return rows[day - 1 : len(rows) - 2 + day]


def dbt_statuses(site: Site) -> dict[str, str]:
    """Build the models and run the test, one after the other; return how each ended, by name."""
    with environment_of({"DBT_THREADS": "1"}):
        done = site.dbt(
            "build", "--select", *MODELS, TEST, "--indirect-selection", "empty", run_id="run"
        )
    return {result.node.name: str(result.status) for result in done.results}


def dbt_build(site: Site) -> None:
    """Build the models and run the test; every one must be good."""
    failed = {name: how for name, how in dbt_statuses(site).items() if how not in _GOOD}
    assert not failed, failed


@dataclass(frozen=True)
class Scenes:
    """A warehouse whose models are a load behind; `ending` is what a build makes of it."""

    postgres: Cluster
    site: Site
    beginning: dict[str, str]
    ending: dict[str, str]


def waiting(database: Database) -> list[tuple[int]]:
    """The server processes that wait for rows; a look takes a moment where there are some."""
    return database.query(_WAITING)


def state(database: Database) -> dict[str, str]:
    return fingerprint(database, without=LOGS)


def load(database: Database, folder: Path, dataset: Dataset, rows: list[Row]) -> None:
    path, entry = written(folder, dataset, rows)
    Loader(database.url, Settings()).load(dataset, path, entry)


@contextmanager
def set_scenes(postgres: Cluster, folder: Path) -> Iterator[Scenes]:
    """Two loads of the ratings, the first one built."""
    with postgres.database() as template:
        titles: list[Row] = [
            (one, "movie", f"Film {one}", N, "0", "1999", N, N, N) for one in TITLES
        ]
        load(template, folder, BASICS, titles)
        load(template, folder, RATINGS, ratings(1))
        site = parsed_project().on(template)
        site.dbt("seed", "--select", "thresholds", run_id="seed")
        dbt_build(site)
        load(template, folder, RATINGS, ratings(2))
        with postgres.database(template.name) as undisturbed:
            dbt_build(site.on(undisturbed))
            yield Scenes(postgres, site, state(template), state(undisturbed))
