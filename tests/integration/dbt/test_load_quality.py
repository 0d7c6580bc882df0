"""A load whose rows, nulls or means are not like those before it is in the run's summary."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from imdb_pipeline.config import DATASET_NAMES, dataset_named
from include.sample.maker import make_sample
from tests.e2e.oracle.compare import compare, fetch
from tests.e2e.oracle.marts import KEYS, Mart
from tests.e2e.oracle.quality import Figure, Figures, QualityLoad, figures, figures_of, load_quality
from tests.support.dbt import run_dbt
from tests.support.loads import LoadedWarehouse
from tests.support.postgres import Cluster, Database
from tests.support.snapshots import N, Row
from warehouse.runs.run_log import FailingTest, dbt_figures

MART = "mart_load_quality"
TEST = "assert_newest_loads_are_in_their_own_range"
CREW = dataset_named("title.crew")
DAYS = 9
FIRST = datetime(2031, 6, 2, 5, 0, tzinfo=UTC)
IMDB, SAMPLE = "https://datasets.example", "http://127.0.0.1:4001/sample-600"


@dataclass(frozen=True)
class LoadedRows:
    """What a load left: rows, and of one column nulls, numbers and their sum."""

    rows: int
    column: str = "anything"
    nulls: int = 0
    numbers: int | None = None
    total: str | None = None
    origin: str = IMDB

    @property
    def figures(self) -> Figures:
        """What the oracle would make of the file."""
        values = self.rows - self.nulls if self.numbers is None else self.numbers
        found = {
            ("rows", "*"): Figure(Decimal(self.rows)),
            ("null_share", self.column): Figure(Decimal(self.rows - values) / self.rows, self.rows),
        }
        if self.total is not None:
            found["mean", self.column] = Figure(Decimal(self.total) / values, values)
        return found


# What the days of each file are like.
STORIES: Mapping[str, Sequence[LoadedRows]] = {
    "title.basics": [
        *(LoadedRows(1000, "genres", nulls=40 + day % 2) for day in range(DAYS)),
        LoadedRows(1000, "genres", nulls=340),
    ],
    "title.episode": [*(LoadedRows(1000 + day) for day in range(DAYS)), LoadedRows(500)],
    "title.ratings": [
        *(LoadedRows(1000, "average_rating", 0, 1000, "6900") for _ in range(DAYS)),
        LoadedRows(1000, "average_rating", 0, 1000, "5900"),
    ],
    # Too few loads to say anything.
    "name.basics": [*(LoadedRows(1000) for _ in range(6)), LoadedRows(10)],
    # It grows a lot, but as it always did.
    "title.principals": [LoadedRows(1000 + 50 * day) for day in range(DAYS + 1)],
    # What was odd is past, and what is small is from another origin.
    "title.akas": [
        *(LoadedRows(1000) for _ in range(DAYS)),
        LoadedRows(10),
        LoadedRows(7, origin=SAMPLE),
    ],
}
FINDINGS = (
    (
        "title.basics: null share of genres is 0.34, expected 0 to 0.1449 "
        "(median 0.04 of the 9 loads before)"
    ),
    (
        "title.crew: null share of directors is 0.3, expected 0 to 0.2049 "
        "(median 0.1 of the 9 loads before)"
    ),
    (
        "title.episode: rows is 500, expected 888.8623 to 1119.1377 "
        "(median 1004 of the 9 loads before)"
    ),
    (
        "title.ratings: mean of average_rating is 5.9, expected 6.1764 to 7.6236 "
        "(median 6.9 of the 9 loads before)"
    ),
)  # fmt: skip


def crew_of(day: int) -> list[Row]:
    """A day's title.crew: every day a person is another one, and on the last many are missing."""
    missing = 1 if day < DAYS else 3
    return [
        (
            f"tt{title:04}",
            N if title % 10 < missing else f"nm{title}",
            f"nm{title + day if title < 20 else title}",
        )
        for title in range(1000)
    ]


@dataclass(frozen=True)
class Judged:
    """The warehouse after the days, the status of its tests, what the mart should hold."""

    database: Database
    statuses: Mapping[str, str]
    warnings: tuple[FailingTest, ...]
    expected: Mart


