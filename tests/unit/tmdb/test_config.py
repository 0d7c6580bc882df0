"""TMDb's settings say which variable is wrong, and where the key is looked for."""

from dataclasses import fields
from pathlib import Path

import pytest

from tmdb_pipeline.config import KINDS, TmdbSettings, contract, kind_named
from warehouse.errors import PermanentError

TOKEN = "some-token"


def test_without_any_setting_it_is_tmdb_itself_within_its_limits() -> None:
    settings = TmdbSettings.from_environment({})

    assert settings.origin == "tmdb"
    assert (settings.max_per_second, settings.max_at_once) == (30, 10)
    assert settings.keep_bodies_days <= 182


def test_every_setting_is_read_from_its_variable(tmp_path: Path) -> None:
    values = {
        setting.name: "https://api.example/3" if setting.name == "base_url" else "1"
        for setting in fields(TmdbSettings)
    }
    settings = TmdbSettings.from_environment(
        {f"TMDB_{name.upper()}": value for name, value in values.items()}
    )

    assert {name: str(getattr(settings, name)).removesuffix(".0") for name in values} == values


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("TMDB_MAX_PER_SECOND", "-1"),
        ("TMDB_MAX_PER_SECOND", "many"),
        ("TMDB_MAX_AT_ONCE", "0"),
        ("TMDB_FOLLOW_DAYS", "0"),
        ("TMDB_MAX_QUARANTINED_SHARE", "2"),
        ("TMDB_READ_TIMEOUT", "nan"),
        ("TMDB_BASE_URL", "http://api.example/3"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(variable: str, text: str) -> None:
    with pytest.raises(PermanentError, match=variable):
        TmdbSettings.from_environment({variable: text})


def test_another_address_needs_a_name() -> None:
    with pytest.raises(PermanentError, match="TMDB_SOURCE_NAME"):
        TmdbSettings.from_environment({"TMDB_BASE_URL": "http://127.0.0.1:8000/3"})


def test_the_key_comes_from_the_variable_its_file_or_a_connection(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n", "utf-8")

    assert TmdbSettings.from_environment({"TMDB_READ_TOKEN": TOKEN}).api_policy.token == TOKEN
    assert TmdbSettings.from_environment({"TMDB_READ_TOKEN_FILE": str(file)}).token == TOKEN
    assert TmdbSettings().with_token(TOKEN).token == TOKEN
    assert TmdbSettings(read_token=TOKEN).with_token("another").token == TOKEN


@pytest.mark.parametrize("token", ["", "two words", "li\nne", "ключ"])
def test_a_key_that_is_missing_or_cannot_be_sent_is_refused_unseen(token: str) -> None:
    with pytest.raises(PermanentError, match="key for TMDb") as raised:
        TmdbSettings(read_token=token).api_policy  # noqa: B018

    assert not token or token not in str(raised.value)


def test_a_key_is_in_no_text_of_the_settings(tmp_path: Path) -> None:
    settings = TmdbSettings(read_token=TOKEN)

    assert TOKEN not in f"{settings!r} {settings.api_policy!r}"
    with pytest.raises(PermanentError, match="TMDB_READ_TOKEN_FILE"):
        TmdbSettings(read_token_file=str(tmp_path / "none")).token  # noqa: B018


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_has_contracts_for_its_list_and_its_details(kind: object) -> None:
    name = getattr(kind, "name", "")

    assert kind_named(name) is kind
    for each in (name, f"list_{name}"):
        assert contract(each).breach({}) is not None


def test_an_unknown_kind_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(PermanentError, match="'film' is not a kind; they are movie, tv, person"):
        kind_named("film")
