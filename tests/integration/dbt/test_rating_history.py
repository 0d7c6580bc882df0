"""The history of ratings over simulated days: kept up load by load, the same as built whole."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from imdb_pipeline.config import dataset_named
from tests.e2e.oracle.compare import compare, fetch
from tests.e2e.oracle.files import UNRATED, Rating, Title, read_ratings
from tests.e2e.oracle.history import RatingsLoad, rating_history, rating_movers
from tests.e2e.oracle.marts import KEYS, Mart
from tests.e2e.oracle.seeds import read_seeds
from tests.support.dbt import PROJECT, run_dbt
from tests.support.loads import LoadedWarehouse
from tests.support.postgres import Cluster, Database
from tests.support.snapshots import N, Row

FIRST = datetime(2024, 1, 1, 8, tzinfo=UTC)
# Days after the first; loads of one group are in the history before dbt runs.
DAYS = ((0,), (1,), (24, 25), (30,), (31, 32, 33))
TITLES = 400
MARTS = ("mart_rating_history", "mart_rating_movers")
SEEDS = ("thresholds",)
MODELS = ("stg_title_ratings", "stg_title_basics", "stg_imdb__rating_changes", *MARTS)
# So few titles that a tenth of a day's changes would be a reason to build all anew.
ALWAYS_CATCH_UP = ("--vars", "{catch_up_share: 100}")


@dataclass(frozen=True)
class Days:
    """A warehouse that was led through the days, and what was found after each group of loads."""

    database: Database
    loads: list[RatingsLoad]
    found: list[dict[str, Mart]]
    expected: list[dict[str, Mart]]
    rows_written: list[str]
    whole: dict[str, Mart]


def next_day(rows: dict[str, Row], random: Random, away: dict[str, Row]) -> None:
    """Votes come in, ratings move, titles come, go and come back, some as they were."""
    for tconst, (_, rating, votes) in list(rows.items()):
        chance = random.random()
        if chance < 0.03:
            away[tconst] = rows.pop(tconst)
        elif chance < 0.25:
            rows[tconst] = (tconst, f"{random.randint(10, 100) / 10}", votes)
        elif chance < 0.45:
            rows[tconst] = (tconst, rating, str(random.randint(500, 5000)))
        elif chance < 0.50:
            # The same in other words; once in a while no number at all.
            odd = random.choice((rating.removesuffix(".0"), "great", N))
            rows[tconst] = (tconst, odd, votes)
    for tconst in random.sample(sorted(away), len(away) // 2):
        rows[tconst] = away.pop(tconst)
    for _ in range(10):
        new = f"tt{random.randint(1000, 9999):07}"
        if new not in away:
            rows[new] = (new, f"{random.randint(10, 100) / 10}", str(random.randint(5, 3000)))


@pytest.fixture(scope="module")
def days(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    """Load after load, dbt after each group."""
    folder = tmp_path_factory.mktemp("days")
    with postgres.database() as database:
        yield led_through(database, folder)


def led_through(database: Database, folder: Path) -> Days:
    random, away = Random(5), dict[str, Row]()
    tconsts = [f"tt{number:07}" for number in random.sample(range(1000, 10_000), TITLES)]
    rows: dict[str, Row] = {one: (one, "6.0", str(random.randint(500, 5000))) for one in tconsts}
    (folder / "titles").mkdir()
    basics = dataset_named("title.basics")
    # The others are not in title.basics.
    adult = dict.fromkeys(tconsts[::2], "0") | dict.fromkeys(tconsts[::10], "1")
    names = [(one, "movie", f"Film {one}", N, flag, "1999", N, N, N) for one, flag in adult.items()]
    LoadedWarehouse(database, folder / "titles").load(names, dataset=basics)
    titles = {
        one: Title(one, "movie", f"Film {one}", None, 1999, None, None, flag == "1", None, UNRATED)
        for one, flag in adult.items()
    }
    seeds = read_seeds(PROJECT / "seeds" / "imdb")
    days = Days(database, [], [], [], [], {})
    for group in DAYS:
        for day in group:
            of_day = folder / f"day-{day}"
            of_day.mkdir()
            if days.loads:
                next_day(rows, random, away)
            LoadedWarehouse(database, of_day).load(sorted(rows.values()))
            days.loads.append(dated(database, of_day, FIRST + timedelta(days=day)))
        done = run_dbt(
            database,
            *("build", "--select", *SEEDS, *MODELS, *ALWAYS_CATCH_UP),
            *("--exclude-resource-type", "test", "unit_test"),
        )
        assert done.exit_code == 0, done.output[-5000:]
        days.rows_written.append(done.by_name("message")["mart_rating_history"])
        days.found.append(marts(database))
        days.expected.append(
            {
                "mart_rating_history": mart("mart_rating_history", rating_history(days.loads)),
                "mart_rating_movers": mart(
                    "mart_rating_movers", rating_movers(days.loads, titles, seeds)
                ),
            }
        )
    done = run_dbt(
        database,
        "build",
        "--full-refresh",
        *("--select", *SEEDS, *MODELS, "--indirect-selection", "buildable"),
        *("--exclude-resource-type", "unit_test"),
        # More than the real files would have do not parse here.
        *("--exclude", "stg_title_ratings_nearly_all_have_a_rating"),
    )
    assert done.exit_code == 0, done.output[-5000:]
    days.whole.update(marts(database))
    return days


def dated(database: Database, folder: Path, loaded_at: datetime) -> RatingsLoad:
    """The newest load, moved to its day."""
    load_id = database.value("select max(load_id) from meta.load_log")
    database.execute(
        "update meta.load_log set loaded_at = %s where load_id = %s", loaded_at, load_id
    )
    return RatingsLoad(load_id, loaded_at, folder)


def marts(database: Database) -> dict[str, Mart]:
    url = f"{database.url}?options=-csearch_path%3Dmarts_next"
    return {name: mart(name, fetch(url, name)) for name in MARTS}


def mart(name: str, rows: Sequence[Mapping[str, Any]]) -> Mart:
    return Mart(name, KEYS[name], rows)


@pytest.mark.parametrize("name", MARTS)
def test_after_every_build_the_marts_agree_with_the_oracle(days: Days, name: str) -> None:
    for expected, found in zip(days.expected, days.found, strict=True):
        comparison = compare(expected[name], found[name].rows)
        assert comparison.agrees, comparison.report()
    assert len(days.found[-1][name].rows) > 100


@pytest.mark.parametrize("name", MARTS)
def test_kept_up_load_by_load_it_is_the_same_as_built_whole(days: Days, name: str) -> None:
    comparison = compare(days.whole[name], days.found[-1][name].rows)
    assert comparison.agrees, comparison.report()


def test_only_the_first_build_reads_all_changes(days: Days) -> None:
    first, *later = days.rows_written
    assert first == f"INSERT 0 {TITLES}"
    assert {message.split()[0] for message in later} == {"MERGE"}


def test_titles_left_came_back_and_moved(days: Days) -> None:
    history = days.found[-1]["mart_rating_history"].rows
    removed = {row["tconst"] for row in history if row["is_removed"]}
    assert removed & {row["tconst"] for row in history if row["is_current"]}
    assert removed - {row["tconst"] for row in history if row["is_current"]}
    lists = {
        (row["period"], row["measure"], row["direction"])
        for row in days.found[-1]["mart_rating_movers"].rows
    }
    assert len(lists) == 3 * 2 * 2


@pytest.mark.parametrize("number", range(8))
def test_the_history_gives_back_the_file_of_every_load_and_moment(days: Days, number: int) -> None:
    load = days.loads[number]
    of_file = {one: (rating.average, rating.votes) for one, rating in ratings_of(load).items()}
    replayed = "select tconst, average_rating, num_votes from marts_next.mart_rating_history "
    by_load = days.database.query(
        replayed + "where valid_from_load_id <= %s and (valid_to_load_id > %s) is not false",
        load.load_id,
        load.load_id,
    )
    later = load.loaded_at + timedelta(hours=1)
    by_time = days.database.query(
        replayed + "where valid_from <= %s and (valid_to > %s) is not false", later, later
    )
    for rows in (by_load, by_time):
        assert len(rows) == len(of_file)
        assert {one: (rating, votes) for one, rating, votes in rows} == of_file


def ratings_of(load: RatingsLoad) -> dict[str, Rating]:
    return read_ratings(load.folder)
