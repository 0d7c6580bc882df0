"""dbt in the tests' own process, again and again over a database: its project is parsed once."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.semantic_manifest import SemanticManifest
from dbt_common.events.functions import reset_metadata_vars

from include.local.layout import LOOPBACK
from tests.support.postgres import PASSWORD, Database
from tests.support.tables import Place
from warehouse.builds.project import DbtProject

PROJECT = Path(__file__).parents[2] / "dags" / "dbt"
_NO_DATABASE = Database(0, "no_database")


@dataclass(frozen=True)
class Model:
    """A table or view that the dbt project makes, as its manifest has it."""

    name: str
    schema: str
    source: str
    is_incremental: bool
    datasets: frozenset[str]
    reads: frozenset[str]

    def place(self, database: Database, *, published: bool = False) -> Place:
        """Where it is; of a mart, the one to be built next or the one published."""
        built = self.schema == "marts_next"
        return Place(database, "marts" if built and published else self.schema, self.name)


class Site:
    """A warehouse and dbt on it, in this process; the project is parsed once."""

    def __init__(self, database: Database, target: Path, project: Path) -> None:
        self.database = database
        self.target = target
        self.project = project
        self._manifest: Any = None
        self._manifest = self.dbt("parse", run_id="parse")

    def on(self, database: Database) -> "Site":
        """The same project on another database, without parsing it again."""
        other = copy(self)
        other.database = database
        other._manifest = self._manifest.deepcopy()
        for node in (*other._manifest.nodes.values(), *other._manifest.sources.values()):
            node.database = database.name
            if node.relation_name:
                node.relation_name = node.relation_name.replace(
                    f'"{self.database.name}"', f'"{database.name}"'
                )
        other._manifest.build_flat_graph()
        return other

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the project along to another process; pickle confuses what dbt looks up by name."""
        self.__dict__.update(state)
        self._manifest = self._manifest.deepcopy()

    @property
    def manifest(self) -> dict[str, Any]:
        """The project as its manifest has it."""
        content: dict[str, Any] = json.loads(self.dbt_project().manifest_path.read_text("utf-8"))
        return content

    def semantic_manifest(self) -> str:
        """The semantic layer of the project, over what is built on this database."""
        path = self.target / "written" / f"{self.database.name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        SemanticManifest(self._manifest).write_json_to_file(str(path))
        return path.read_text("utf-8").replace(_NO_DATABASE.name, self.database.name)

    def dbt_project(self) -> DbtProject:
        """The project as the pipeline knows it; its manifest is written for that."""
        path = self.target / "written" / "manifest.json"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._manifest.write(str(path))
        return DbtProject(self.project, path)

    def dbt(
        self,
        *words: str,
        run_id: str,
        build_id: int | None = None,
        options: str = "",
        env: Mapping[str, str] | None = None,
    ) -> Any:
        """Run `dbt <words>` and return its result; `env` wins."""
        folders = (
            *("--project-dir", str(self.project), "--profiles-dir", str(self.project)),
            *("--target-path", str(self.target), "--log-path", str(self.target)),
            *("--quiet", "--no-use-colors", "--no-write-json", "--log-level-file", "none"),
        )
        environment = {
            "WAREHOUSE_HOST": LOOPBACK,
            "WAREHOUSE_PORT": str(self.database.port),
            "WAREHOUSE_USER": "pipeline",
            "WAREHOUSE_PASSWORD": PASSWORD,
            "WAREHOUSE_DATABASE": self.database.name,
            "DBT_TARGET": "prod",
            "DBT_ENV_CUSTOM_ENV_RUN_ID": run_id,
            "DBT_ENV_CUSTOM_ENV_BUILD_ID": str(build_id or ""),
            "DO_NOT_TRACK": "1",
            "PGOPTIONS": options,
            **(env or {}),
        }
        with environment_of(environment):
            # It remembers the run id of the first run in a process.
            reset_metadata_vars()
            self._forget_compiled()
            done = dbtRunner(self._manifest).invoke([*words, *folders])
        if done.exception:
            raise done.exception
        return done.result

    def _forget_compiled(self) -> None:
        """A run leaves its compiled SQL in the project, and no ephemeral model goes in twice."""
        for node in self._manifest.nodes.values() if self._manifest else ():
            if getattr(node, "compiled", False):
                node.compiled = node.extra_ctes_injected = False
                node.extra_ctes = []

    def build(
        self, *words: str, run_id: str, build_id: int | None = None, options: str = ""
    ) -> dict[str, Any]:
        """Build seeds and models without their tests; return dbt's result of each."""
        only_models = ("--exclude-resource-type", "test", "unit_test", "exposure")
        done = self.dbt(
            "build", *only_models, *words, run_id=run_id, build_id=build_id, options=options
        )
        return {
            result.node.name: result
            for result in done.results
            if result.node.resource_type in {"model", "seed", "snapshot"}
        }

    def models(self) -> list[Model]:
        """Everything that the project makes."""
        return [
            Model(
                node.alias,
                node.schema,
                node.config.meta["source"],
                node.config.materialized == "incremental",
                frozenset(node.config.meta.get("datasets", ())),
                frozenset(name.split(".")[-1] for name in node.depends_on_nodes),
            )
            for node in self._manifest.nodes.values()
            if node.resource_type in {"model", "seed", "snapshot"}
            and node.config.materialized != "ephemeral"
        ]


@cache
def parsed_project(project: Path = PROJECT) -> Site:
    """The project, parsed once in a process; `on` takes it to a database."""
    return Site(_NO_DATABASE, Path(tempfile.mkdtemp(prefix="dbt-tests-")), project)


@contextmanager
def environment_of(variables: dict[str, str]) -> Iterator[None]:
    """Set environment variables for a while."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
