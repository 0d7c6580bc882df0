"""The embedded server: made, started, stopped, killed, two at once; its warehouse and roles."""

import contextlib
import hashlib
import os
import signal
import socket
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import gettempdir

import psutil
import psycopg2
import pytest

from include.local.layout import Layout, LocalError, Secrets
from include.local.postgres import EmbeddedPostgres, server_settings
from include.local.programs import Account, find_programs
from include.local.warehouse import Warehouse, embedded_server, open_warehouse, start_embedded

GIGABYTE = 1024**3


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    """An installation whose path has a space, its server stopped at the end."""
    layout = Layout(tmp_path_factory.mktemp("local") / "with space")
    yield layout
    if layout.postgres.exists():
        embedded_server(layout).stop()


@pytest.fixture
def warehouse(layout: Layout) -> Warehouse:
    """Its warehouse, up."""
    return start_embedded(layout)


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    with contextlib.closing(psycopg2.connect(url)) as session, session.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def postmaster(server: EmbeddedPostgres) -> int:
    return int((server.data / "postmaster.pid").read_text().splitlines()[0])


def test_only_loopback_is_listened_on(layout: Layout, warehouse: Warehouse) -> None:
    server = embedded_server(layout)
    process = psutil.Process(postmaster(server))
    assert {c.laddr.ip for c in process.net_connections("all") if c.status == "LISTEN"} == {
        "127.0.0.1"
    }


def test_a_password_is_needed(layout: Layout, warehouse: Warehouse) -> None:
    for role in ("postgres", "pipeline", "analyst"):
        with pytest.raises(psycopg2.OperationalError, match="password"):
            psycopg2.connect(
                host="127.0.0.1",
                port=embedded_server(layout).port(),
                user=role,
                password="guessed",
                dbname="warehouse",
            )


def test_no_secret_is_readable_by_others_or_in_the_log(
    layout: Layout, warehouse: Warehouse
) -> None:
    for path in (layout.warehouse_env, layout.root / "secrets.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    said = embedded_server(layout).log.read_text()
    secrets = Secrets.of(layout)
    assert not any(word in said for word in (secrets.superuser, secrets.pipeline, secrets.analyst))


def test_the_env_file_has_urls_that_work(layout: Layout, warehouse: Warehouse) -> None:
    urls = dict(line.split("=", 1) for line in layout.warehouse_env.read_text().split())
    assert query(urls["WAREHOUSE_URL"], "select current_user") == [("pipeline",)]
    assert query(urls["ANALYST_URL"], "select current_user") == [("analyst",)]


def test_the_analyst_reads_marts_and_meta_and_nothing_else(warehouse: Warehouse) -> None:
    with contextlib.closing(psycopg2.connect(warehouse.url)) as session, session:
        session.cursor().execute("create table if not exists marts.probe as select 7 as n")
    assert query(warehouse.analyst_url, "select n from probe") == [(7,)]
    assert query(warehouse.analyst_url, "select count(*) from load_log") == [(0,)]
    for refused in ("select * from raw.imdb_title_basics", "delete from marts.probe"):
        with pytest.raises(psycopg2.Error, match=r"permission denied|read-only"):
            query(warehouse.analyst_url, refused)


def test_each_role_gets_into_its_own_database_only(layout: Layout, warehouse: Warehouse) -> None:
    secrets = Secrets.of(layout)
    with contextlib.closing(embedded_server(layout).connect()) as session, session.cursor() as cur:
        cur.execute("select datname from pg_database where datallowconn order by 1")
        databases = [name for (name,) in cur.fetchall()]
    assert databases == ["airflow", "postgres", "template1", "warehouse"]
    own = {"pipeline": "warehouse", "analyst": "warehouse", "airflow": "airflow"}
    for role, home in own.items():
        for database in databases:
            url = warehouse.url.replace("/warehouse", f"/{database}")
            url = url.replace(f"pipeline:{secrets.pipeline}", f"{role}:{getattr(secrets, role)}")
            if database == home:
                assert query(url, "select current_user") == [(role,)]
                continue
            with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
                psycopg2.connect(url)


def test_data_and_port_survive_a_restart(layout: Layout, warehouse: Warehouse) -> None:
    server = embedded_server(layout)
    port = server.port()
    with contextlib.closing(psycopg2.connect(warehouse.url)) as session, session:
        session.cursor().execute("create table raw.kept as select 1 as n")
    assert server.stop()
    assert server.port() is None
    assert not server.stop()
    again = start_embedded(layout)
    assert server.port() == port
    assert query(again.url, "select n from raw.kept") == [(1,)]


def test_a_killed_server_starts_again_with_what_was_committed(
    layout: Layout, warehouse: Warehouse
) -> None:
    server = embedded_server(layout)
    with contextlib.closing(psycopg2.connect(warehouse.url)) as session, session:
        session.cursor().execute("create table raw.committed as select 2 as n")
    killed = postmaster(server)
    os.kill(killed, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(killed)] if psutil.pid_exists(killed) else [], timeout=10)
    assert query(start_embedded(layout).url, "select n from raw.committed") == [(2,)]


