"""The dbt project by itself: it builds over an empty warehouse, and says what everything is."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from dbt_common.exceptions import DbtBaseException

from tests.support.dbt import run_dbt
from tests.support.postgres import Cluster, Database

# Models of TMDb and Trakt with rules of their own: each has a unit test.
WITH_LOGIC = frozenset(
    {
        *("base_tmdb__movies", "base_tmdb__show_credits", "stg_tmdb__credits"),
        *("stg_tmdb__genres", "stg_tmdb__known_for", "stg_tmdb__measures"),
        *("int_tmdb__measured", "dim_movies_history", "dim_genres", "dim_production_companies"),
        *("fact_movies", "bridge_movie_genre", "fact_daily_measures", "mart_tmdb_imdb_link"),
        *("kpi_genre_performance", "kpi_yearly_trends", "kpi_top_movies"),
        *("base_trakt__comments", "base_trakt__comment_versions", "stg_trakt__titles"),
        *("stg_trakt__seasons", "stg_trakt__episodes", "stg_trakt__ratings"),
        *("int_trakt__reference_day", "dim_trakt_titles", "fct_comment"),
        *("fct_comment_likes_daily", "mart_title_engagement", "mart_title_engagement_weekly"),
        *("mart_episode_engagement", "mart_rating_distribution", "mart_engagement_quadrants"),
    }
)


@dataclass(frozen=True)
class BuiltProject:
    """An empty warehouse after `dbt build`, with dbt's own account of it."""

    database: Database
    manifest: dict[str, Any]
    results: dict[str, str]

    def nodes(self, kind: str) -> list[dict[str, Any]]:
        """The nodes of a resource type."""
        return [node for node in self.manifest["nodes"].values() if node["resource_type"] == kind]

    def datasets_above(self, unique_id: str) -> set[str]:
        """The datasets that a node reads, directly or through others."""
        if unique_id in self.manifest["sources"]:
            dataset = self.manifest["sources"][unique_id]["config"]["meta"].get("dataset")
            return {dataset} - {None}
        parents = self.manifest["parent_map"][unique_id]
        return set().union(*(self.datasets_above(parent) for parent in parents))


def is_thin(node: dict[str, Any]) -> bool:
    """A model of an API that renames, joins and counts nothing that a data test does not say.

    Their rows are compared with an own computation in tests of whole days.
    """
    return node["config"]["meta"]["source"] in {"tmdb", "trakt"} and node["name"] not in WITH_LOGIC


@pytest.fixture(scope="module")
def built(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltProject]:
    """`dbt build` over raw tables without a row."""
    with postgres.database() as database:
        done = run_dbt(database, "build")
        assert done.exit_code == 0, done.output[-5000:]
        statuses = {result["unique_id"]: result["status"] for result in done.results}
        yield BuiltProject(database, done.manifest, statuses)


def test_over_an_empty_warehouse_everything_is_built_and_no_test_fails(built: BuiltProject) -> None:
    sources = Counter(node["config"]["meta"]["source"] for node in built.nodes("model"))
    assert sources == {"imdb": 26, "tmdb": 44, "trakt": 20, "warehouse": 2}
    exposures = {"no-op"}
    assert set(built.results.values()) - exposures == {"success", "pass"}


def test_every_unit_test_passes_and_every_model_with_logic_has_one(built: BuiltProject) -> None:
    tested = {node: test["model"] for node, test in built.manifest["unit_tests"].items()}
    assert {built.results[node] for node in tested} == {"pass"}
    models = {node["name"] for node in built.nodes("model") if not is_thin(node)}
    assert models <= set(tested.values())


def test_every_column_that_is_there_is_described(built: BuiltProject) -> None:
    rows = built.database.query(
        "select table_name, column_name from information_schema.columns "
        "where table_schema in ('staging', 'intermediate', 'marts_next')"
    )
    found = {(str(table), str(column)) for table, column in rows}
    described = {
        (node["name"], column["name"])
        for node in built.nodes("model") + built.nodes("seed")
        if node["config"]["materialized"] != "ephemeral"
        for column in node["columns"].values()
        if column["description"]
    }
    marks = {pair for pair in found if pair[0] == "high_water_mark"}
    assert found - marks == described


def test_every_model_says_what_a_row_is(built: BuiltProject) -> None:
    silent = [
        node["name"]
        for node in built.nodes("model")
        if not node["description"].lower().startswith("one row per")
    ]
    assert silent == []


def test_every_model_has_a_key_that_is_tested(built: BuiltProject) -> None:
    key_tests = {"unique", "unique_combination_of_columns"}
    keyed = {
        node["attached_node"].split(".")[-1]
        for node in built.nodes("test")
        if (node.get("test_metadata") or {}).get("name") in key_tests and node["attached_node"]
    }
    # The key of what another source published is the primary key of the mart.
    published = {"stg_tmdb__imdb_titles", "stg_tmdb__imdb_people", "stg_trakt__imdb_titles"}
    assert {node["name"] for node in built.nodes("model")} <= keyed | published