@pytest.fixture(scope="module")
def judged(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    """Ten days of loads, those of title.crew by the loader, and dbt's build of the one mart."""
    folder = tmp_path_factory.mktemp("quality")
    with postgres.database() as database:
        loads = [*written(database), *loaded(LoadedWarehouse(database, folder))]
        words = ("build", "--select", MART, "--exclude-resource-type", "unit_test")
        env = {"DBT_ENV_CUSTOM_ENV_BUILD_ID": "7"}
        done = run_dbt(database, *words, env=env)
        with database.session() as session, session.cursor() as cursor:
            warnings = dbt_figures(cursor, 7, status="built").warnings
        yield Judged(
            database, done.by_name(), warnings, Mart(MART, KEYS[MART], load_quality(loads))
        )


def written(database: Database) -> list[QualityLoad]:
    """Write the stories into the ledger, as if the loader had."""
    loads: list[QualityLoad] = []
    for dataset, story in STORIES.items():
        for day, load in enumerate(story):
            load_id, url = len(loads) + 1, f"{load.origin}/{dataset}.tsv.gz"
            loaded_at = FIRST + timedelta(days=day)
            database.execute(
                "insert into meta.load_log (load_id, source, dag_id, dataset, snapshot_sha256, "
                "url, rows, rows_inserted, rows_updated, rows_deleted, bytes, seconds, run_id, "
                "loaded_at, origin, history_begins) "
                "overriding system value "
                "values (%s, 'imdb', 'by hand', %s, 'x', %s, %s, 0, 0, 0, 0, 0, 'run', %s, %s, "
                "%s); "
                "insert into meta.column_log (load_id, source, dataset, column_name, rows, nulls, "
                "numbers, total) values (%s, 'imdb', %s, %s, %s, %s, %s, %s)",
                *(load_id, dataset, url, load.rows, loaded_at, load.origin),
                day == 0 or load.origin != story[day - 1].origin,
                *(load_id, dataset, load.column, load.rows, load.nulls, load.numbers, load.total),
            )
            loads.append(QualityLoad(load_id, dataset, url, loaded_at, load.figures, load.origin))
    return loads


def loaded(warehouse: LoadedWarehouse) -> list[QualityLoad]:
    """Load the days of title.crew: the first in full, then what changes in them."""
    sequence = "pg_get_serial_sequence('meta.load_log', 'load_id')"
    warehouse.database.execute(f"select setval({sequence}, 1000)")
    found = []
    for day in range(DAYS + 1):
        load = warehouse.refresh if day else warehouse.load
        assert load(crew_of(day), dataset=CREW).written
        found.append(figures(CREW.name, CREW.columns, crew_of(day)))
    ledger = warehouse.database.query(
        "select load_id, dataset, url, loaded_at from meta.load_log "
        "where dataset = 'title.crew' order by load_id"
    )
    methods = [method for method, _ in warehouse.kept()]
    assert methods[-DAYS:] == ["delta"] * DAYS
    return [
        QualityLoad(load_id, dataset, url, loaded_at, figures)
        for (load_id, dataset, url, loaded_at), figures in zip(ledger, found, strict=True)
    ]


def test_every_load_is_judged_as_the_oracle_judges_it(judged: Judged) -> None:
    found = fetch(f"{judged.database.url}?options=-csearch_path%3Dmarts_next", MART)
    comparison = compare(judged.expected, found)
    assert comparison.agrees, comparison.report()
    assert sum(row["is_outside"] for row in found) == len(FINDINGS) + 1


def test_the_newest_loads_that_are_outside_are_in_the_summary(judged: Judged) -> None:
    (warning,) = judged.warnings
    assert (warning.test, warning.model) == (TEST, MART)
    assert (warning.failures, warning.failures_table) == (len(FINDINGS), f"quality.{TEST}")
    assert warning.examples == FINDINGS[:3]


def test_each_finding_is_a_sentence_with_the_value_and_the_range(judged: Judged) -> None:
    rows = judged.database.query(f"select finding from quality.{TEST} order by 1")
    assert tuple(finding for (finding,) in rows) == FINDINGS


def test_nothing_else_is_wrong(judged: Judged) -> None:
    assert {name for name, how in judged.statuses.items() if how == "warn"} == {TEST}
    assert set(judged.statuses.values()) == {"success", "pass", "warn"}


@pytest.fixture(scope="module")
def sample_days(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Figures]]:
    """The figures of the seven files of a sample, ten days in a row."""
    folder = tmp_path_factory.mktemp("days")
    days = []
    for day in range(1, 11):
        make_sample(folder / str(day), 600, day=day)
        days.append({name: figures_of(folder / str(day), name) for name in DATASET_NAMES})
    return days


def test_ordinary_days_are_not_outside(sample_days: list[dict[str, Figures]]) -> None:
    loads = [
        QualityLoad(
            7 * day + at, name, f"{SAMPLE}/{name}", FIRST + timedelta(days=day), of_day[name]
        )
        for day, of_day in enumerate(sample_days)
        for at, name in enumerate(DATASET_NAMES)
    ]
    rows = load_quality(loads)
    assert sum(row["is_judged"] for row in rows) > 100
    assert [row for row in rows if row["is_outside"]] == []
