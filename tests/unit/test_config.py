"""The seven datasets agree with the raw tables; settings say which variable is wrong."""

from dataclasses import fields
from pathlib import Path

import pytest

from imdb_pipeline.config import DATASET_NAMES, DATASETS, Dataset, Settings, dataset_named
from tests.support.postgres import Database
from warehouse.errors import PermanentError


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
        "where table_schema = 'raw' order by table_name, ordinal_position"
    ):
        assert kind == "text"
        found.setdefault(table, []).append(column)

    assert found == {dataset.table: list(dataset.table_columns) for dataset in DATASETS}


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_environment({}) == Settings()
    assert Settings.from_environment({"IMDB_READ_TIMEOUT": " ", "READ_TIMEOUT": "1"}) == Settings()


def test_every_setting_is_read_from_its_variable() -> None:
    values: dict[str, object] = {
        "base_url": "http://127.0.0.1:1/files",
        "data_dir": Path("/srv/imdb"),
        "connect_timeout": 1.5,
        "read_timeout": 2.5,
        "download_tries": 7,
        "backoff_start": 0.0,
        "backoff_limit": 4.5,
        "min_rows_share": 0.0,
        "progress_every": 6.5,
        "lock_patience": 0.0,
    }
    assert set(values) == {field.name for field in fields(Settings)}
    for name, value in values.items():
        variable = {f"IMDB_{name.upper()}": f" {value} "}
        assert getattr(Settings.from_environment(variable), name) == value


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
        ("IMDB_MIN_ROWS_SHARE", "-0.1"),
    ],
)
def test_a_value_that_cannot_be_names_its_variable(variable: str, text: str) -> None:
    with pytest.raises(PermanentError, match=rf"{variable} must be .*, found .*{text}"):
        Settings.from_environment({variable: text})


@pytest.mark.parametrize("base", ["http://host/files", "http://host/files/"])
def test_a_file_is_fetched_from_below_the_base_url(base: str) -> None:
    url = Settings(base_url=base).url_of(dataset_named("title.crew"))

    assert url == "http://host/files/title.crew.tsv.gz"
