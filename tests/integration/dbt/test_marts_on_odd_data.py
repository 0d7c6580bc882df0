"""The marts over files full of oddities: all are built, warnings are due, the oracle agrees.

The sample is spoilt with what the real files hardly have or never had, but with nothing so wrong
that a publish should stop: no rating above 10, no vote count of 0, few rows without a key.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from imdb_pipeline.config import Settings, dataset_named
from imdb_pipeline.loader import Loader
from include.sample.maker import make_sample
from include.sample.rows import DATASETS
from tests.e2e.oracle.compare import compare, fetch
from tests.e2e.oracle.marts import KEYS, Mart, expected_marts
from tests.e2e.oracle.reference import LoadTime, reference_year
from tests.support.days import Record, records_of
from tests.support.dbt import PROJECT, run_dbt
from tests.support.postgres import Cluster, Database
from tests.support.snapshots import entry_of
from tests.support.spoiler import Spoiler

HISTORY = {"mart_rating_history", "mart_rating_movers"}
# Odd figures are told apart from odd values elsewhere.
NOT_OF_A_FILE = HISTORY | {"mart_load_quality"}
MARTS_NEXT = "options=-csearch_path%3Dmarts_next"
TITLES = 1500
N = r"\N"

NO_INTEGERS = (
    *(" 7", "7 ", "+7", "-7", "0x1F", "1_000", "1e3", "7.0", "2147483648", "many"),
    "\N{ARABIC-INDIC DIGIT SEVEN}",
)
NO_VOTES = (" 500", "+500", "5_00", "500.0", "-500", "2147483648")
NO_RATINGS = ("NaN", "1e1", "8.25", "8.", ".5", "+8.0", " 8.0", "100.0", "great")
NO_FLAGS = ("t", "true", " 1", "01", "2")
NO_CHARACTERS = ('["Broken', '{"not": "a list"}', '"Nor this"', "null", '["\\u0000"]')
# No code is so long, and no index takes a name as long as this one.
LONG_CODE = "x" * 201
LONG_NAME = "".join(chr(Random(3).randrange(0x4E00, 0x9FFF)) for _ in range(1500))
ODD_LISTS = (
    *(",", ",,", ",{},", "{},,{}", "{},{}", "{},{},Other,More", ""),
    *(LONG_CODE, f"{{}},{LONG_CODE}"),
)
# Beyond belief, but integers.
HUGE = ("2147483647", "2147483646", "0")

WARNINGS_DUE = """
    assert_rating_history_has_the_newest_load
    int_genre_ratings_has_only_known_genres most_rated_titles_are_in_title_basics
    not_null_stg_title_akas_title not_null_stg_title_basics_is_adult
    not_null_stg_title_basics_primary_title not_null_stg_title_basics_title_type
    not_null_stg_title_episode_parent_tconst stg_name_basics_birth_years_are_plausible
    stg_name_basics_death_years_are_plausible stg_name_basics_has_every_row_of_the_file
    stg_name_basics_has_only_known_professions stg_name_basics_is_known_for_titles_only
    stg_name_basics_values_that_did_not_parse stg_title_akas_has_every_row_of_the_file
    stg_title_akas_has_only_known_types stg_title_akas_languages_are_two_or_three_letters
    stg_title_akas_orderings_start_at_one stg_title_akas_regions_are_two_to_four_capitals
    stg_title_akas_values_that_did_not_parse stg_title_basics_has_every_row_of_the_file
    stg_title_basics_has_one_to_three_genres_or_none stg_title_basics_has_only_known_title_types
    stg_title_basics_nothing_ends_before_it_starts stg_title_basics_runtimes_are_plausible
    stg_title_basics_start_years_are_plausible stg_title_basics_values_that_did_not_parse
    stg_title_crew_directors_values_that_did_not_parse
    stg_title_episode_episodes_are_plausible stg_title_episode_has_every_row_of_the_file
    stg_title_episode_has_season_and_episode_or_neither stg_title_episode_is_not_its_own_series
    stg_title_episode_seasons_are_plausible stg_title_episode_values_that_did_not_parse
    stg_title_episode_without_a_series
    stg_title_principals_has_every_row_of_the_file
    stg_title_principals_has_only_known_categories stg_title_principals_orderings_start_at_one
    stg_title_principals_values_that_did_not_parse stg_title_ratings_has_every_row_of_the_file
    stg_title_ratings_have_at_least_five_votes stg_title_ratings_values_that_did_not_parse
    stg_title_ratings_votes_are_plausible
