"""The search for secrets finds one wherever it is put: tests/e2e/test_leaks.py relies on it."""

import json
import subprocess
import sys
import zlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from include.local.layout import Layout, LocalError, Secrets
from include.local.warehouse import open_warehouse
from tests.support.leaks import Search, command_lines
from tests.support.postgres import Database

CANARY = "aN-odd_word/of+the=test?~"
SEARCH = Search({"canary": CANARY})
FOUND = ["canary"]

WRITTEN: dict[str, Callable[[str], bytes]] = {
    "plain": lambda word: f"postgresql://x:{word}@127.0.0.1".encode(),
    "percent-encoded": lambda word: f"postgresql://x:{quote(word, safe='')}@h".encode(),
    "json": lambda word: json.dumps({"password": word}).encode(),
    "base64": lambda word: b"Basic " + b64encode(f"x:{word}".encode()),
    "base64, one on": lambda word: b64encode(f"xx:{word}@h".encode()),
    "base64, two on": lambda word: b64encode(f"{word}@h".encode()),
    "base64 for addresses": lambda word: urlsafe_b64encode(f"xyz:{word}".encode()),
    "hex": lambda word: b"\\x" + f"x:{word}".encode().hex().encode(),
}


@pytest.mark.parametrize("form", WRITTEN)
def test_a_secret_in_a_file_is_found(tmp_path: Path, form: str) -> None:
    log = tmp_path / "airflow" / "logs" / "attempt=1.log"
    log.parent.mkdir(parents=True)
    log.write_bytes(b"\xff\x00 before " + WRITTEN[form](CANARY) + b" after\n")
    (tmp_path / "other.log").write_bytes(WRITTEN[form](CANARY[:-1]))
    assert SEARCH.files(tmp_path) == {log.relative_to(tmp_path): FOUND}
    assert SEARCH.files(tmp_path, without=["airflow"]) == {}


def test_a_secret_in_the_name_of_a_file_is_found(tmp_path: Path) -> None:
    name = quote(CANARY, safe="")
    (tmp_path / name).touch()
    assert SEARCH.files(tmp_path) == {Path(name): FOUND}


def test_a_secret_in_a_table_is_found(database: Database) -> None:
    database.execute(
        "create table meta.probe as select %s::text as words, jsonb_build_object('k', %s) as "
        "content, %s::bytea as packed, %s::bytea as plain, array[%s] as list, 1 as number, "
        "null::text as nothing",
        CANARY, CANARY, zlib.compress(CANARY.encode()), CANARY.encode(), CANARY,
    )  # fmt: skip
    found = SEARCH.tables(database.url_of("postgres"), ["meta"])
    columns = ("words", "content", "packed", "plain", "list")
    assert found == {f"probe.{column}": FOUND for column in columns}


def test_a_secret_on_a_command_line_is_found() -> None:
    assert SEARCH.lines(command_lines()) == {}
    command = [sys.executable, "-c", "input()", CANARY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert SEARCH.lines(command_lines()) == {sys.executable: FOUND}
        process.kill()


@pytest.mark.parametrize("word", ["se/cret", "sec@ret", "sec%ret", "sec ret", "sec[ret", "5/ecret"])
def test_a_url_that_is_not_encoded_is_told_without_its_password(tmp_path: Path, word: str) -> None:
    url = f"postgresql://pipeline:{word}@127.0.0.1:1/warehouse"
    with pytest.raises(LocalError, match="WAREHOUSE_URL") as caught:
        open_warehouse(Layout(tmp_path), {"WAREHOUSE_URL": url})
    said = str(caught.value).replace("percent", "")
    assert not any(part in said for part in (word, *word.split("@"), "ecret", "cret"))


def test_the_analysts_url_is_looked_at_too(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="ANALYST_URL") as caught:
        open_warehouse(
            Layout(tmp_path),
            {
                "WAREHOUSE_URL": "postgresql://x:y@127.0.0.1:1/w",
                "ANALYST_URL": "postgresql://a:b/c@d",
            },
        )
    assert "b/c" not in str(caught.value)


def test_a_server_that_is_not_there_is_told_without_the_password(tmp_path: Path) -> None:
    url = "postgresql://pipeline:a-secret@127.0.0.1:1/warehouse"
    with pytest.raises(LocalError, match="refused") as caught:
        open_warehouse(Layout(tmp_path), {"WAREHOUSE_URL": url})
    assert "a-secret" not in str(caught.value)


def test_secrets_are_of_each_installation_and_for_its_owner(tmp_path: Path) -> None:
    made = [Secrets.of(Layout(tmp_path / name)) for name in ("one", "two")]
    words = [getattr(each, name) for each in made for name in each.__slots__]
    assert len(set(words)) == len(words) == 12
    assert min(map(len, words)) >= 32
    for name in ("one", "two"):
        assert (tmp_path / name / "secrets.json").stat().st_mode & 0o777 == 0o600
