"""Two warehouses over the same days of files: one catches up, the other is built whole.

`daily` loads what differs from the file before, builds and publishes as the pipeline does. `fresh`
loads every file whole and is built by a full refresh when it is to be compared. Both have the same
ids and times in their ledgers, so that what is made of these has to be the same, too.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from imdb_pipeline.config import DATASET_NAMES, Settings, dataset_named
from imdb_pipeline.loader import Loader
from imdb_pipeline.snapshot import SnapshotReader
from tests.support.dbt_site import PROJECT, Site, parsed_project
from tests.support.marts import DAG
from tests.support.postgres import Cluster, Database
from tests.support.snapshots import entry_of
from tests.support.tables import Place, difference, ids_in, written_for_nothing
from warehouse.builds.build_session import build_session
from warehouse.builds.publish import publish
from warehouse.builds.rollback import rollback
from warehouse.database.connection import connected
from warehouse.raw.dataset import Dataset
from warehouse.raw.file_loader import LoadOutcome

# So far apart that the last 7 and 30 days of something are not all days.
BETWEEN_DAYS = timedelta(days=4)
FIRST_DAY = datetime(2031, 6, 2, 5, 4, 3, tzinfo=UTC)
_MARKS = "high_water_mark"
# What dbt logs of the tests that it ran with the models of a run; here they are all green.
TESTED = """
    insert into meta.test_log
        (dag_id, run_id, build_id, invocation_id, test, model, resource_type, severity, status,
        seconds)
    select
        dag_id, run_id, build_id, invocation_id, model || '_is_good', model, 'test', 'error',
        'pass', 1
    from meta.model_log
    where run_id = %s;
"""
_LAYERS = ("staging", "intermediate", "marts_next")
_OTHERS = ("--exclude", "config.meta.source:tmdb", "config.meta.source:trakt")


@dataclass(frozen=True)
class ModelsBuilt:
    """What became of each model: dbt's message, and what was wrong with how it was done."""

    statuses: dict[str, str]
    messages: dict[str, str]
    caught_up: frozenset[str]
    whole: frozenset[str]
    untouched: frozenset[str]
    written_for_nothing: dict[str, int]

    @property
    def failed(self) -> dict[str, str]:
        """What was not built, with the reason."""
        good = {"success", "pass"}
        return {name: self.messages[name] for name, how in self.statuses.items() if how not in good}


