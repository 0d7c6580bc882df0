"""The seven datasets agree with the raw tables; settings say which variable is wrong."""

from dataclasses import fields
from pathlib import Path

import pytest

from imdb_pipeline.config import DATASET_NAMES, DATASETS, Settings, dataset_named
from tests.support.postgres import Database
from warehouse.errors import PermanentError
from warehouse.raw.dataset import Dataset


def test_there_are_seven_datasets() -> None:
    assert len(set(DATASET_NAMES)) == len(DATASETS) == 7


@pytest.mark.parametrize("dataset", DATASETS, ids=DATASET_NAMES)
def test_a_dataset_has_one_name_for_everything(dataset: Dataset) -> None:
    assert dataset.file_name == f"{dataset.name}.tsv.gz"
    assert dataset.slug == dataset.name.replace(".", "_")
    assert dataset.table == f"imdb_{dataset.slug}"
    assert dataset.header.decode().split("\t") == list(dataset.columns)
    assert set(dataset.key) <= set(dataset.columns)
    assert dataset.timeout.total_seconds() >= 600
    assert dataset_named(dataset.name) is dataset


def test_columns_become_snake_case() -> None:
    akas = dataset_named("title.akas")

    assert akas.table_columns[0] == "title_id"
    assert akas.table_columns[-1] == "is_original_title"
    assert akas.table_key == ("title_id", "ordering")


def test_an_unknown_dataset_is_told_with_the_seven() -> None:
    with pytest.raises(PermanentError, match=r"'title\.cast' is not a dataset.*title\.basics"):
        dataset_named("title.cast")


def test_the_raw_tables_have_the_columns_of_the_files(database: Database) -> None:
    found: dict[str, list[str]] = {}
    for table, column, kind in database.query(
        "select table_name, column_name, data_type from information_schema.columns "
        "where table_schema = 'raw' and table_name like 'imdb_%' "
        "and table_name not like '%_changes' "
        "order by table_name, ordinal_position"
    ):
        assert kind == "text"
        found.setdefault(table, []).append(column)

    assert found == {dataset.table: list(dataset.table_columns) for dataset in DATASETS}


@pytest.mark.parametrize("dataset", DATASETS, ids=DATASET_NAMES)
def test_a_change_table_has_the_columns_of_its_raw_table(
    database: Database, dataset: Dataset
) -> None:
    columns = database.query(
        "select column_name from information_schema.columns where table_schema = 'raw' "
        "and table_name = %s order by ordinal_position",
        dataset.changes_table,
    )

    assert [column for (column,) in columns] == ["load_id", "change", "is_new",
                                                 *dataset.table_columns]  # fmt: skip


@pytest.mark.parametrize("dataset", DATASETS, ids=DATASET_NAMES)
def test_a_key_is_the_first_columns(dataset: Dataset) -> None:
    assert dataset.key == dataset.columns[: len(dataset.key)]


def test_the_ratings_have_a_history() -> None:
    assert [dataset.name for dataset in DATASETS if dataset.history] == ["title.ratings"]


def test_a_large_file_is_shared_by_the_cores_that_there_are() -> None:
    assert 1 <= Settings().copy_connections <= 8


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_environment({}) == Settings()
    assert Settings.from_environment({"IMDB_READ_TIMEOUT": " ", "READ_TIMEOUT": "1"}) == Settings()


def test_every_setting_is_read_from_its_variable() -> None:
    values: dict[str, object] = {
        "base_url": "http://127.0.0.1:1/files",
        "source_name": "files of ours",
        "user_agent": "the film club (films@example.org)",
        "data_dir": Path("/srv/imdb"),
        "connect_timeout": 1.5,
        "read_timeout": 2.5,
        "download_tries": 7,
        "backoff_start": 0.0,
        "backoff_limit": 4.5,
        "min_rows_share": 0.0,
        "max_bytes": 10**12,
        "max_ratio": 2.5,
        "accept_added_columns": True,
        "accept_unended_files": True,
        "progress_every": 6.5,
        "lock_patience": 0.0,
        "copy_connections": 3,
        "keep_loads": 1,
    }
    assert set(values) == {field.name for field in fields(Settings)}
    variables = {f"IMDB_{name.upper()}": f" {value} " for name, value in values.items()}
    assert Settings.from_environment(variables) == Settings(**values)  # type: ignore[arg-type]
    for name, value in values.items():
        if name != "base_url":
            variable = {f"IMDB_{name.upper()}": f" {value} "}
            assert getattr(Settings.from_environment(variable), name) == value


def test_imdbs_own_address_has_a_name_and_another_one_must_get_one() -> None:
    assert Settings.from_environment({}).origin == "imdb"
    assert Settings.from_environment({"IMDB_SOURCE_NAME": "mine"}).origin == "mine"
    address = "https://files.example/imdb"
    with pytest.raises(PermanentError, match=r"files\.example/imdb.*Set IMDB_SOURCE_NAME"):
        Settings.from_environment({"IMDB_BASE_URL": address})
    named = Settings.from_environment({"IMDB_BASE_URL": address, "IMDB_SOURCE_NAME": "mirror"})
    assert named.origin == "mirror"


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("IMDB_DOWNLOAD_TRIES", "many"),
        ("IMDB_DOWNLOAD_TRIES", "2.5"),
        ("IMDB_DOWNLOAD_TRIES", "0"),
        ("IMDB_CONNECT_TIMEOUT", "0"),
        ("IMDB_READ_TIMEOUT", "10s"),
        ("IMDB_READ_TIMEOUT", "-1"),
        ("IMDB_READ_TIMEOUT", "nan"),
        ("IMDB_LOCK_PATIENCE", "inf"),
        ("IMDB_LOCK_PATIENCE", "401"),
        ("IMDB_MIN_ROWS_SHARE", "-0.1"),
        ("IMDB_MIN_ROWS_SHARE", "95"),
        ("IMDB_MAX_BYTES", "0"),
        ("IMDB_MAX_BYTES", "1e9"),
        ("IMDB_MAX_RATIO", "0"),
        ("IMDB_ACCEPT_ADDED_COLUMNS", "perhaps"),
        ("IMDB_COPY_CONNECTIONS", "0"),
        ("IMDB_KEEP_LOADS", "0"),
    ],
)
def test_a_value_that_cannot_be_names_its_variable(variable: str, text: str) -> None:
    with pytest.raises(PermanentError, match=rf"{variable} must be .*, found .*{text}"):
        Settings.from_environment({variable: text})


@pytest.mark.parametrize("base", ["http://host/files", "http://host/files/"])
def test_a_file_is_fetched_from_below_the_base_url(base: str) -> None:
    url = Settings(base_url=base).url_of(dataset_named("title.crew"))

    assert url == "http://host/files/title.crew.tsv.gz"
