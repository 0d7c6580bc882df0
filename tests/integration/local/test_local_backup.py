"""`make backup` and `make restore`: the history of the ratings survives, and builds continue."""

import json
import stat
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from include.local.backup import backup, restore
from include.local.layout import Layout, LocalError, Secrets, write_private
from include.local.warehouse import embedded_server, start_embedded
from tests.support.dbt_scenes import BASICS, TITLES, dbt_build, load, ratings
from tests.support.dbt_site import parsed_project
from tests.support.postgres import PASSWORD, Database
from tests.support.snapshots import RATINGS, N
from tests.support.tables import Place, difference

HISTORY = "mart_rating_history"


@pytest.fixture
def installations(tmp_path: Path) -> Iterator[list[tuple[Layout, Database]]]:
    """Two installations whose servers run; their roles have the tests' password."""
    layouts = [Layout(tmp_path / name) for name in ("one", "another")]
    made = []
    for layout in layouts:
        secrets = replace(
            Secrets.of(layout), superuser=PASSWORD, pipeline=PASSWORD, analyst=PASSWORD
        )
        write_private(layout.secrets, json.dumps(asdict(secrets)))
        start_embedded(layout)
        made.append((layout, Database(embedded_server(layout).port() or 0, "warehouse")))
    yield made
    for layout in layouts:
        embedded_server(layout).stop()


def load_day(database: Database, folder: Path, day: int) -> None:
    """Load the ratings of a day; the ledger notes the same time in every warehouse."""
    load(database, folder, RATINGS, ratings(day))
    database.execute(
        "update meta.load_log set loaded_at = timestamptz '2031-06-01' + load_id * interval '1 day'"
        " where loaded_at < '2031-01-01' or loaded_at > '2031-12-31'",
        role="pipeline",
    )


def same(one: Database, other: Database, schema: str, *tables: str) -> None:
    reports = [difference(Place(one, schema, name), Place(other, schema, name)) for name in tables]
    assert [report for report in reports if report] == []


def test_a_restored_warehouse_has_the_history_and_the_next_run_continues_it(
    installations: list[tuple[Layout, Database]], tmp_path: Path
) -> None:
    (layout, kept), (fresh, restored) = installations
    load(kept, tmp_path, BASICS, [(t, "movie", t, N, "0", "1999", N, N, N) for t in TITLES])
    load_day(kept, tmp_path, 1)
    load_day(kept, tmp_path, 2)
    site = parsed_project().on(kept)
    site.dbt("seed", "--select", "thresholds", run_id="seed")
    dbt_build(site)
    kept.execute(f"create table marts.{HISTORY} as table marts_next.{HISTORY}", role="pipeline")
    kept.execute(
        "create view marts.mine as select * from staging.stg_title_ratings", role="pipeline"
    )

    path = backup(layout)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(LocalError, match="exists already"):
        backup(layout, path)
    restore(fresh, path)

    assert restored.value(f"select count(*) from {HISTORY}", role="analyst") > len(TITLES)
    same(kept, restored, "raw", "imdb_title_ratings", "imdb_title_ratings_changes")
    same(kept, restored, "meta", "load_log")
    same(kept, restored, "marts", HISTORY)
    # A view of a user is there; the rows of staging come with the next build.
    assert restored.value("select count(*) from marts.mine", role="pipeline") == 0

    for database in (kept, restored):
        load_day(database, tmp_path, 3)
        dbt_build(parsed_project().on(database))
    same(kept, restored, "marts_next", HISTORY)
    same(kept, restored, "staging", "stg_title_ratings")


def test_a_warehouse_with_data_is_replaced_only_where_it_is_asked_for(
    installations: list[tuple[Layout, Database]], tmp_path: Path
) -> None:
    (layout, database), (other, _) = installations
    path = backup(other, tmp_path / "empty.dump")
    load(database, tmp_path, RATINGS, ratings(1))
    with pytest.raises(LocalError, match=r"has data \(1 loads\).* FORCE=1"):
        restore(layout, path)

    (tmp_path / "torn.dump").write_bytes(path.read_bytes()[:5000])
    with pytest.raises(LocalError, match="pg_restore failed"):
        restore(layout, tmp_path / "torn.dump", force=True)
    assert database.value("select count(*) from meta.load_log") == 1

    restore(layout, path, force=True)
    assert database.value("select count(*) from meta.load_log", role="analyst") == 0
    databases = database.query("select datname from pg_database where datallowconn order by 1")
    assert [name for (name,) in databases] == ["airflow", "postgres", "template1", "warehouse"]


def test_a_warehouse_of_your_own_and_a_missing_file_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(LocalError, match="there is no such file"):
        restore(Layout(tmp_path), tmp_path / "none.dump")
    monkeypatch.setenv("WAREHOUSE_URL", "postgresql://pipeline:word@db.example/warehouse")
    for refused in (lambda: backup(Layout(tmp_path)), lambda: restore(Layout(tmp_path), tmp_path)):
        with pytest.raises(LocalError, match=r"docs/operations\.md, Backups"):
            refused()
