"""Small marts that say which build made each of their rows, published as the real ones are."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.postgres import Database
from warehouse.builds.builds import Build, at_work, begin_build
from warehouse.builds.publish import Live, publish, rollback
from warehouse.database.connection import connected

ROWS = 30
# What dbt logs of the tests that it ran with the models of a run; here they are all green.
TESTED = """
    insert into meta.test_log
        (run_id, invocation_id, test, model, resource_type, severity, status, seconds)
    select run_id, invocation_id, model || '_is_good', model, 'test', 'error', 'pass', 1
    from meta.model_log
    where run_id = %s;
"""


class Marts:
    """Marts called `names` in `database`, of the dbt project in `project` (any folder of files)."""

    def __init__(self, database: Database, project: Path, names: Sequence[str]) -> None:
        self.database = database
        self.project = project
        self.names = tuple(names)
        project.mkdir(exist_ok=True)
        self.change_project("select 1")

    def change_project(self, content: str) -> None:
        """Another project from now on."""
        (self.project / "model.sql").write_text(content)

    def begin(self, run_id: str, asked_for: str | None = None) -> Build | None:
        """Decide on a build as the task `changed` does."""
        with connected(self.database.url, purpose=f"changed? {run_id}") as connection:
            return begin_build(connection, self.project, run_id=run_id, asked_for=asked_for)

    @contextmanager
    def model_at_work(
        self, run_id: str, model: str = "mart_one", *, build_id: int | None = None
    ) -> Iterator[int]:
        """Be at work on a model as a dbt task is; its server process."""
        with (
            connected(self.database.url, purpose=f"dbt {model} {run_id}") as connection,
            at_work(connection, self.project, run_id=run_id, build_id=build_id),
        ):
            yield connection.info.backend_pid

    def build(self, run_id: str, *, only: Sequence[str] = ()) -> None:
        """Build all marts, or some, in marts_next: every other one in place, as dbt does both."""
        with self.model_at_work(run_id):
            for name in only or self.names:
                self._build(name, run_id)

    def _build(self, name: str, run_id: str) -> None:
        table = f"marts_next.{name}"
        in_place = self.names.index(name) % 2 and self.database.value(
            "select to_regclass(%s) is not null", table
        )
        number = "(select max(build_id) from meta.build_log)"
        if in_place:
            statement = f"update {table} set build_id = {number};"
        else:
            statement = f"""
                drop table if exists {table};
                create table {table} as
                select id, {number} as build_id from generate_series(1, {ROWS}) as id;
            """
        self.database.execute(
            f"""
            {statement}
            insert into meta.model_log
                (run_id, invocation_id, model, resource_type, relation, status, seconds)
            values ('{run_id}', 'one', '{name}', 'model', '{table}', 'success', 1);
            """,
            role="pipeline",
        )
        self.database.execute(TESTED, run_id, role="pipeline")

    def publish(
        self,
        run_id: str,
        build: Build,
        *,
        patience: float = 0.0,
        pause: Callable[[float], None] = time.sleep,
    ) -> int:
        """Publish what `build` made; without patience there is one try to lock the marts."""
        with connected(self.database.url, purpose=f"publish {run_id}") as connection:
            return publish(
                connection,
                build.state,
                run_id=run_id,
                tables=self.names,
                build_id=build.build_id,
                from_nothing=build.from_nothing,
                patience=patience,
                pause=pause,
            )

    def build_and_publish(self, run_id: str) -> Build:
        """A whole run of the dbt part."""
        build = self.begin(run_id, "a test wants it")
        assert build
        self.build(run_id)
        self.publish(run_id, build)
        return build

    def rollback(self, run_id: str = "back", *, patience: float = 0.0) -> Live:
        """Go back to the state before."""
        with connected(self.database.url, purpose=f"rollback {run_id}") as connection:
            return rollback(connection, run_id=run_id, patience=patience)

    def published(self) -> set[int]:
        """The builds that the analyst reads, of all marts."""
        union = " union ".join(f"select build_id from {name}" for name in self.names)
        return {build for (build,) in self.database.query(union, role="analyst")}
