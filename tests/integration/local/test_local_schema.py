"""`make schema` and `make psql` on a Postgres of one's own."""

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from include.local.programs import psql_program
from include.local.warehouse import set_password
from tests.support.postgres import PASSWORD, Cluster, Database

ROOT = Path(__file__).parents[3]


def local(verb: str, tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a verb as the Makefile does, with its passwords in the environment."""
    return subprocess.run(
        [sys.executable, "-m", "include.local", verb],
        cwd=ROOT,
        env={**os.environ, "LOCAL_DIR": str(tmp_path / "local"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_empty_database_becomes_a_warehouse_with_the_roles_passwords(
    postgres: Cluster, tmp_path: Path
) -> None:
    with postgres.database(template="template0") as blank:
        done = local(
            "schema",
            tmp_path,
            WAREHOUSE_URL=blank.url_of("postgres"),
            PIPELINE_PASSWORD=PASSWORD,
            ANALYST_PASSWORD=PASSWORD,
        )
        assert done.returncode == 0, done.stderr
        assert PASSWORD not in done.stdout + done.stderr
        blank.execute("create table raw.mine (x int)", role="pipeline")
        assert blank.query("select * from load_log", role="analyst") == []
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            blank.query("select * from raw.mine", role="analyst")
        blank.execute("create role stranger login password 'strange'")
        try:
            with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
                psycopg2.connect(blank.url_of("stranger", "strange"))
        finally:
            blank.execute("drop role stranger")


def test_the_container_gives_the_roles_their_passwords_and_closes_its_other_databases(
    postgres: Cluster, database: Database
) -> None:
    program = psql_program()
    if program is None:
        pytest.skip("there is no psql")
    done = subprocess.run(
        ["sh", str(ROOT / "include" / "sql" / "container.sh")],
        env={
            "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
            "SQL_FOLDER": str(ROOT / "include" / "sql"),
            "PGHOST": "127.0.0.1",
            "PGPORT": str(database.port),
            "PGPASSWORD": PASSWORD,
            "POSTGRES_USER": "postgres",
            "POSTGRES_DB": database.name,
            "PIPELINE_PASSWORD": "it's $new",
            "ANALYST_PASSWORD": PASSWORD,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        assert done.returncode == 0, done.stderr
        with closing(psycopg2.connect(database.url_of("pipeline", "it%27s%20$new"))):
            pass
        for name in ("postgres", "template1"):
            other = Database(database.port, name)
            with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
                psycopg2.connect(other.url_of("analyst"))
    finally:
        with database.session("postgres") as session:
            set_password(session, "pipeline", PASSWORD)


def test_variables_for_other_servers_do_not_reach_the_embedded_one(tmp_path: Path) -> None:
    others = {
        "PGSERVICE": "other", "PGHOST": "nowhere", "PGSSLMODE": "require", "PGUSER": "other",
        "PGOPTIONS": "-c search_path=other", "PGCLIENTENCODING": "LATIN5", "WAREHOUSE_URL": "",
    }  # fmt: skip
    asked = "select current_user, current_setting('client_encoding'), to_regclass('load_log')"
    try:
        done = local("psql", tmp_path, SQL=asked, **others)
        assert done.returncode == 0, done.stderr
        words = done.stdout.split("\n")[2].split(" | ")
        assert [word.strip() for word in words] == ["analyst", "UTF8", "load_log"]
        # The server was started in that shell, and keeps none of it for others.
        url = (tmp_path / "local" / "warehouse.env").read_text().split("ANALYST_URL=")[1].strip()
        with closing(psycopg2.connect(url)) as session, session.cursor() as cursor:
            cursor.execute("show client_encoding")
            assert cursor.fetchone() == ("UTF8",)
    finally:
        assert "the warehouse" in local("down", tmp_path).stdout


def test_the_prompt_is_never_the_pipelines(database: Database, tmp_path: Path) -> None:
    done = local("psql", tmp_path, WAREHOUSE_URL=database.url, ANALYST_URL="", SQL="select 1")
    assert done.returncode == 1
    assert "set ANALYST_URL" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can take another user id")
def test_a_user_id_without_a_name_runs_the_warehouse_or_says_what_to_do() -> None:
    folder = Path(tempfile.mkdtemp())  # its parents are open to every user
    try:
        os.chown(folder, 23456, 23456)
        as_other = ["setpriv", "--reuid=23456", "--regid=23456", "--clear-groups"]
        command = [*as_other, sys.executable, "-m", "include.local"]
        variables = {"LOCAL_DIR": str(folder / "local"), "SQL": "select 'works'"}
        kept = {"PATH": os.environ["PATH"], **variables}

        def run(*words: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                words, cwd=ROOT, env=kept, capture_output=True, text=True, check=False
            )

        done = run(*command, "psql")
        if run(*as_other, "unshare", "--user", "true").returncode == 0:
            assert "works" in done.stdout, done.stderr
        else:
            assert "no line in /etc/passwd" in done.stderr
        assert run(*command, "down").returncode == 0
    finally:
        shutil.rmtree(folder)