"""


def spoil(folder: Path, out: Path) -> None:
    """Write the files of `folder` into `out`, spoilt."""
    sample = Spoiler(folder)
    spoil_ratings(sample)
    spoil_titles(sample)
    spoil_episodes(sample)
    spoil_names(sample)
    spoil_credits(sample)
    sample.write(out)


def spoil_ratings(sample: Spoiler) -> None:
    """Rate nearly all titles, so that what is odd stays a small share of the ratings."""
    ratings = sample.files["title.ratings"]
    rated = {row["tconst"] for row in ratings}
    for row in sample.files["title.basics"]:
        rating = str(sample.random.randint(10, 100) / 10)
        votes = str(min(int(sample.random.paretovariate(0.5)), 10**6) + 4)
        if row["tconst"] not in rated and sample.random.random() < 0.95:
            ratings.append({"tconst": row["tconst"], "averageRating": rating, "numVotes": votes})
    for number in range(50):
        ratings.append({"tconst": f"tt8{number:07}", "averageRating": "7.0", "numVotes": "50"})
    # The best two of a season are equal, but only one of them has votes.
    for number, pair in enumerate(pairs_of_episodes(sample.files["title.episode"])[:6]):
        found = [row for row in ratings if row["tconst"] in pair]
        for row, votes in zip(found, (N, "5") if number % 2 else ("5", N), strict=False):
            row.update(averageRating="10.0", numVotes=votes)
            sample.spoilt.add(id(row))
    sample.put("title.ratings", "averageRating", ("7", "10", "1", *NO_RATINGS, N, ""))
    sample.put("title.ratings", "numVotes", (*HUGE[:2] * 2, "1", "4", *NO_VOTES))
    sample.repeat("title.ratings", "averageRating", ("1.5", "10", "9.5"))
    sample.repeat("title.ratings", "numVotes", ("6", "1000000"))


def pairs_of_episodes(episodes: list[Record]) -> list[list[str]]:
    """The first two episodes of every season that has so many."""
    seasons: dict[tuple[str, str], list[str]] = {}
    for row in episodes:
        if row["seasonNumber"] != N:
            seasons.setdefault((row["parentTconst"], row["seasonNumber"]), []).append(row["tconst"])
    return [season[:2] for season in seasons.values() if len(season) > 1]


def spoil_titles(sample: Spoiler) -> None:
    titles = sample.files["title.basics"]
    rated = {row["tconst"] for row in sample.files["title.ratings"]}
    episodes = [row for row in titles if row["titleType"] == "tvEpisode"]
    with_genres = [row for row in titles if row["genres"] != N]
    unrated = [row for row in titles if row["tconst"] not in rated]
    sample.put("title.basics", "startYear", (*NO_INTEGERS, "", "1", *HUGE))
    series = [row for row in titles if row["titleType"] == "tvSeries" and row["startYear"] != N]
    sample.put("title.basics", "endYear", (*NO_INTEGERS, *HUGE, "1066"), among=series)
    sample.put("title.basics", "runtimeMinutes", (*NO_INTEGERS, *HUGE))
    sample.put("title.basics", "runtimeMinutes", HUGE * 8, among=episodes)
    sample.put("title.basics", "isAdult", (*NO_FLAGS, N, ""))
    sample.put(
        "title.basics",
        "genres",
        (*ODD_LISTS * 6, LONG_CODE, f"{{}},{LONG_CODE}"),
        among=with_genres,
    )
    sample.put("title.basics", "primaryTitle", (N, "", "\N{ZERO WIDTH SPACE}"))
    sample.put("title.basics", "originalTitle", (N, ""))
    sample.put("title.basics", "titleType", ("hologram", "Movie", LONG_CODE, *(N, "") * 4))
    sample.put("title.basics", "tconst", (N, ""), among=unrated)
    sample.repeat("title.basics", "titleType", ("zzz", "aaa", "movie", "tvSeries", N))
    sample.repeat("title.basics", "startYear", ("999", "2019", N))
    sample.repeat("title.basics", "isAdult", ("1", "1", N))
    sample.repeat("title.basics", "genres", ("Zoo", ","))


def spoil_episodes(sample: Spoiler) -> None:
    titles, episodes = sample.files["title.basics"], sample.files["title.episode"]
    no_series = [row["tconst"] for row in titles if row["titleType"] == "movie"]
    sample.put("title.episode", "seasonNumber", (*NO_INTEGERS, *HUGE * 4, N))
    sample.put("title.episode", "episodeNumber", (*NO_INTEGERS, *HUGE, N))
    sample.put("title.episode", "parentTconst", (N, "", *no_series[:5], "tt80000000"))
    itself = sample.random.choice(episodes)
    itself["parentTconst"] = itself["tconst"]
    sample.repeat("title.episode", "seasonNumber", ("10", "9", N))


def spoil_names(sample: Spoiler) -> None:
    sample.put("title.akas", "ordering", (*NO_INTEGERS, *HUGE, N))
    sample.put("title.akas", "title", (N, "", "same", "Same", LONG_NAME))
    sample.put("title.akas", "region", ("", "xx", "EUROPE"))
    sample.put("title.akas", "language", ("", "German"))
    sample.put("title.akas", "types", ("\x02", "\x02dvd\x02\x02tv", "hologram"))
    sample.put("title.akas", "attributes", ("\x02", "new\x02"))
    sample.put("title.akas", "isOriginalTitle", (*NO_FLAGS, N))
    sample.repeat("title.akas", "title", ("Zebra", "apple", N))
    sample.repeat("title.akas", "region", ("AA", "ZZ", N))
    sample.put("name.basics", "birthYear", (*NO_INTEGERS, *HUGE))
    sample.put("name.basics", "deathYear", (*NO_INTEGERS, *HUGE))
    sample.put("name.basics", "primaryName", (N, ""))
    credited = {row["nconst"] for row in sample.files["title.principals"]}
    people = [row for row in sample.files["name.basics"] if row["nconst"] in credited]
    sample.put("name.basics", "primaryName", (LONG_NAME,), among=people)
    sample.put("name.basics", "primaryProfession", (",", ",{},", "{},,{}", "juggler"))
    sample.put("name.basics", "knownForTitles", (",", ",{}", "nm0000001"))
    sample.repeat("name.basics", "primaryName", ("Zora Quill", "ada quill", N))
    sample.repeat("name.basics", "birthYear", ("999", "10000"))


def spoil_credits(sample: Spoiler) -> None:
    sample.put("title.principals", "ordering", (*NO_INTEGERS, *HUGE, N))
    sample.put("title.principals", "nconst", (N, "", "nm80000000"))
    sample.put("title.principals", "category", (N, "", "juggler", "Director", LONG_CODE))
    sample.put("title.principals", "characters", (*NO_CHARACTERS, "[]", "[null]", '[["A"], 1]'))
    sample.repeat("title.principals", "category", ("aaa", "zzz", N))
    sample.repeat("title.principals", "nconst", ("nm0000000", "nm99999999"))
    crew = [row for row in sample.files["title.crew"] if N not in row.values()]
    directors = (",", ",{},", "{},,{}", "", f"nm80000003,{LONG_CODE}")
    sample.put("title.crew", "directors", directors, among=crew)
    sample.put("title.crew", "writers", (",", ",{},", "{},,{}", ""), among=crew)
    sample.repeat("title.crew", "directors", ("nm80000001,nm80000002",))


@dataclass(frozen=True)
class OddWarehouse:
    """A warehouse over spoilt files, the status of each model and test, and the marts as due."""

    database: Database
    results: dict[str, str]
    expected: dict[str, Mart]


@pytest.fixture(scope="module")
def built(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OddWarehouse]:
    """`dbt build` over the spoilt files."""
    folder = tmp_path_factory.mktemp("odd")
    make_sample(folder / "clean", TITLES)
    (folder / "spoilt").mkdir()
    spoil(folder / "clean", folder / "spoilt")
    with postgres.database() as database:
        load(database, folder / "spoilt")
        no_units = ("--exclude-resource-type", "unit_test", "exposure")
        done = run_dbt(
            database,
            "build",
            *no_units,
            "--exclude",
            "config.meta.source:tmdb",
            "config.meta.source:trakt",
        )
        loads = database.query(
            "select load_id, dataset, last_modified, loaded_at from meta.load_log"
        )
        year = reference_year(LoadTime(*load) for load in loads)
        expected = expected_marts(folder / "spoilt", PROJECT / "seeds" / "imdb", year)
        yield OddWarehouse(database, done.by_name(), expected)


def load(database: Database, folder: Path) -> None:
    """Load the seven files of `folder`."""
    loader = Loader(database.url, Settings())
    for name in DATASETS:
        dataset = dataset_named(name)
        path = folder / dataset.file_name
        loader.load(dataset, path, entry_of(path, len(records_of(path))))


def test_every_model_is_built_and_no_test_stops_the_publish(built: OddWarehouse) -> None:
    good = {"success", "pass", "warn"}
    assert {name: how for name, how in built.results.items() if how not in good} == {}
    tables_and_views, seeds = 26, 6
    assert list(built.results.values()).count("success") == tables_and_views + seeds


def test_all_warnings_that_are_due_are_given_and_no_others(built: OddWarehouse) -> None:
    assert {name for name, how in built.results.items() if how == "warn"} == set(
        WARNINGS_DUE.split()
    )


def test_each_value_that_does_not_parse_is_counted_as_it_stands(built: OddWarehouse) -> None:
    assert counted(built, "stg_title_ratings") == {
        *(("average_rating", value) for value in NO_RATINGS),
        *(("num_votes", value) for value in NO_VOTES),
    }
    assert counted(built, "stg_name_basics") == {
        (column, value) for column in ("birth_year", "death_year") for value in NO_INTEGERS
    }


def counted(built: OddWarehouse, model: str) -> set[tuple[str, str]]:
    """Columns and values that the warning test of `model` found."""
    table = f"quality.{model}_values_that_did_not_parse"
    return {(name, value) for name, value, _ in built.database.query(f"select * from {table}")}


def test_a_file_that_rates_titles_twice_is_not_in_the_history(built: OddWarehouse) -> None:
    """What changed cannot be given by key, so nothing is; of which the build warns."""
    for name in HISTORY:
        assert built.database.value(f"select count(*) from marts_next.{name}") == 0


@pytest.mark.parametrize("name", sorted(KEYS.keys() - NOT_OF_A_FILE))
def test_mart_agrees_with_the_oracle(built: OddWarehouse, name: str) -> None:
    expected = built.expected[name]
    comparison = compare(expected, fetch(f"{built.database.url}?{MARTS_NEXT}", name))
    assert len(expected.rows) > 20
    assert comparison.agrees, comparison.report()
