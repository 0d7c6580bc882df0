"""A warehouse whose marts the metrics are compared with, built from a few titles and answers."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from imdb_pipeline.config import dataset_named
from include.local.semantics import Question, SemanticLayer
from tests.support.dbt_site import parsed_project
from tests.support.loads import LoadedWarehouse
from tests.support.postgres import Cluster, Database
from tests.support.snapshots import N, Row
from tests.support.tmdb import SyncRun, served

# The last two loads are of one day.
LOADED = (
    datetime(2031, 3, 1, 8, tzinfo=UTC),
    datetime(2031, 3, 4, 8, tzinfo=UTC),
    datetime(2031, 4, 2, 8, tzinfo=UTC),
    datetime(2031, 4, 2, 20, tzinfo=UTC),
)
MODELS = (
    *("mart_top_titles", "mart_rating_history", "mart_genre_by_decade"),
    *("kpi_genre_performance", "kpi_yearly_trends", "dim_production_companies"),
    *("mart_engagement_quadrants", "mart_title_engagement_weekly"),
    *("mart_episode_engagement", "mart_rating_distribution"),
)
TRAKT_ROWS = Path(__file__).with_name("metrics") / "trakt_rows.sql"
_TYPES = ("movie", "tvSeries", "tvEpisode", "short", "tvSpecial")
_GENRES = ("Drama", "Comedy", "Drama,War", "War,Comedy,Drama", N)


@dataclass(frozen=True)
class MetricScene:
    """A built warehouse and the semantic layer over it."""

    database: Database
    layer: SemanticLayer

    def asked(self, question: Question) -> list[tuple[object, ...]]:
        """The rows of an answer."""
        return self.database.query(self.layer.sql(question))

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        """The rows of a query of the marts."""
        return self.database.query(f"set search_path = marts_next; {statement}")


@contextmanager
def metric_scene(postgres: Cluster) -> Iterator[MetricScene]:
    """Four loads of IMDb, a day of TMDb, comments of Trakt, and the marts that metrics are of."""
    with postgres.database() as database, tempfile.TemporaryDirectory() as folder:
        _load_imdb(LoadedWarehouse(database, Path(folder)))
        with served() as server:
            SyncRun(database.url, server.base_url).whole()
        database.execute(TRAKT_ROWS.read_text("utf-8"))
        site = parsed_project().on(database)
        done = site.build("--select", *(f"+{model}" for model in MODELS), run_id="metrics")
        bad = {name: result.message for name, result in done.items() if result.status != "success"}
        assert not bad, bad
        yield MetricScene(database, SemanticLayer(site.semantic_manifest()))


def _load_imdb(warehouse: LoadedWarehouse) -> None:
    random = Random(7)
    titles = [f"tt{number:07}" for number in range(240)]
    basics: list[Row] = [
        (
            *(one, _TYPES[at % 5], f"Film {at % 200}", N, "1" if at % 9 == 0 else "0"),
            *(N if at % 11 == 0 else str(1980 + at % 40), N, N, _GENRES[at % 3 + at % 2]),
        )
        for at, one in enumerate(titles)
    ]
    warehouse.load(basics, dataset=dataset_named("title.basics"))
    ratings = {one: (one, "6.0", str(random.randint(5, 90_000))) for one in titles[:220]}
    for number, loaded_at in enumerate(LOADED):
        for one in random.sample(titles, 60) if number else ():
            ratings[one] = (one, f"{random.randint(10, 100) / 10}", str(random.randint(5, 90_000)))
        for one in random.sample(sorted(ratings), 8) if number else ():
            del ratings[one]
        warehouse.load(sorted(ratings.values()))
        warehouse.database.execute(
            "update meta.load_log set loaded_at = %s "
            "where load_id = (select max(load_id) from meta.load_log)",
            loaded_at,
        )