def test_a_pid_file_with_the_number_of_another_process_does_not_prevent_the_start(
    layout: Layout, warehouse: Warehouse
) -> None:
    server = embedded_server(layout)
    server.stop()
    # As after a reboot or in a new container: another process has the number, here the test.
    (server.data / "postmaster.pid").write_text(
        f"{os.getpid()}\n{server.data}\n1700000000\n{1}\n\n127.0.0.1\n"
    )
    assert server.port() is None
    assert query(start_embedded(layout).url, "select 1") == [(1,)]


def test_a_port_that_is_in_use_is_replaced(layout: Layout, warehouse: Warehouse) -> None:
    server = embedded_server(layout)
    port = server.port()
    server.stop()
    with socket.create_server(("127.0.0.1", port or 0)):
        moved = start_embedded(layout)
        assert server.port() not in (None, port)
        assert query(moved.url, "select 1") == [(1,)]
        assert str(server.port()) in layout.warehouse_env.read_text()


def test_two_installations_start_at_once_and_share_nothing(tmp_path: Path) -> None:
    layouts = [Layout(tmp_path / name) for name in ("one", "two")]
    try:
        with ThreadPoolExecutor() as pool:
            first, second = pool.map(start_embedded, layouts)
        assert first.url != second.url
        with contextlib.closing(psycopg2.connect(first.url)) as session, session:
            session.cursor().execute("create table raw.mine as select 1")
        assert query(second.url, "select to_regclass('raw.mine')") == [(None,)]
    finally:
        for layout in layouts:
            embedded_server(layout).stop()


def test_a_warehouse_without_schemas_is_refused_with_what_to_do(
    layout: Layout, warehouse: Warehouse
) -> None:
    other = warehouse.metadata_url or ""
    with pytest.raises(LocalError, match="make schema"):
        open_warehouse(layout, {"WAREHOUSE_URL": other})
    with pytest.raises(LocalError, match="WAREHOUSE_URL"):
        open_warehouse(layout, {"WAREHOUSE_URL": warehouse.url.replace("pipeline:", "pipeline:x")})


def test_your_own_warehouse_is_used_as_it_is(layout: Layout, warehouse: Warehouse) -> None:
    found = open_warehouse(layout, {"WAREHOUSE_URL": warehouse.url})
    assert (found.url, found.metadata_url, found.embedded) == (warehouse.url, None, False)
    assert found.parts["WAREHOUSE_USER"] == "pipeline"
    assert found.parts["WAREHOUSE_PASSWORD"] in found.url
    assert "WAREHOUSE_SSLMODE" not in found.parts
    preferred = open_warehouse(layout, {"WAREHOUSE_URL": f"{warehouse.url}?sslmode=disable"})
    assert preferred.parts["WAREHOUSE_SSLMODE"] == "disable"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_without_user_namespaces_root_runs_it_as_another_user(tmp_path: Path) -> None:
    nobody = Account(user=65534, group=65534)
    programs = find_programs(accounts=[nobody])
    # The test's folder is root's alone, as a home is: the data must go where the user can reach.
    server = EmbeddedPostgres(tmp_path / "postgres", "secret-word", programs=programs)
    try:
        server.start()
        assert psutil.Process(postmaster(server)).uids().real == 65534
        with contextlib.closing(server.connect()) as session, session.cursor() as cursor:
            cursor.execute("select 1")
    finally:
        server.stop()
        if server.data.parent != tmp_path / "postgres":
            import shutil

            shutil.rmtree(server.data.parent)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_link_in_the_place_of_the_data_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    programs = find_programs(accounts=[Account(user=65534, group=65534)])
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    waiting = Path(gettempdir()) / f"warehouse-{os.geteuid()}-{name}"
    goal = tmp_path / "of-root"
    goal.mkdir()
    waiting.symlink_to(goal, target_is_directory=True)
    try:
        with pytest.raises(LocalError, match="belongs to another user"):
            EmbeddedPostgres(folder, "secret-word", programs=programs)
        assert goal.stat().st_uid == os.geteuid()
    finally:
        waiting.unlink()


def test_programs_that_do_not_run_are_named(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="WAREHOUSE_URL") as caught:
        find_programs(folders=[tmp_path / "nothing"])
    assert str(tmp_path / "nothing") in str(caught.value)


@pytest.mark.parametrize("memory", [GIGABYTE, 512 * GIGABYTE])
def test_settings_fit_small_and_large_machines(memory: int) -> None:
    lines = dict(
        line.split(" = ", 1) for line in server_settings(memory, 64 * 1024**2, 18).splitlines()
    )
    buffers = int(lines["shared_buffers"].strip("'MB"))
    assert 128 <= buffers <= 1024
    assert lines["dynamic_shared_memory_type"] == "'mmap'"
    assert lines["scram_iterations"] == "1"
    assert "scram_iterations" not in server_settings(memory, 2 * GIGABYTE, 15)
    assert "dynamic_shared_memory_type" not in server_settings(memory, 2 * GIGABYTE, 18)
