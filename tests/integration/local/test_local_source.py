"""A command that names no source never replaces the files of another one."""

from dataclasses import replace
from pathlib import Path

import pytest

from include.local.__main__ import cli
from include.local.layout import LocalError
from include.local.options import Options
from include.local.sources.imdb import ImdbFiles
from include.local.warehouse import Warehouse
from tests.support.loads import LoadedWarehouse
from tests.support.snapshots import ORIGIN, TWO_ROWS


def test_files_of_another_source_are_replaced_only_where_a_source_is_named(
    warehouse: LoadedWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path / "local"))
    url = warehouse.database.url
    place = Warehouse(url, url, None, embedded=False)
    options = Options.of(**cli.commands["run"].make_context("run", []).params)
    ImdbFiles.chosen(options).require_loaded(place)

    warehouse.load(TWO_ROWS)
    with pytest.raises(LocalError, match=rf"are of {ORIGIN}, .* by those of sample-20000: say SOU"):
        ImdbFiles.chosen(options).require_loaded(place)
    for allowed in (replace(options, named=True), replace(options, source_name=ORIGIN)):
        ImdbFiles.chosen(allowed).require_loaded(place)
