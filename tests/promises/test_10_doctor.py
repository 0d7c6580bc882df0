"""`make doctor`: each fault is caused for real, and the report names it with what to do."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import cursor as Cursor

from include.local import doctor as doctors
from include.local.bootstrap import LOCK, Environment, stamp_of
from include.local.checks import answers, contents, installation, machine, warehouse
from include.local.checks.diagnosis import FAIL, OK, WARN, Diagnosis, guarded
from include.local.layout import REPOSITORY, Layout, Secrets, write_private
from include.local.postgres import GIGABYTE, shared_home
from include.local.processes import Processes
from include.local.warehouse import Warehouse as Urls
from include.local.warehouse import embedded_server, start_embedded
from tests.support.loads import LoadedWarehouse
from tests.support.postgres import PASSWORD, Cluster, Database
from tests.support.snapshots import TWO_ROWS

WAIT = "import signal, sys; print(flush=True); signal.pause()"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """An installation in which nothing was started yet."""
    layout = Layout(tmp_path / "local")
    layout.make()
    layout.root.chmod(0o755)
    Secrets.of(layout)
    return layout


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    """An installation with its server."""
    layout = Layout(tmp_path_factory.mktemp("doctor") / "local")
    start_embedded(layout)
    yield layout
    embedded_server(layout).stop()


@pytest.fixture
def owner(database: Database) -> Iterator[Cursor]:
    """A superuser in a transaction that is rolled back."""
    with database.session("postgres") as session, session.cursor() as cursor:
        yield cursor


@contextlib.contextmanager
def running(program: Path, cwd: Path, **env: str) -> Iterator[int]:
    """A process that waits until the end of the block; yield its pid."""
    with subprocess.Popen(
        [str(program), "-S", "-c", WAIT], stdout=subprocess.PIPE, cwd=cwd, env={**os.environ, **env}
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process.pid
        finally:
            process.kill()


def only(found: Iterable[Diagnosis], level: str, *words: object) -> Diagnosis:
    """The one diagnosis, which has `level` and contains `words`."""
    (diagnosis,) = found
    assert diagnosis.level == level, diagnosis
    for word in words:
        assert str(word) in diagnosis.found, diagnosis
    assert bool(diagnosis.do) is (level != OK)
    return diagnosis


def tree(root: Path) -> dict[str, int]:
    """Every file of an installation but the server's own, with the time it was written."""
    return {
        str(path): path.stat().st_mtime_ns
        for path in sorted(root.rglob("*"))
        if path.is_file() and root / "postgres" not in path.parents
    }


# The machine and the installation


