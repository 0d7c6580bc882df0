"""Trakt's settings say which variable is wrong, and where the key is looked for."""

from dataclasses import fields
from pathlib import Path

import pytest

from trakt_pipeline.config import TraktSettings, contract
from warehouse.errors import PermanentError

KEY = "some-client-id"


def test_without_any_setting_it_is_trakt_itself_within_its_limits() -> None:
    settings = TraktSettings.from_environment({})

    assert settings.origin == "trakt"
    # Trakt allows 500 in 300 seconds.
    assert (settings.max_requests, settings.period_seconds, settings.max_at_once) == (450, 300, 4)
    assert settings.server_error_pause >= 30
    assert settings.longest_pause >= settings.ban_pause >= 300


def test_every_setting_is_read_from_its_variable() -> None:
    values = {
        setting.name: "https://trakt.example" if setting.name == "base_url" else "1"
        for setting in fields(TraktSettings)
    }
    settings = TraktSettings.from_environment(
        {f"TRAKT_{name.upper()}": value for name, value in values.items()}
    )

    assert {name: str(getattr(settings, name)).removesuffix(".0") for name in values} == values


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("TRAKT_MAX_REQUESTS", "-1"),
        ("TRAKT_PERIOD_SECONDS", "0"),
        ("TRAKT_MAX_AT_ONCE", "0"),
        ("TRAKT_FEED_PAGES", "0"),
        ("TRAKT_MAX_QUARANTINED_SHARE", "2"),
        ("TRAKT_BASE_URL", "http://trakt.example"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(variable: str, text: str) -> None:
    with pytest.raises(PermanentError, match=variable):
        TraktSettings.from_environment({variable: text})


def test_another_address_needs_a_name() -> None:
    with pytest.raises(PermanentError, match="TRAKT_SOURCE_NAME"):
        TraktSettings.from_environment({"TRAKT_BASE_URL": "http://127.0.0.1:8000"})


def test_the_key_comes_from_the_variable_its_file_or_a_connection(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n", "utf-8")

    settings = TraktSettings.from_environment({"TRAKT_CLIENT_ID": KEY})
    assert settings.api_policy.headers["trakt-api-key"] == KEY
    assert settings.api_policy.token == ""
    assert TraktSettings.from_environment({"TRAKT_CLIENT_ID_FILE": str(file)}).key == KEY
    assert TraktSettings().with_key(f"{KEY} ").key == KEY
    assert TraktSettings(client_id=KEY).with_key("another").key == KEY


@pytest.mark.parametrize("key", ["", "two words", "li\nne", "ключ"])
def test_a_key_that_is_missing_or_cannot_be_sent_is_refused_unseen(key: str) -> None:
    with pytest.raises(PermanentError, match="key for Trakt") as raised:
        TraktSettings(client_id=key).api_policy  # noqa: B018

    assert not key or key not in str(raised.value)


def test_keys_are_in_no_text_of_the_settings(tmp_path: Path) -> None:
    settings = TraktSettings(client_id=KEY, user_key="of-users")

    assert KEY not in f"{settings!r} {settings.api_policy!r}"
    assert "of-users" not in repr(settings)
    with pytest.raises(PermanentError, match="TRAKT_CLIENT_ID_FILE"):
        TraktSettings(client_id_file=str(tmp_path / "none")).key  # noqa: B018


@pytest.mark.parametrize(
    "name", ["comment", "feed_entry", "title", "list_entry", "seasons", "ratings", "stats"]
)
def test_each_kind_of_answer_has_a_contract(name: str) -> None:
    assert contract(name).breach("nothing") is not None


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        ("movie", {"show": {"ids": {"trakt": 1}}}),
        ("show", {"movie": {"ids": {"trakt": 1}}}),
        ("season", {"show": {"ids": {"trakt": 1}}}),
        ("episode", {"episode": {"season": 1, "number": 1}}),
        ("person", {}),
    ],
)
def test_an_entry_of_a_feed_names_what_its_comment_is_about(
    kind: str, missing: dict[str, object]
) -> None:
    found = contract("feed_entry").breach({"type": kind, "comment": {}} | missing)

    assert found is not None
    assert contract("feed_entry").breach({"type": "list", "comment": {}}) is None
