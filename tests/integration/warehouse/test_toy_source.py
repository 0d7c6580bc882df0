"""A fourth source beside IMDb in one warehouse, without a change to `warehouse` or to IMDb."""

from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

import pytest

from include.local.warehouse import apply_schema
from tests.support.dbt import run_dbt
from tests.support.dbt_site import PROJECT, parsed_project
from tests.support.loads import LoadedWarehouse
from tests.support.marts import Marts
from tests.support.postgres import Database
from tests.support.snapshots import TWO_ROWS
from tests.support.source import FaultySource, file
from tests.support.toy_source import ingest
from warehouse.builds.build_session import build_session
from warehouse.builds.builds import begin_build
from warehouse.builds.project import DbtProject
from warehouse.builds.publish import publish
from warehouse.builds.rollback import rollback
from warehouse.database.connection import connected

TOY = Path(ingest.__file__).parent
LABELS = "select label, things from marts.mart_toy_labels order by label"


@dataclass(frozen=True)
class Toy:
    """The toy source in `database`, with a dbt project that has its models beside IMDb's."""

    database: Database
    source: FaultySource
    folder: Path

    @property
    def project(self) -> DbtProject:
        return parsed_project(self.folder / "dbt").dbt_project()

    def ingest(self, text: str, run_id: str) -> str:
        """Let the source have a file of these lines, and load it; return how."""
        self.source.always(file(text.encode(), etag=f'"{run_id}"', modified=None))
        return ingest.ingest(self.database.url, self.source.url, self.folder, run_id).load.method

    def build_and_publish(self, run_id: str) -> int:
        """Build the toy's models with dbt and publish its mart, as the tasks of a DAG do."""
        who: dict[str, Any] = {"source": ingest.SOURCE, "dag_id": ingest.DAG, "run_id": run_id}
        with connected(self.database.url, purpose=run_id) as connection:
            assert begin_build(connection, self.project, **who)
            with build_session(connection, self.project, **who) as build:
                environment = {
                    "DBT_ENV_CUSTOM_ENV_RUN_ID": run_id,
                    "DBT_ENV_CUSTOM_ENV_DAG_ID": ingest.DAG,
                    "DBT_ENV_CUSTOM_ENV_BUILD_ID": str(build.build_id),
                    "DBT_ENV_CUSTOM_ENV_LOAD_BOUND": str(build.state.load_id),
                }
                words = ("build", "--select", "config.meta.source:toy")
                project = self.project.project_dir
                done = run_dbt(self.database, *words, env=environment, project=project)
                assert done.exit_code == 0, done.output
            return publish(connection, self.project, **who)

    def rollback(self) -> None:
        with connected(self.database.url, purpose="rollback") as connection:
            rollback(
                connection, self.project, source=ingest.SOURCE, dag_id=ingest.DAG, run_id="back"
            )


@pytest.fixture
def toy(database: Database, source: FaultySource, tmp_path: Path) -> Toy:
    """The toy's DDL applied, its models in a copy of the dbt project."""
    copytree(PROJECT, tmp_path / "dbt", ignore=ignore_patterns("target", "logs"))
    copytree(TOY / "dbt", tmp_path / "dbt", dirs_exist_ok=True)
    with database.session("postgres") as connection:
        assert apply_schema(connection, TOY / "sql") == ["toy/40_raw.sql"]
    return Toy(database, source, tmp_path)


def test_a_source_is_ingested_built_published_and_rolled_back_beside_imdb(
    toy: Toy, warehouse: LoadedWarehouse, database: Database, tmp_path: Path
) -> None:
    warehouse.load(TWO_ROWS)
    imdb = Marts(database, tmp_path / "imdb", ["mart_one"])
    imdb.build_and_publish("monday")
    assert toy.project.marts("toy") == ("mart_toy_labels",)
    assert "mart_toy_labels" not in toy.project.marts("imdb")

    assert toy.ingest("1;red\n2;blue\n3;red\n", "monday") == "full"
    toy.build_and_publish("monday")
    assert database.query(LABELS, role="analyst") == [("blue", 1), ("red", 2)]

    warehouse.refresh([*TWO_ROWS, ("tt0000003", "1.0", "7")])
    tuesday = imdb.build_and_publish("tuesday")
    assert database.query(LABELS) == [("blue", 1), ("red", 2)]
    assert toy.ingest("1;red\n2;blue\n3;green\n", "tuesday") == "delta"
    toy.build_and_publish("tuesday")
    assert database.query(LABELS) == [("blue", 1), ("green", 1), ("red", 1)]

    toy.rollback()
    assert database.query(LABELS) == [("blue", 1), ("red", 2)]
    assert database.query(
        "select source, count(*), count(distinct dag_id) from meta.load_log group by 1 order by 1"
    ) == [("imdb", 2, 1), ("toy", 2, 1)]
    published = "select source, run_id, action from meta.publish_log order by publish_id"
    assert database.query(published) == [
        ("imdb", "monday", "publish"),
        ("toy", "monday", "publish"),
        ("imdb", "tuesday", "publish"),
        ("toy", "tuesday", "publish"),
        ("toy", "back", "rollback"),
    ]
    assert imdb.published() == {tuesday.build_id}
