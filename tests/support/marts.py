"""Small marts that say which build made each of their rows, published as the real ones are."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.postgres import Database
from warehouse.builds.build_session import build_session
from warehouse.builds.builds import Build, begin_build
from warehouse.builds.project import DbtProject
from warehouse.builds.publish import publish
from warehouse.builds.publish_log import Live
from warehouse.builds.rollback import rollback
from warehouse.database.connection import connected

ROWS = 30
DAG = "a DAG"
# What dbt logs of a model and of its test, which passed, and what the model's hook notes.
LOGGED = """
    insert into meta.model_log
        (dag_id, run_id, build_id, invocation_id, model, resource_type, relation, status, seconds)
    values (%(dag)s, %(run)s, %(build)s, 'one', %(mart)s, 'model', %(table)s, 'success', 1);
    insert into meta.test_log
        (dag_id, run_id, build_id, invocation_id, test, model, resource_type, severity, status,
        seconds)
    values (
        %(dag)s, %(run)s, %(build)s, 'one', %(mart)s || '_is_good', %(mart)s, 'test', 'error',
        'pass', 1
    );
    insert into meta.mart_writer (table_id, file_id, model, build_id, invocation_id)
    select oid, relfilenode, %(mart)s, %(build)s, 'one' from pg_class
    where oid = %(table)s::regclass
    on conflict (table_id) do update set
        file_id = excluded.file_id, build_id = excluded.build_id,
        written_at = excluded.written_at
"""


def log_as_built(database: Database, mart: str, build: Build) -> None:
    """Leave what dbt leaves of a mart in marts_next that `build` built and tested."""
    with database.session() as session, session, session.cursor() as cursor:
        cursor.execute(
            LOGGED,
            {
                "dag": build.dag_id,
                "run": build.run_id,
                "build": build.build_id,
                "mart": mart,
                "table": f"marts_next.{mart}",
            },
        )


def write_manifest(path: Path, marts: Sequence[str], source: str) -> None:
    """A manifest that knows nothing but the marts of one source."""
    nodes = {
        f"model.test.{name}": {
            "resource_type": "model",
            "name": name,
            "original_file_path": f"models/marts/{source}/{name}.sql",
            "config": {"meta": {"layer": "marts", "source": source}},
        }
        for name in marts
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"nodes": nodes}), "utf-8")


class Marts:
    """Marts called `names` of `source` in `database`, of the dbt project in `folder`."""

    def __init__(
        self,
        database: Database,
        folder: Path,
        names: Sequence[str],
        *,
        source: str = "imdb",
        dag_id: str = DAG,
    ) -> None:
        self.database = database
        self.source = source
        self.dag_id = dag_id
        self.project = DbtProject(folder, folder / "target" / "manifest.json")
        self.let_names_be(names)
        self.change_project("select 1")

    def let_names_be(self, names: Sequence[str]) -> None:
        """Other marts from now on."""
        self.names = tuple(names)
        write_manifest(self.project.manifest_path, names, self.source)

    def change_project(self, content: str) -> None:
        """Another project from now on."""
        self.project.project_dir.mkdir(exist_ok=True)
        (self.project.project_dir / "model.sql").write_text(content)

    def begin(self, run_id: str, asked_for: str | None = None) -> Build | None:
        """Decide on a build as the task `changed` does."""
        with connected(self.database.url, purpose=f"changed? {run_id}") as connection:
            return begin_build(
                connection,
                self.project,
                source=self.source,
                dag_id=self.dag_id,
                run_id=run_id,
                asked_for=asked_for,
            )

    @contextmanager
    def session(
        self, run_id: str, *, build_id: int | None = None, patience: float = 0.0
    ) -> Iterator[Build]:
        """Hold the turn as the dbt process of a build does."""
        with (
            connected(self.database.url, purpose=f"dbt {run_id}") as connection,
            build_session(
                connection,
                self.project,
                source=self.source,
                dag_id=self.dag_id,
                run_id=run_id,
                build_id=build_id,
                patience=patience,
            ) as build,
        ):
            yield build

    def build(self, run_id: str, *, only: Sequence[str] = (), build_id: int | None = None) -> Build:
        """Build all marts, or some, in marts_next: every other one in place, as dbt does both."""
        with self.session(run_id, build_id=build_id) as build:
            for name in only or self.names:
                self._build(name, build)
        return build

    def _build(self, name: str, build: Build) -> None:
        table = f"marts_next.{name}"
        in_place = self.names.index(name) % 2 and self.database.value(
            "select to_regclass(%s) is not null", table
        )
        if in_place:
            statement = f"update {table} set build_id = {build.build_id};"
        else:
            statement = f"""
                drop table if exists {table};
                create table {table} (id integer primary key, build_id bigint);
                insert into {table}
                select id, {build.build_id} from generate_series(1, {ROWS}) as id;
            """
        self.database.execute(statement, role="pipeline")
        log_as_built(self.database, name, build)

    def publish(
        self,
        run_id: str,
        build: Build | None = None,
        *,
        patience: float = 0.0,
        pause: Callable[[float], None] = time.sleep,
    ) -> int:
        """Publish what `build` made; without patience there is one try to lock the marts."""
        with connected(self.database.url, purpose=f"publish {run_id}") as connection:
            return publish(
                connection,
                self.project,
                source=self.source,
                dag_id=self.dag_id,
                run_id=run_id,
                build_id=build.build_id if build else None,
                patience=patience,
                pause=pause,
            )

    def build_and_publish(self, run_id: str) -> Build:
        """A whole run of the dbt part."""
        build = self.begin(run_id, "a test wants it")
        assert build
        build = self.build(run_id, build_id=build.build_id)
        self.publish(run_id, build)
        return build

    def rollback(self, run_id: str = "back", *, patience: float = 0.0) -> Live:
        """Go back to the state before."""
        with connected(self.database.url, purpose=f"rollback {run_id}") as connection:
            return rollback(
                connection,
                self.project,
                source=self.source,
                dag_id=self.dag_id,
                run_id=run_id,
                patience=patience,
            )

    def published(self) -> set[int]:
        """The builds that the analyst reads, of all marts."""
        union = " union ".join(f"select build_id from {name}" for name in self.names)
        return {build for (build,) in self.database.query(union, role="analyst")}