def test_every_mart_has_a_contract_and_a_primary_key(built: BuiltProject) -> None:
    marts = [node for node in built.nodes("model") if node["config"]["meta"]["layer"] == "marts"]
    assert len(marts) == 38
    assert all(node["config"]["contract"]["enforced"] for node in marts)
    keys = built.database.query(
        "select conrelid::regclass::text from pg_constraint "
        "where contype = 'p' and connamespace = 'marts_next'::regnamespace"
    )
    assert {name.split(".")[-1] for (name,) in keys} >= {node["name"] for node in marts}


def test_every_table_names_its_indexes(built: BuiltProject) -> None:
    """In its config, or as its key where that is all it needs.

    A table in `intermediate` is read whole by the marts, and needs none.
    """
    tables = [
        node
        for node in built.nodes("model")
        if node["config"]["materialized"] in {"table", "incremental"}
        and not node["name"].startswith("int_")
    ]
    keyed = {
        node["name"] for node in tables if node["constraints"] or node["config"].get("unique_key")
    }
    without = {node["name"] for node in tables if not node["config"].get("indexes")}
    assert without <= keyed


def test_only_staging_reads_sources_and_each_model_reads_one(built: BuiltProject) -> None:
    for node in built.nodes("model"):
        read = node["depends_on"]["nodes"]
        sources = [parent for parent in read if parent.startswith("source.")]
        if node["config"]["meta"]["layer"] == "staging":
            # Views of one source table, or of base models, which share the reading of it.
            bases = [parent for parent in read if ".base_" in parent]
            assert len(read) == len(sources) == 1 or bases == read, node["name"]
        else:
            assert sources == [], node["name"]


def test_every_model_and_seed_says_its_source(built: BuiltProject) -> None:
    for node in built.nodes("model") + built.nodes("seed") + built.nodes("snapshot"):
        folder = Path(node["original_file_path"]).parent.name
        assert node["config"]["meta"]["source"] == folder, node["name"]


def test_the_datasets_of_a_model_are_those_it_is_made_of(built: BuiltProject) -> None:
    """A model with high-water marks names them; the lineage knows them."""
    for node in built.nodes("model"):
        named = set(node["config"]["meta"].get("datasets", ()))
        assert not named or named == built.datasets_above(node["unique_id"]), node["name"]


def test_the_tests_that_look_for_new_values_only_warn(built: BuiltProject) -> None:
    open_lists = [
        node
        for node in built.nodes("test")
        if (node.get("test_metadata") or {}).get("name") == "accepted_values"
        and str(node["attached_node"]).split(".")[-1].startswith("stg_")
    ]
    assert open_lists
    assert {node["config"]["severity"].lower() for node in open_lists} == {"warn"}


def test_a_forgotten_reader_fails_models_and_tests_and_does_not_hang_them(
    built: BuiltProject, tmp_path: Path
) -> None:
    """As the DAG starts dbt: PGOPTIONS reaches every session, those of the threads too."""
    database, test = built.database, "mart_genre_analytics_rules_hold"
    # Whoever waits without a lock_timeout of its own meets this one, with another message.
    database.execute(f"alter database {database.name} set statement_timeout = '60s'")
    database.execute(f"alter database {database.name} set lock_timeout = 0")
    # A test that failed the last time left a table, which it writes again.
    database.execute(f"create table quality.{test} ()", role="pipeline")
    with database.session("postgres") as reader, reader.cursor() as cursor:
        for table in ("marts_next.mart_genre_by_decade", f"quality.{test}"):
            cursor.execute(f"select * from {table}")
        done = run_dbt(
            database,
            *("build", "--select", "mart_genre_by_decade", "mart_genre_analytics"),
            env={"PGOPTIONS": "-c lock_timeout=10ms"},
        )
    failed = {
        name: done.by_name("message")[name]
        for name, status in done.by_name().items()
        if status == "error"
    }
    assert failed.keys() == {"mart_genre_by_decade", test}
    assert all("lock timeout" in message for message in failed.values())


def test_a_failed_test_names_the_rules_that_rows_break(built: BuiltProject) -> None:
    database, test = built.database, "stg_title_ratings_rules_hold"
    database.execute(
        "insert into staging.stg_title_ratings values "
        "('tt01', 11.0, 5), ('tt02', 11.0, 0), ('tt03', 9.0, 5)"
    )
    done = run_dbt(database, "test", "--select", test)
    database.execute("truncate staging.stg_title_ratings")
    assert done.by_name() == {test: "fail"}
    ((message,),) = database.query(
        "select message from meta.test_log order by test_log_id desc limit 1"
    )
    rules = "ratings_are_between_1_and_10 (2 rows), votes_are_one_or_more (1 rows)"
    assert rules in str(message)
    broken = database.query(f"select tconst, cardinality(broken_rules) from quality.{test}")
    assert sorted(broken) == [("tt01", 1), ("tt02", 2)]


@pytest.mark.parametrize("command", ["build", "run"])
def test_the_target_prod_is_never_built_empty(built: BuiltProject, command: str) -> None:
    with pytest.raises(DbtBaseException, match="--empty would empty the tables of the target prod"):
        run_dbt(built.database, command, "--empty", "--select", "stg_title_crew_writers")


def test_the_target_published_refuses_to_build(built: BuiltProject) -> None:
    with pytest.raises(DbtBaseException, match="for reading only"):
        run_dbt(
            built.database, "run", "--select", "stg_title_crew_writers", "--target", "published"
        )