class TwoWarehouses:
    """The two warehouses; `notes` say what changed on which day, for the report of a mismatch."""

    def __init__(self, daily: Site, fresh: Site, notes: Sequence[str] = ()) -> None:
        self.daily = daily
        self.fresh = fresh
        self.notes = notes
        self.models = [model for model in daily.models() if model.source == "imdb"]
        self.project = daily.dbt_project()
        self.day = 0
        self._runs = 0
        self._files: dict[str, Path] = {}

    def models_of(self, *datasets: str, schema: str | None = None) -> set[str]:
        """The incremental models that depend on one of `datasets` (of none: all)."""
        return {
            model.name
            for model in self.models
            if model.is_incremental
            and (not datasets or model.datasets.intersection(datasets))
            and schema in {None, model.schema}
        }

    def load(
        self,
        folder: Path,
        datasets: Collection[str] = DATASET_NAMES,
        *,
        compare_files: bool = True,
        keep_loads: int = 30,
    ) -> dict[str, LoadOutcome]:
        """Load files of a new day into both; return what the daily loader did with each.

        Without `compare_files` the loader is not told where the older file is.
        """
        self.day += 1
        done = {}
        for number, dataset in enumerate(map(dataset_named, DATASET_NAMES)):
            if dataset.name not in datasets:
                continue
            path = folder / dataset.file_name
            settings = Settings(keep_loads=keep_loads, min_rows_share=0.0)
            older = self._files.get(dataset.name) if compare_files else None
            outcome = _load(self.daily.database, dataset, path, older, settings)
            self._files[dataset.name] = path
            done[dataset.name] = outcome
            if outcome.written:
                load_id = newest_load(self.daily.database)
                _let_next_load_be(self.fresh.database, load_id)
                _load(self.fresh.database, dataset, path, None, settings)
                loaded_at = FIRST_DAY + self.day * BETWEEN_DAYS + number * timedelta(minutes=1)
                for site in (self.daily, self.fresh):
                    site.database.execute(
                        "update meta.load_log set loaded_at = %s where load_id = %s",
                        *(loaded_at, load_id),
                    )
        return done

    def build(self, *words: str, options: str = "") -> ModelsBuilt:
        """Build in the daily warehouse; catching up must not write rows that did not change."""
        self._runs += 1
        watched = [
            (model.name, model.place(self.daily.database))
            for model in self.models
            if model.is_incremental and model.place(self.daily.database).exists
        ]
        before = {name: place.versions() for name, place in watched}
        run_id = f"run {self._runs}"
        with (
            connected(self.daily.database.url, purpose=f"dbt {run_id}") as connection,
            build_session(
                connection, self.project, source="imdb", dag_id=DAG, run_id=run_id
            ) as begun,
        ):
            results = self.daily.build(
                *words, *_OTHERS, run_id=run_id, build_id=begun.build_id, options=options
            )
        statuses = {name: str(result.status) for name, result in results.items()}
        messages = {name: str(result.message) for name, result in results.items()}
        incremental = {model.name for model in self.models if model.is_incremental}
        built = {name for name in incremental if statuses.get(name) == "success"}
        caught_up = {name for name in built if messages[name].startswith("MERGE")}
        after = {name: place.versions() for name, place in watched if name in caught_up}
        in_vain = {name: len(written_for_nothing(before[name], after[name])) for name in after}
        return ModelsBuilt(
            statuses,
            messages,
            frozenset(caught_up),
            frozenset(built - caught_up),
            frozenset(name for name in after if before[name] == after[name]),
            {name: count for name, count in in_vain.items() if count},
        )

    def publish(self) -> None:
        """Publish what the last build made, as if its tests had been run and were green."""
        run_id = f"run {self._runs}"
        self.daily.database.execute(TESTED, run_id, role="pipeline")
        with connected(self.daily.database.url, purpose="publish") as connection:
            publish(connection, self.project, source="imdb", dag_id=DAG, run_id=run_id)

    def go_back(self) -> None:
        """Put what was published before back; the next build goes on from what was rejected."""
        with connected(self.daily.database.url, purpose="rollback") as connection:
            rollback(
                connection,
                self.project,
                source="imdb",
                dag_id=DAG,
                run_id=f"back from {self._runs}",
            )

    def build_and_publish(self) -> ModelsBuilt:
        """A whole run of the pipeline's dbt part, which must succeed."""
        done = self.build()
        assert not done.failed, done.failed
        assert not done.written_for_nothing, done.written_for_nothing
        self.publish()
        return done

    def differences(self, *, published: bool = True) -> list[str]:
        """Refresh the other warehouse fully and say in which tables the two differ."""
        done = self.fresh.build("--full-refresh", *_OTHERS, run_id="fresh")
        assert {str(result.status) for result in done.values()} == {"success"}
        daily, fresh = self.daily.database, self.fresh.database
        pairs = [
            (Place(daily, "raw", dataset.table), Place(fresh, "raw", dataset.table))
            for dataset in map(dataset_named, DATASET_NAMES)
        ]
        # What others are made of comes first.
        pairs += [
            (model.place(daily, published=published), model.place(fresh))
            for model in sorted(self.models, key=lambda model: _LAYERS.index(model.schema))
        ]
        found = [report for pair in pairs if (report := difference(*pair))]
        found += self._strangers("marts", *_LAYERS)
        return [self._with_notes(report) for report in found]

    def _strangers(self, *schemas: str) -> list[str]:
        """Tables that no model makes any more, or that a build left behind."""
        known = [_MARKS, *(model.name for model in self.models)]
        return [
            f"{schema}.{name}: no model of the project"
            for schema, name in self.daily.database.query(
                "select relnamespace::regnamespace::text, relname from pg_class "
                "where relkind in ('r', 'v', 'm') and relname <> all(%s) "
                "and relnamespace::regnamespace::text = any(%s)",
                known,
                list(schemas),
            )
        ]

    def _with_notes(self, report: str) -> str:
        """The report and the last changes to what it names."""
        named = ids_in(report)
        notes = [note for note in self.notes if named & ids_in(note)]
        return "\n".join([report, *(f"  ({note})" for note in notes[-12:])])


@contextmanager
def two_warehouses(
    postgres: Cluster, notes: Sequence[str] = (), project: Path = PROJECT
) -> Iterator[TwoWarehouses]:
    """Two empty warehouses, dropped at the end."""
    with ExitStack() as stack:
        daily, fresh = (
            parsed_project(project).on(stack.enter_context(postgres.database()))
            for _ in ("daily", "fresh")
        )
        yield TwoWarehouses(daily, fresh, notes)


def newest_load(database: Database) -> int:
    """The id of the newest load."""
    return int(database.value("select max(load_id) from meta.load_log"))


def _let_next_load_be(database: Database, load_id: int) -> None:
    """Skip the ids that loads took elsewhere and gave up."""
    sequence = "pg_get_serial_sequence('meta.load_log', 'load_id')"
    database.execute(f"select setval({sequence}, %s, false)", load_id)


def _load(
    database: Database, dataset: Dataset, path: Path, older: Path | None, settings: Settings
) -> LoadOutcome:
    with SnapshotReader(path, dataset) as reader:
        for _ in reader.chunks():
            pass
        entry = entry_of(path, reader.facts().rows)
    return Loader(database.url, settings).load(dataset, path, entry, previous=older)