def test_little_memory_is_a_warning() -> None:
    only(machine.memory(8 * GIGABYTE, 6 * GIGABYTE), OK)
    only(machine.memory(2 * GIGABYTE, 2 * GIGABYTE), WARN, "2.1 GB")
    only(machine.memory(8 * GIGABYTE, GIGABYTE // 2), WARN, "0.5 GB of it available")


def test_a_disk_needs_room_for_a_full_build_of_the_files_here(layout: Layout) -> None:
    with (layout.data / "title.ratings.tsv.gz").open("wb") as file:
        file.truncate(GIGABYTE)
    needed = machine.DISK_FACTOR * GIGABYTE
    only(machine.disk(layout, needed), OK)
    only(machine.disk(layout, needed - 1), WARN)
    only(machine.disk(layout, GIGABYTE // 4), FAIL)


def test_an_environment_that_was_moved_or_is_of_other_packages_is_a_failure(
    tmp_path: Path,
) -> None:
    assert list(installation.environment()) == []
    made, moved = Environment(REPOSITORY / ".venv", LOCK), Environment(tmp_path / "env", LOCK)
    moved.python.parent.mkdir(parents=True)
    moved.python.symlink_to(sys.executable)
    for name in ("airflow", "dbt"):
        (moved.folder / "bin" / name).write_text((made.folder / "bin" / name).read_text())
    moved.stamp.write_text(stamp_of(LOCK))
    only(installation.environment(moved.folder), FAIL, "was moved: airflow starts with #!")
    moved.stamp.write_text("of other packages")
    only(installation.environment(moved.folder), FAIL, "is not of this requirements.txt")
    only(installation.environment(tmp_path / "none"), FAIL, "was not made")


def test_sizes_of_folders_and_schemas_are_shown(layout: Layout, database: Database) -> None:
    layout.backups.mkdir()
    with (layout.backups / "one.dump").open("wb") as file:
        file.truncate(2 * 10**9)
    only(installation.sizes(layout), OK, "logs 0.0 MB", "backups 2.0 GB")
    database.execute(
        "create table raw.big as select repeat('x', 1000) from generate_series(1, 9000)"
    )
    with warehouse.reading(database.url) as cursor:
        found = only(warehouse.sizes(cursor, database.url_of("analyst")), OK, "Airflow's metadata ")
    assert found.found.startswith("raw 11.")


@pytest.mark.parametrize(
    ("name", "mode"), [("secrets.json", 0o640), ("warehouse.env", 0o604), ("", 0o777)]
)
def test_passwords_that_others_can_read_or_replace_are_a_failure(
    layout: Layout, name: str, mode: int
) -> None:
    write_private(layout.warehouse_env, "")
    assert list(installation.rights(layout)) == []
    path = layout.root / name
    path.chmod(mode)
    assert "chmod" in str(only(installation.rights(layout), FAIL, path, f"{mode:o}").do)


def test_a_process_that_make_down_does_not_know_is_a_warning(layout: Layout) -> None:
    home = str(layout.airflow)
    with running(Path(sys.executable), layout.root, AIRFLOW_HOME=home) as pid:
        found = only(installation.orphans(layout), WARN, f"process {pid} ")
        assert f"kill {pid}" in str(found.do)
    with running(Path(sys.executable), layout.root, AIRFLOW_HOME=f"{home}2"):
        assert list(installation.orphans(layout)) == []


def test_a_recorded_process_is_no_orphan(layout: Layout) -> None:
    started = Processes(layout.pids)
    process = started.start(
        "triggerer",
        [sys.executable, "-c", WAIT],
        env={"AIRFLOW_HOME": str(layout.airflow)},
        log=layout.logs / "log",
        cwd=layout.root,
    )
    try:
        assert list(installation.orphans(layout)) == []
    finally:
        started.stop()
        process.wait()


def test_a_server_process_without_its_postmaster_is_a_warning(
    layout: Layout, tmp_path: Path
) -> None:
    data = layout.postgres / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").touch()
    (tmp_path / "postgres").symlink_to(sys.executable)
    with running(tmp_path / "postgres", data) as pid:
        only(installation.orphans(layout), WARN, f"process {pid} (postgres")


def test_a_stopped_or_killed_server_is_a_warning_and_is_not_started(whole: Layout) -> None:
    server = embedded_server(whole)
    only(installation.server(whole), OK, f"port {server.port()}")
    record = server.data / "postmaster.pid"
    recorded = record.read_text()
    server.stop()
    try:
        before = tree(whole.root)
        found = list(doctors.examine({"LOCAL_DIR": str(whole.root)}))
        assert [each for each in found if each.level == FAIL] == []
        only([each for each in found if each.subject == "server"], WARN, "stopped")
        assert tree(whole.root) == before
        record.write_text(recorded)  # a kill leaves it
        only(installation.server(whole), WARN, "ended without a stop")
    finally:
        start_embedded(whole)


def test_lost_passwords_of_a_server_are_a_failure(whole: Layout) -> None:
    kept = whole.secrets.read_text()
    try:
        whole.secrets.write_text("{}")
        only(installation.rights(whole), FAIL, "secrets.json")
    finally:
        whole.secrets.write_text(kept)


def test_a_server_in_a_folder_of_its_account_is_found(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "local")
    version = shared_home(layout.postgres) / "data" / "PG_VERSION"
    version.parent.mkdir(parents=True)
    try:
        version.touch()
        assert installation.cluster(layout) == version.parent
    finally:
        version.unlink()
        version.parent.rmdir()
        version.parent.parent.rmdir()


# The warehouse


def test_the_doctor_cannot_write(database: Database) -> None:
    with (
        warehouse.reading(database.url_of("postgres")) as cursor,
        pytest.raises(psycopg2.errors.ReadOnlySqlTransaction),
    ):
        cursor.execute("create table raw.mine (x int)")


def test_a_password_that_is_not_the_servers_is_a_failure(database: Database) -> None:
    urls = Urls(database.url, database.url_of("analyst"), None, embedded=True)
    assert [each.level for each in warehouse.reach(urls)] == [OK, OK]
    wrong = replace(urls, analyst_url=database.url_of("analyst", "wrong-word"))
    pipeline, analyst = warehouse.reach(wrong)
    assert (pipeline.level, analyst.level) == (OK, FAIL)
    assert "wrong-word" not in analyst.found
    _, analyst = warehouse.reach(replace(urls, analyst_url=database.url))
    assert (analyst.level, analyst.found) == (WARN, "ANALYST_URL gets in as pipeline")


def test_an_encoding_without_all_characters_is_a_failure(postgres: Cluster, owner: Cursor) -> None:
    owner.connection.autocommit = True
    owner.execute(
        "create database ascii encoding 'SQL_ASCII' template template0 locale 'C' "
        "locale_provider libc"
    )
    try:
        with warehouse.reading(Database(postgres.port, "ascii").url_of("postgres")) as cursor:
            encoding, _ = warehouse.server(cursor)
            only([encoding], FAIL, "SQL_ASCII")
    finally:
        owner.execute("drop database ascii with (force)")


def test_another_include_sql_is_a_warning(whole: Layout, owner: Cursor) -> None:
    only(warehouse.server(owner), WARN, "not known")
    with (
        contextlib.closing(embedded_server(whole).connect("warehouse")) as session,
        session.cursor() as cursor,
    ):
        assert list(warehouse.server(cursor)) == []
        cursor.execute("comment on schema meta is 'The ledger. include/sql: of another day'")
        only(warehouse.server(cursor), WARN, "another include/sql")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("alter role pipeline superuser", "pipeline is superuser"),
        ("alter role analyst createdb", "analyst is createdb"),
        ("grant pipeline to analyst", "the analyst can become pipeline"),
        ("grant create on schema marts to analyst", "can create in schema marts"),
        ("grant insert on meta.load_log to public", "can write to meta.load_log"),
        ("grant usage on schema raw to analyst", "can read in schema raw"),
        ("alter role analyst rename to another", "no role analyst"),
    ],
)
def test_a_role_with_rights_that_it_does_not_need_is_a_failure(
    owner: Cursor, fault: str, said: str
) -> None:
    assert list(warehouse.roles(owner)) == []
    owner.execute(fault)
    assert said in next(warehouse.roles(owner)).found


# The data


def test_raw_tables_without_the_rows_of_their_last_load_are_a_failure(
    warehouse: LoadedWarehouse,
) -> None:
    warehouse.load(TWO_ROWS)
    with warehouse.database.session("postgres") as session, session.cursor() as cursor:
        assert list(contents.ledger(cursor, full=True)) == []
        cursor.execute("insert into raw.imdb_title_ratings values ('tt1')")
        assert list(contents.ledger(cursor)) == []
        only(contents.ledger(cursor, full=True), FAIL, "has 3 rows, its last load 2")
        cursor.execute("truncate raw.imdb_title_ratings")
        only(contents.ledger(cursor), FAIL, "raw.imdb_title_ratings has 0 rows")
        cursor.execute("drop table raw.imdb_title_ratings")
        found = only(contents.ledger(cursor), FAIL, "raw.imdb_title_ratings does not exist")
        assert "DATASETS=title.ratings" in str(found.do)


def test_answers_that_are_lost_failing_or_refused_are_named(owner: Cursor) -> None:
    assert list(answers.answers(owner)) == []
    owner.execute(
        """
        insert into raw.tmdb_items (
            media_type, id, first_seen_at, due_since, due_reason, tries, tried_at, last_error
        ) values ('movie', 1, now(), '2031-01-02', 'list', 3, now(), 'movie/1: status 500')
        """
    )
    only(answers.answers(owner), WARN, "movie: 1 things could not be had, since 2031-01-02")
    owner.execute("delete from raw.tmdb_items")
    owner.execute(
        """
        with batch as (
            insert into meta.api_batch_log (source, dataset, dag_id, run_id, origin)
            values ('tmdb', 'shows', 'tmdb_pipeline', 'run', 'sample') returning batch_id
        )
        insert into raw.quarantine (
            source, dataset, item_key, path, rule, raw_data, batch_id, ingested_at
        ) select 'tmdb', 'shows', '7', 'id', 'required', '{}', batch_id, now() from batch
        """
    )
    only(answers.answers(owner), WARN, "shows: 1 items of the last batch broke their contract")
    owner.execute("delete from raw.quarantine")
    owner.execute("drop table raw.tmdb_people cascade")
    owner.execute(
        "insert into meta.load_log (source, dataset, origin, rows, rows_inserted, rows_updated, "
        "rows_deleted, seconds, dag_id, run_id, method) "
        "values ('tmdb', 'people', 'sample', 5, 5, 0, 0, 1, 'tmdb_pipeline', 'run', 'append')"
    )
    found = only(answers.answers(owner), FAIL, "raw.tmdb_people does not exist")
    assert "PIPELINES=tmdb KINDS=person" in str(found.do)


def test_marts_that_are_not_those_of_the_publish_log_are_a_failure(owner: Cursor) -> None:
    def published(load_id: int, action: str = "publish") -> None:
        owner.execute(
            "insert into meta.publish_log "
            "(source, dag_id, run_id, project_sha256, load_id, action, marts) "
            "values ('imdb', 'imdb_pipeline', 'run', 'x', %s, %s, '{mart_one}')",
            (load_id, action),
        )

    published(0)
    only(contents.marts(owner), FAIL, "imdb: mart_one published, but missing")
    owner.execute("create table marts.mart_one (x int)")
    only(contents.marts(owner), OK, "imdb: published at")
    published(0, "rollback")
    only(contents.marts(owner), WARN, "rolled back")
    published(99)
    only(contents.marts(owner), FAIL, "made from load 99, but the ledger ends with load 0")


def test_a_service_level_with_little_budget_left_is_a_warning(owner: Cursor) -> None:
    assert list(contents.service_levels(owner)) == []
    owner.execute(
        "insert into meta.slo_measurement values "
        "('toy', 'validity', '2031-06-02', 'items', 0.99, 1000, 1000, '2031-06-03 UTC'), "
        "('quiet', 'validity', '2031-06-02', 'items', 0.99, 1000, 1000, '2031-06-03 UTC')"
    )
    assert [each.level for each in contents.service_levels(owner)] == [OK, OK]
    owner.execute("update meta.slo_measurement set good = 900 where source = 'toy'")
    first, second, third = contents.service_levels(owner)
    assert (first.level, first.found) == (OK, "quiet: validity as promised")
    assert (second.level, third.level) == (WARN, WARN)
    assert second.found.startswith("toy: validity exhausted: 90 % of 99 %")
    assert third.found == "toy: backfills pause"


def test_the_newest_run_of_each_dag_is_judged(owner: Cursor) -> None:
    def ran(dag_id: str, state: str, days: int, failed: list[str]) -> None:
        owner.execute(
            "insert into meta.run_log (dag_id, run_id, state, started_at, finished_at, summary) "
            "select %s, %s, %s, at, at, %s from (select clock_timestamp() - %s as at) as finished",
            (dag_id, f"run {days}", state, json.dumps({"failed_tasks": failed}),
             timedelta(days=days)),
        )  # fmt: skip

    ran("imdb_pipeline", "failed", 9, ["load.title_crew"])
    only(contents.last_runs(owner), FAIL, "run 9 failed, 9 days ago: load.title_crew")
    ran("imdb_pipeline", "success", 3, [])
    only(contents.last_runs(owner), WARN, "run 3 success, 3 days ago")
    ran("imdb_pipeline", "success", 0, [])
    ran("another", "failed", 0, ["load"])
    found = list(contents.last_runs(owner))
    assert [(each.level, each.found.split(":")[0]) for each in found] == [
        (FAIL, "another"),
        (OK, "imdb_pipeline"),
    ]


# The whole report


def test_a_healthy_installation_has_no_failure_and_nothing_is_changed(
    whole: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(whole.root)
    code = doctors.doctor({"LOCAL_DIR": str(whole.root)}, full=True)
    said = capsys.readouterr().out
    assert (code, FAIL in said) == (0, False), said
    assert tree(whole.root) == before
    assert not [word for word in asdict(Secrets.of(whole)).values() if word in said]


def test_a_check_that_fails_is_a_diagnosis() -> None:
    def broken() -> Iterator[Diagnosis]:
        yield Diagnosis(OK, "x", "looked at")
        raise KeyError("what")

    first, second = guarded("x", broken)
    assert (first.level, second.level) == (OK, FAIL)
    assert "KeyError: 'what'" in second.found


def test_without_an_installation_none_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctors.doctor({"LOCAL_DIR": str(tmp_path / "none")}) == 0
    assert "make run makes it" in capsys.readouterr().out
    assert not (tmp_path / "none").exists()


def test_a_folder_with_other_files_is_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.tex").touch()
    assert doctors.doctor({"LOCAL_DIR": str(tmp_path)}) == 1
    assert "no installation of this project" in capsys.readouterr().out


def test_your_own_postgres_is_examined_without_an_installation(
    database: Database, tmp_path: Path
) -> None:
    found = list(
        doctors.examine(
            {
                "LOCAL_DIR": str(tmp_path / "none"),
                "WAREHOUSE_URL": database.url,
                "ANALYST_URL": database.url_of("analyst"),
            },
            full=True,
        )
    )
    assert [each for each in found if each.level == FAIL] == []
    assert {"pipeline", "roles", "ledger", "last run"} <= {each.subject for each in found}
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("wrong", ["password", "port", "nonsense"])
def test_a_warehouse_that_cannot_be_reached_is_a_failure_without_its_password(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: str
) -> None:
    url = {
        "password": database.url_of("pipeline", "not-the-password"),
        "port": f"postgresql://pipeline:{PASSWORD}@127.0.0.1:1/warehouse",
        "nonsense": f"postgresql://pipeline:{PASSWORD}@[/warehouse",
    }[wrong]
    assert doctors.doctor({"LOCAL_DIR": str(tmp_path / "none"), "WAREHOUSE_URL": url}) == 1
    said = capsys.readouterr().out
    assert "FAIL  pipeline" in said
    assert "Traceback" not in said
    assert PASSWORD not in said
    assert "not-the-password" not in said


def test_a_diagnosis_is_a_line_and_what_to_do() -> None:
    assert Diagnosis(OK, "disk", "room").lines() == ["ok    disk          room"]
    assert Diagnosis(FAIL, "disk", "full", "free some").lines() == [
        "FAIL  disk          full",
        "      do: free some",
    ]
